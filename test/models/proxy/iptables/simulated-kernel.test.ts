import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IptablesNode } from "../../../../src/models/proxy/iptables/iptables-node.js";
import { iptablesProxy } from "../../../../src/models/proxy/iptables/iptables-proxy.js";
import { jumpRules } from "../../../../src/models/proxy/iptables/jump-rules.js";
import { IptablesRenderer } from "../../../../src/models/proxy/iptables/render.js";
import { formatPayload } from "../../../../src/models/proxy/iptables/restore-doc.js";
import { firstSync, planSync } from "../../../../src/models/proxy/iptables/sync.js";
import { changeView, emptyView, type ProxyView, type ServiceState } from "../../../../src/models/proxy/view.js";
import { describeWith, needs } from "../../../support/requires.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode } from "../proxy-nodes.js";
import { SimulatedNode } from "../simulated-node.js";

const SYNC_PERIOD = 30e9;

function play(batches: readonly (readonly ServiceState[])[], node: IptablesNode): SimulatedNode {
  const door = new SimulatedNode();
  const proxy = iptablesProxy(new IptablesRenderer((object, path) => door.cause(object, path)), SYNC_PERIOD);
  let view: ProxyView = emptyView;
  for (const batch of batches) {
    view = changeView(view, batch);
    expect(proxy.sync(door, node, view)).toBe(true);
  }
  return door;
}

describe("in the simulated kernel", () => {
  test("any sequence of syncs is taken and leaves what one sync of the end state leaves", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, (batches, node) => {
        const door = play(batches, node);
        expect(door.refusals).toEqual([]);
        expect(door.saved(node.family)).toBe(play([batches.flat()], node).saved(node.family));
      }),
      { numRuns: 60 },
    );
  });
});

/** What the real kernel saves after the same jumps and the payload of the whole state. */
function realSaved(node: IptablesNode, view: ProxyView): string {
  const program = `${node.family === 4 ? "iptables" : "ip6tables"}-nft`;
  const { doc } = planSync(new IptablesRenderer(() => 1), firstSync, view, node, { now: 0, syncPeriod: SYNC_PERIOD });
  const canaries = ["mangle", "nat", "filter"].map((table) => `${program} -t ${table} -N KUBE-PROXY-CANARY`);
  const jumps = jumpRules(() => 1).map(({ table, chain, ...verb }) =>
    verb.verb === "ensureChain" ? `${program} -t ${table} -N ${chain} 2>/dev/null` : `${program} -t ${table} -I ${chain} ${verb.spec}`,
  );
  const script = [
    ...canaries,
    ...jumps,
    `${program}-restore --noflush <<'EOF' || exit 1\n${formatPayload(doc)}EOF`,
    `${program}-save`,
  ].join("\n");
  const run = spawnSync("unshare", ["-n", "sh"], { input: script, encoding: "utf8", timeout: 60_000 });
  expect(run.stderr).toBe("");
  const lines = run.stdout.split("\n").filter((line) => !line.startsWith("#"));
  return lines.join("\n");
}

describeWith("in the real kernel", [needs.netfilter], () => {
  test("the saved form equals that of the simulated one", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, (batches, any) => {
        const node = { ...any, counters: { invalidDropped: false, localhostAccepted: false } };
        const view = batches.reduce(changeView, emptyView);
        expect(play(batches, node).saved(node.family)).toBe(realSaved(node, view));
      }),
      { numRuns: 12 },
    );
  });
});
