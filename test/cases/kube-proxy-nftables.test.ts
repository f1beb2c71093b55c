import { expect, test } from "vitest";
import { configuredRulesText } from "../../src/models/proxy/configured-rules.js";
import { describeWith, needs } from "../support/requires.js";
import { proxyCases } from "./proxy-cases.js";

describeWith("recorded nftables cases", [needs.shared], () => {
  const cases = proxyCases("nftables");

  test("there are five", () => {
    expect(cases).toHaveLength(5);
  });

  for (const { name, config, objects, expected } of cases) {
    test(`${name}: canonical form, byte for byte`, () => {
      expect(configuredRulesText("nftables", "sorted", config, objects)).toBe(expected);
      expect(configuredRulesText("nftables", "payload", config, objects)).toBe(expected);
    });
  }
});
