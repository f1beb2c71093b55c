// kube-proxy's rules for one node: from objects to the document that iptables-restore is fed. An operation is one Service with ten
// endpoints. Size: Services.
import { fnv1a32, mix32 } from "../../src/base/hash.js";
import { buildView, firstSync, IptablesRenderer, planSync } from "../../src/models/proxy/index.js";
import type { Job, Work } from "../job.js";
import { proxyNode, proxyObjects, type ProxyObjects } from "../proxy-cluster.js";

const NODES_OF_CLUSTER = 100;

/** Renders for the first `count` nodes of the cluster. */
export function rendering(count: number, size: number, given: unknown): Work {
  const objects = given as ProxyObjects;
  const nodes = Array.from({ length: count }, (_, n) => proxyNode(n));
  let rules = 0;
  const sync = (look: (chain: string, spec: string) => void): void => {
    const view = buildView(objects.services, objects.slices);
    const renderer = new IptablesRenderer(() => 1);
    for (const node of nodes) {
      const { doc } = planSync(renderer, firstSync, view, node, { now: 0, syncPeriod: 30e9 });
      rules += doc.tables[1]!.rules.length;
      if (node === nodes[0]) for (const table of doc.tables) for (const { chain, spec } of table.rules) look(chain, spec);
    }
  };
  return {
    batch: size,
    run(n) {
      for (let i = 0; i < n; i++) sync(() => {});
    },
    check() {
      let digest = 0;
      rules = 0;
      sync((chain, spec) => {
        digest = mix32(digest, mix32(fnv1a32(chain), fnv1a32(spec)));
      });
      return mix32(digest, rules);
    },
  };
}

export const renderJob = (nodes: number): Job => ({
  sizes: [1000, 10_000],
  quickSizes: [1000],
  given: (size) => proxyObjects(size, NODES_OF_CLUSTER),
  contenders: { ours: (size, given) => rendering(nodes, size, given) },
});

export const job: Job = renderJob(1);
