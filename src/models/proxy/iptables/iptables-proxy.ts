// The iptables mode on a node: plans a sync and carries it out through the node's door.

import type { NodeDoor } from "../../node-door.js";
import { cleanFlows } from "../clean-flows.js";
import { ensureVerbs } from "../ensure-verbs.js";
import type { ProxyModel } from "../proxy-model.js";
import { emptyView, type ProxyView } from "../view.js";
import { type IptablesNode, localhostNodePorts } from "./iptables-node.js";
import { canaryChains, jumpRules } from "./jump-rules.js";
import type { IptablesRenderer } from "./render.js";
import { firstSync, type IptablesSyncState, needsFullSync, planSync } from "./sync.js";

/** The proxy of a cluster; all nodes share the renderer. `syncPeriod` in ns. */
export function iptablesProxy(renderer: IptablesRenderer, syncPeriod: number): ProxyModel<IptablesNode> {
  return {
    name: "iptables",
    sync: (door, node, view) => syncNode(door, node, view, renderer, syncPeriod),
    forget: (door, node) => void door.memory.set(memoryKey(node), needsFullSync(remembered(door, node))),
  };
}

function syncNode(door: NodeDoor, node: IptablesNode, view: ProxyView, renderer: IptablesRenderer, syncPeriod: number): boolean {
  const { ns } = door;
  const state = remembered(door, node);
  if (state.rules === null) {
    if (localhostNodePorts(node)) door.plumb({ verb: "sysctl", ns, key: "net.ipv4.conf.all.route_localnet", value: "1" });
    ensureVerbs(door, node.family, canaryChains(renderer.causeOf));
  }
  const sync = planSync(renderer, state, view, node, { now: door.stack.engine.now, syncPeriod });
  if (sync.full) ensureVerbs(door, node.family, jumpRules(renderer.causeOf));
  const refused = door.plumb({ verb: "iptables-restore", ns, family: node.family, doc: sync.doc, noflush: true, counters: true });
  door.memory.set(memoryKey(node), refused === null ? sync.next : needsFullSync(state));
  if (refused === null) cleanFlows(door, node.family, state.rules?.view ?? emptyView, view);
  return refused === null;
}

/** When a node's proxy last wrote everything, its jumps included: ns since boot, -1 for never. */
export function lastFullSync(door: NodeDoor, node: IptablesNode): number {
  const { rules, lastFull } = remembered(door, node);
  return rules === null ? -1 : lastFull;
}

function memoryKey(node: IptablesNode): string {
  return `kube-proxy iptables IPv${node.family}`;
}

function remembered(door: NodeDoor, node: IptablesNode): IptablesSyncState {
  return (door.memory.get(memoryKey(node)) as IptablesSyncState | undefined) ?? firstSync;
}
