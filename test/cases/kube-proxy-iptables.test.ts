import { expect, test } from "vitest";
import { configuredIptablesNode } from "../../src/models/proxy/configured-node.js";
import { IptablesRenderer } from "../../src/models/proxy/iptables/render.js";
import { formatSorted } from "../../src/models/proxy/iptables/sorted-form.js";
import { activeChains, staleChains, syncDoc } from "../../src/models/proxy/iptables/sync-doc.js";
import { buildView } from "../../src/models/proxy/view.js";
import { describeWith, needs } from "../support/requires.js";
import { proxyCases } from "./proxy-cases.js";

describeWith("recorded iptables cases", [needs.shared], () => {
  const cases = proxyCases("iptables");

  test("there are eight", () => {
    expect(cases).toHaveLength(8);
  });

  for (const { name, config, services, slices, nodes, expected } of cases) {
    test(`${name}: sorted form, byte for byte`, () => {
      const renderer = new IptablesRenderer(() => 1);
      const node = configuredIptablesNode(config, nodes);
      const rules = renderer.render(buildView(services, slices), node);
      const stale = staleChains(config.existingNatChains, activeChains(rules));
      const changed = config.sync === "full" ? "all" : new Set(config.changedServices);
      expect(formatSorted(syncDoc(rules, node, { changed, stale }, renderer.causeOf))).toBe(expected);
    });
  }
});
