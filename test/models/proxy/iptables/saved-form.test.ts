import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRules } from "../../../../src/linux/nf/parse.js";
import { printRule } from "../../../../src/linux/nf/print.js";
import { TABLE } from "../../../../src/linux/nf/table.js";
import { IptablesRenderer } from "../../../../src/models/proxy/iptables/render.js";
import { formatPayload, type RestoreDoc } from "../../../../src/models/proxy/iptables/restore-doc.js";
import { firstSync, planSync } from "../../../../src/models/proxy/iptables/sync.js";
import { changeView, emptyView } from "../../../../src/models/proxy/view.js";
import { makeStack, netns } from "../../../linux/world.js";
import { describeWith, needs } from "../../../support/requires.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode } from "../proxy-nodes.js";

const family = (program: string): 4 | 6 => (program.startsWith("ip6") ? 6 : 4);

/** Rules as the real kernel gives them back, sorted by nothing but their chain. */
function realRules(program: string, doc: RestoreDoc): readonly string[] {
  const script = `${program}-restore --noflush <<'EOF' && ${program}-save\n${formatPayload(doc)}EOF`;
  const run = spawnSync("unshare", ["-n", "sh"], { input: script, encoding: "utf8", timeout: 20_000 });
  expect(run.stderr).toBe("");
  return run.stdout.split("\n").filter((line) => line.startsWith("-A"));
}

/** The same rules read and printed by the simulated kernel. */
function ourRules(program: string, doc: RestoreDoc): readonly string[] {
  const s = makeStack();
  const ns = netns(s, "n");
  return doc.tables.flatMap((table) => {
    return table.rules.flatMap(({ chain, spec }) => {
      const place = { s, ns, family: family(program), table: TABLE[table.name], chain, cause: 0 };
      return parseRules(spec, place).map((rule) => `-A ${chain} ${printRule(s, rule, family(program))}`);
    });
  });
}

/** Rules of one chain in order, chains by name: tables and interleaving do not matter here. */
function byChain(lines: readonly string[]): readonly string[] {
  return lines
    .map((line, index) => ({ line, index, chain: line.split(" ")[1]! }))
    .sort((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.index - b.index))
    .map(({ line }) => line);
}

describeWith("rules after a journey through the kernel", [needs.netfilter], () => {
  test("read the same from the real one and from ours", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, (batches, any) => {
        const node = { ...any, counters: { invalidDropped: false, localhostAccepted: false } };
        const view = batches.reduce(changeView, emptyView);
        const { doc } = planSync(new IptablesRenderer(() => 1), firstSync, view, node, { now: 0, syncPeriod: 30e9 });
        // KUBE-SERVICES and KUBE-NODEPORTS stand in both tables; one table at a time keeps them apart.
        for (const table of doc.tables) {
          const one = { tables: [table] };
          const program = `${node.family === 4 ? "iptables" : "ip6tables"}-legacy`;
          expect(byChain(ourRules(program, one))).toEqual(byChain(realRules(program, one)));
        }
      }),
      { numRuns: 15 },
    );
  });
});
