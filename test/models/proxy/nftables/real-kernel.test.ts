import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { configuredNftables } from "../../../../src/models/proxy/configured-rules.js";
import { formatCanonical } from "../../../../src/models/proxy/nftables/canonical-form.js";
import { formatListed } from "../../../../src/models/proxy/nftables/listed-form.js";
import type { NftTable } from "../../../../src/models/proxy/nftables/nft-doc.js";
import { NftablesRenderer, nftTable } from "../../../../src/models/proxy/nftables/render.js";
import { changeView, emptyView } from "../../../../src/models/proxy/view.js";
import { describeWith, needs, type Requirement } from "../../../support/requires.js";
import { history } from "../arbitrary-services.js";
import { proxyCases } from "../../../cases/proxy-cases.js";
import { anyNftablesNode } from "../proxy-nodes.js";

const nft: Requirement = {
  name: "nft",
  installable: true,
  missing: () => (spawnSync("nft", ["--version"]).status === 0 ? null : "nftables is not installed"),
};

/** Loads the table in a namespace of its own and lists it. */
function listed(table: NftTable): string {
  const run = spawnSync("unshare", ["-n", "sh", "-c", "nft -f - && nft list ruleset"], {
    input: formatCanonical(table),
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(run.stderr).toBe("");
  return run.stdout;
}

describeWith("tables in the real kernel", [needs.netfilter, nft], () => {
  for (const { name, config, objects } of proxyCases("nftables")) {
    test(`${name} is listed as we say`, () => {
      const table = configuredNftables(config, objects, () => 1);
      expect(listed(table)).toBe(formatListed(table));
    });
  }

  test("any table of any release is taken and listed as we say", () => {
    fc.assert(
      fc.property(history, anyNftablesNode, (batches, node) => {
        const renderer = new NftablesRenderer(() => 1);
        const table = nftTable(renderer.render(batches.reduce(changeView, emptyView), node), node, renderer.causeOf);
        expect(listed(table)).toBe(formatListed(table));
      }),
      { numRuns: 30 },
    );
  });
});
