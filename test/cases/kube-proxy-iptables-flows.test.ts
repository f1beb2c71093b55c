import { describe, expect, test } from "vitest";
import { describeWith, needs } from "../support/requires.js";
import { runFlow } from "./iptables-flows.js";
import { proxyCases } from "./proxy-cases.js";

describeWith("flows of the recorded iptables cases, through the simulated kernel", [needs.shared], () => {
  for (const each of proxyCases("iptables").filter(({ config }) => config.flows.length > 0 && config.ipFamily === "IPv4")) {
    describe(each.name, () => {
      for (const flow of each.config.flows) {
        test(flow.name, () => {
          const { output, masq } = runFlow(each, flow);
          expect({ output, masq: flow.masq === null ? null : masq }).toEqual({ output: flow.output, masq: flow.masq });
        });
      }
    });
  }
});
