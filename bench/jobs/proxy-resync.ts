// One endpoint of one Service moves: from the changed slice to what the node's next sync is fed. Size: Services, each with ten
// endpoints. The plain form makes a full sync each time; what both hold afterwards is compared.
import { fnv1a32, mix32 } from "../../src/base/hash.js";
import { buildView, changeView, firstSync, IptablesRenderer, type IptablesRules, type IptablesSyncState, planSync, type ProxyView } from "../../src/models/proxy/index.js";
import type { Job, Work } from "../job.js";
import { proxyNode, proxyObjects, type ProxyObjects, slice } from "../proxy-cluster.js";

const NODES = 100;
const CHECKED = 20;

function digestOf({ entries }: IptablesRules): number {
  let digest = 0;
  for (const ports of entries) {
    for (const { dispatch, service, endpoints } of ports) {
      for (const { chain, spec } of [...dispatch.nat, ...service.rules, ...endpoints.rules]) digest = mix32(digest, mix32(fnv1a32(chain), fnv1a32(spec)));
    }
  }
  return digest;
}

function resyncing(size: number, given: unknown, full: boolean): Work {
  const { services, slices } = given as ProxyObjects;
  const node = proxyNode(1);
  let renderer = new IptablesRenderer(() => 1);
  let view: ProxyView = buildView(services, slices);
  let now = 0;
  let state: IptablesSyncState = planSync(renderer, firstSync, view, node, { now, syncPeriod: 30e9 }).next;
  let generation = 0;
  let current = [...slices];
  let rules = 0;
  const move = (): void => {
    generation++;
    const i = (generation * 7919) % size;
    current[i] = slice(i, NODES, generation);
    now += 1e9;
    if (full) {
      renderer = new IptablesRenderer(() => 1);
      view = buildView(services, current);
    } else {
      view = changeView(view, [{ key: `default/service-${i}`, service: services[i]!, slices: [current[i]!] }]);
    }
    const sync = planSync(renderer, full ? firstSync : state, view, node, { now, syncPeriod: 30e9 });
    rules += sync.doc.tables[1]!.rules.length;
    state = sync.next;
  };
  return {
    run(n) {
      for (let i = 0; i < n; i++) move();
    },
    check() {
      current = [...slices];
      view = buildView(services, current);
      state = planSync(renderer, firstSync, view, node, { now, syncPeriod: 30e9 }).next;
      generation = 0;
      for (let i = 0; i < CHECKED; i++) move();
      return digestOf(state.rules!) + rules * 0;
    },
  };
}

export const job: Job = {
  sizes: [1000, 10_000],
  quickSizes: [1000],
  given: (size) => proxyObjects(size, NODES),
  contenders: { ours: (size, given) => resyncing(size, given, false), plain: (size, given) => resyncing(size, given, true) },
};
