import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { IptablesNode } from "../../../../src/models/proxy/iptables/iptables-node.js";
import { jumpRules } from "../../../../src/models/proxy/iptables/jump-rules.js";
import { IptablesRenderer } from "../../../../src/models/proxy/iptables/render.js";
import { formatPayload } from "../../../../src/models/proxy/iptables/restore-doc.js";
import { firstSync, type IptablesSyncState, planSync } from "../../../../src/models/proxy/iptables/sync.js";
import { changeView, emptyView, type ProxyView, type ServiceState } from "../../../../src/models/proxy/view.js";
import { describeWith, needs } from "../../../support/requires.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode } from "../proxy-nodes.js";

const SECOND = 1e9;

/** No kernel without the nfacct module takes the counters. */
const anyNode: fc.Arbitrary<IptablesNode> = anyIptablesNode.map((node) => ({
  ...node,
  counters: { invalidDropped: false, localhostAccepted: false },
}));

function payloads(batches: readonly (readonly ServiceState[])[], node: IptablesNode): readonly string[] {
  const renderer = new IptablesRenderer(() => 1);
  let view: ProxyView = emptyView;
  let state: IptablesSyncState = firstSync;
  return batches.map((batch, index) => {
    view = changeView(view, batch);
    const sync = planSync(renderer, state, view, node, { now: index * SECOND, syncPeriod: 30 * SECOND });
    state = sync.next;
    return formatPayload(sync.doc);
  });
}

/** What iptables-save prints after jump rules and payloads were loaded in a namespace of its own, without its comments. */
function saved(flavour: "legacy" | "nft", node: IptablesNode, texts: readonly string[]): string {
  const program = `${node.family === 4 ? "iptables" : "ip6tables"}-${flavour}`;
  const jumps = jumpRules(() => 1).map(({ table, chain, ...verb }) =>
    verb.verb === "ensureChain"
      ? `${program} -t ${table} -N ${chain} 2>/dev/null`
      : `${program} -t ${table} -I ${chain} ${verb.spec} || exit 1`,
  );
  const loads = texts.map((text) => `${program}-restore -w 5 --noflush --counters <<'EOF' || exit 1\n${text}EOF`);
  const script = [...jumps, ...loads, `${program}-save`].join("\n");
  const run = spawnSync("unshare", ["-n", "sh"], { input: script, encoding: "utf8", timeout: 60_000 });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  const lines = run.stdout.split("\n").filter((line) => !line.startsWith("#") && line !== "");
  return inTableOrder(lines).join("\n");
}

/** Flavours print their tables in different orders. */
function inTableOrder(lines: readonly string[]): readonly string[] {
  const tables = new Map<string, string[]>();
  let table: string[] = [];
  for (const line of lines) {
    if (line.startsWith("*")) tables.set(line, (table = []));
    table.push(line);
  }
  return [...tables].sort((a, b) => (a[0] < b[0] ? -1 : 1)).flatMap(([, each]) => each);
}

describeWith("payloads in the real kernel", [needs.netfilter], () => {
  for (const flavour of ["legacy", "nft"] as const) {
    test(`iptables-${flavour}-restore takes every payload of a history and ends where one full sync does`, () => {
      fc.assert(
        fc.property(history, anyNode, (batches, node) => {
          expect(saved(flavour, node, payloads(batches, node))).toBe(saved(flavour, node, payloads([batches.flat()], node)));
        }),
        { numRuns: 10 },
      );
    });
  }
});
