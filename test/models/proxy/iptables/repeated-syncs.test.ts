import { expect, test } from "vitest";
import { nameHash } from "../../../../src/models/proxy/iptables/chain-names.js";
import { IptablesRenderer } from "../../../../src/models/proxy/iptables/render.js";
import type { RestoreTable } from "../../../../src/models/proxy/iptables/restore-doc.js";
import { firstSync, type IptablesSyncState, needsFullSync, planSync } from "../../../../src/models/proxy/iptables/sync.js";
import { changeView, emptyView, type ServiceState } from "../../../../src/models/proxy/view.js";
import { iptablesNode } from "../proxy-nodes.js";
import { simpleState } from "../simple-services.js";

// The steps of kube-proxy's TestSyncProxyRulesRepeated (kube-proxy-iptables.md section 20, rows 2 to 10).

const chain = (kind: "SVC" | "SEP", n: number, endpoint = ""): string => `KUBE-${kind}-${nameHash(`ns${n}/svc${n}:p80tcp${endpoint}`)}`;
const TOP = ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"];

test("each sync writes what changed and deletes what it left behind", () => {
  const renderer = new IptablesRenderer(() => 1);
  const node = iptablesNode();
  let view = emptyView;
  let state: IptablesSyncState = firstSync;
  let now = 0;
  const sync = (...states: readonly ServiceState[]): { nat: RestoreTable; filter: RestoreTable; own: readonly string[]; full: boolean } => {
    view = changeView(view, states);
    const { doc, next, full } = planSync(renderer, state, view, node, { now: (now += 1e9), syncPeriod: 30e9 });
    state = next;
    const [filter, nat] = doc.tables as [RestoreTable, RestoreTable];
    return { nat, filter, own: nat.chains.map((each) => each.name).filter((name) => !TOP.includes(name)), full };
  };
  const dispatched = (table: RestoreTable): number =>
    table.rules.filter((rule) => rule.chain === "KUBE-SERVICES" && rule.spec.includes("cluster IP")).length;

  const initial = sync(simpleState("ns1/svc1", "172.30.0.41", ["10.0.1.1"]), simpleState("ns2/svc2", "172.30.0.42", ["10.0.2.1"]));
  expect(initial.full).toBe(true);
  expect(initial.own).toEqual([chain("SVC", 1), chain("SEP", 1, "10.0.1.1:80"), chain("SVC", 2), chain("SEP", 2, "10.0.2.1:80")]);

  const added = sync(simpleState("ns3/svc3", "172.30.0.43", ["10.0.3.1"]));
  expect(added.full).toBe(false);
  expect(added.own).toEqual([chain("SVC", 3), chain("SEP", 3, "10.0.3.1:80")]);
  expect(dispatched(added.nat)).toBe(3);

  const deleted = sync(simpleState("ns2/svc2", null, ["10.0.2.1"]));
  expect(deleted.own).toEqual([chain("SEP", 2, "10.0.2.1:80"), chain("SVC", 2)]);
  expect(deleted.nat.deletes).toEqual(deleted.own);
  expect(dispatched(deleted.nat)).toBe(2);

  const withoutEndpoints = sync(simpleState("ns4/svc4", "172.30.0.44"));
  expect(withoutEndpoints.own).toEqual([]);
  expect(
    withoutEndpoints.filter.rules.filter((rule) => rule.spec.endsWith("-j REJECT")).map((rule) => `${rule.chain} ${rule.spec}`),
  ).toEqual(['KUBE-SERVICES -m comment --comment "ns4/svc4:p80 has no endpoints" -m tcp -p tcp -d 172.30.0.44 --dport 80 -j REJECT']);

  const withEndpoints = sync(simpleState("ns4/svc4", "172.30.0.44", ["10.0.4.1"]));
  expect(withEndpoints.own).toEqual([chain("SVC", 4), chain("SEP", 4, "10.0.4.1:80")]);
  expect(withEndpoints.filter.rules.some((rule) => rule.spec.endsWith("-j REJECT"))).toBe(false);

  const replaced = sync(simpleState("ns3/svc3", "172.30.0.43", ["10.0.3.2"]));
  expect(replaced.own).toEqual([chain("SVC", 3), chain("SEP", 3, "10.0.3.2:80"), chain("SEP", 3, "10.0.3.1:80")]);
  expect(replaced.nat.deletes).toEqual([chain("SEP", 3, "10.0.3.1:80")]);

  const grown = sync(simpleState("ns3/svc3", "172.30.0.43", ["10.0.3.2", "10.0.3.3"]));
  expect(grown.nat.rules.filter((rule) => rule.chain === chain("SVC", 3) && rule.spec.includes(" -> ")).map((rule) => rule.spec)).toEqual([
    `-m comment --comment "ns3/svc3:p80 -> 10.0.3.2:80" -m statistic --mode random --probability 0.5000000000 -j ${chain("SEP", 3, "10.0.3.2:80")}`,
    `-m comment --comment "ns3/svc3:p80 -> 10.0.3.3:80" -j ${chain("SEP", 3, "10.0.3.3:80")}`,
  ]);

  const idle = sync();
  expect(idle.own).toEqual([]);

  state = needsFullSync(state);
  const retried = sync(simpleState("ns4/svc4", null));
  expect(retried.full).toBe(true);
  expect(retried.nat.deletes).toEqual([chain("SEP", 4, "10.0.4.1:80"), chain("SVC", 4)].sort());
});
