// What proxies hold: every node of a cluster has synced 10,000 Services of ten endpoints, of which each hundredth keeps the client's
// address, and remembers its rules. The memory is what counts here (at most 2 GiB for a thousand nodes); an operation is one more
// full sync of one node. Size: nodes.
import { mix32 } from "../../src/base/hash.js";
import { buildView, firstSync, IptablesRenderer, type IptablesSyncState, planSync } from "../../src/models/proxy/index.js";
import type { Job, Work } from "../job.js";
import { proxyNode, proxyObjects } from "../proxy-cluster.js";

const SERVICES = 10_000;

function ours(size: number): Work {
  const { services, slices } = proxyObjects(SERVICES, size);
  const view = buildView(services, slices);
  const renderer = new IptablesRenderer(() => 1);
  const states: IptablesSyncState[] = [];
  let rules = 0;
  const sync = (n: number): void => {
    const { doc, next } = planSync(renderer, firstSync, view, proxyNode(n), { now: 0, syncPeriod: 30e9 });
    rules += doc.tables[1]!.rules.length;
    states[n] = next;
  };
  for (let n = 0; n < size; n++) sync(n);
  let turn = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) sync(turn++ % size);
    },
    check() {
      rules = 0;
      for (let n = 0; n < size; n++) sync(n);
      return mix32(rules, states.length);
    },
  };
}

export const job: Job = { sizes: [100, 1000], quickSizes: [10], rounds: 1, contenders: { ours } };
