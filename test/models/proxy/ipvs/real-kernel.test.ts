import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { formatPayload, type RestoreDoc } from "../../../../src/models/proxy/iptables/restore-doc.js";
import type { IpSet } from "../../../../src/models/proxy/ipvs/ipvs-doc.js";
import { IpvsRenderer, ipvsDoc } from "../../../../src/models/proxy/ipvs/render.js";
import { changeView, emptyView } from "../../../../src/models/proxy/view.js";
import { describeWith, needs, type Requirement } from "../../../support/requires.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode } from "../proxy-nodes.js";

const ipset: Requirement = {
  name: "ipset",
  installable: true,
  missing: () => (spawnSync("ipset", ["version"]).status === 0 ? null : "ipset is not installed"),
};

function createLine(set: IpSet): string {
  return `create ${set.name} ${set.type} ${set.type === "bitmap:port" ? "range 0-65535" : `family ${set.family} hashsize 1024 maxelem 65536`}`;
}

/** Kernels are often built without the ipvs match, so its rules stay out. */
function withoutIpvsMatch(doc: RestoreDoc): RestoreDoc {
  return { tables: doc.tables.map((table) => ({ ...table, rules: table.rules.filter((rule) => !rule.spec.includes("-m ipvs")) })) };
}

describeWith("sets and chains of the IPVS mode in the real kernel", [needs.netfilter, ipset], () => {
  test("are taken, with every entry", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, (batches, base) => {
        const node = { ...base, scheduler: "rr", strictARP: false };
        const doc = ipvsDoc(new IpvsRenderer(() => 1).render(batches.reduce(changeView, emptyView), node), node, () => 1);
        const sets = doc.sets.flatMap((set) => [createLine(set), ...set.entries.map((entry) => `add ${set.name} ${entry.text}`)]);
        const restore = `${node.family === 4 ? "iptables" : "ip6tables"}-legacy-restore --noflush`;
        const script = [
          `ipset restore <<'EOF' || exit 1\n${sets.join("\n")}\nEOF`,
          `${restore} <<'EOF' || exit 1\n${formatPayload(withoutIpvsMatch(doc.rules))}EOF`,
        ];
        const run = spawnSync("unshare", ["-n", "sh"], {
          input: `${script.join("\n")}\nipset save | grep -c ^add`,
          encoding: "utf8",
          timeout: 20_000,
        });
        expect(run.stderr).toBe("");
        expect(Number(run.stdout)).toBe(doc.sets.reduce((sum, set) => sum + set.entries.length, 0));
      }),
      { numRuns: 25 },
    );
  });
});
