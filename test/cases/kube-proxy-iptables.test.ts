import { expect, test } from "vitest";
import { configuredRulesText } from "../../src/models/proxy/configured-rules.js";
import { describeWith, needs } from "../support/requires.js";
import { proxyCases } from "./proxy-cases.js";

describeWith("recorded iptables cases", [needs.shared], () => {
  const cases = proxyCases("iptables");

  test("there are eight", () => {
    expect(cases).toHaveLength(8);
  });

  for (const { name, config, objects, expected } of cases) {
    test(`${name}: sorted form, byte for byte`, () => {
      expect(configuredRulesText("iptables", "sorted", config, objects)).toBe(expected);
    });
  }
});
