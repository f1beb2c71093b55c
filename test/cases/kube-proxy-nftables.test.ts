import { expect, test } from "vitest";
import { configuredNftablesNode } from "../../src/models/proxy/configured-node.js";
import { formatCanonical } from "../../src/models/proxy/nftables/canonical-form.js";
import { NftablesRenderer, nftTable } from "../../src/models/proxy/nftables/render.js";
import { buildView } from "../../src/models/proxy/view.js";
import { describeWith, needs } from "../support/requires.js";
import { proxyCases } from "./proxy-cases.js";

describeWith("recorded nftables cases", [needs.shared], () => {
  const cases = proxyCases("nftables");

  test("there are five", () => {
    expect(cases).toHaveLength(5);
  });

  for (const { name, config, services, slices, nodes, expected } of cases) {
    test(`${name}: canonical form, byte for byte`, () => {
      const renderer = new NftablesRenderer(() => 1);
      const node = configuredNftablesNode(config, nodes);
      const table = nftTable(renderer.render(buildView(services, slices), node), node, renderer.causeOf);
      expect(formatCanonical(table)).toBe(expected);
    });
  }
});
