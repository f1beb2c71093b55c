import { describe, expect, test } from "vitest";
import { flowsOfConfig } from "../../src/ask/rules-flows.js";
import { describeWith, needs } from "../support/requires.js";
import { proxyCases } from "./proxy-cases.js";

describeWith("flows of the recorded iptables cases, through the simulated kernel", [needs.shared], () => {
  const cases = proxyCases("iptables").filter(({ config }) => config.flows.length > 0);
  for (const { name, config, objects } of cases) {
    describe(name, () => {
      const answers = flowsOfConfig("iptables", config, objects);
      config.flows.forEach((flow, index) => {
        test(flow.name, () => {
          const { output, masq } = answers[index]!;
          expect({ output, masq: flow.masq === null ? null : masq }).toEqual({ output: flow.output, masq: flow.masq });
        });
      });
    });
  }
});
