// The nftables mode on a node: plans a sync and carries it out through the node's door.

import { cleanFlows } from "../clean-flows.js";
import type { NodeDoor } from "../../node-door.js";
import type { ProxyModel } from "../proxy-model.js";
import { emptyView, type ProxyView } from "../view.js";
import { TABLE_NAME } from "./nft-doc.js";
import { familyWord, type NftablesNode } from "./nftables-node.js";
import type { NftablesRenderer } from "./render.js";
import { firstNftablesSync, type NftablesSyncState, planNftablesSync } from "./sync.js";

/** The proxy of a cluster; all nodes share the renderer. */
export function nftablesProxy(renderer: NftablesRenderer): ProxyModel<NftablesNode> {
  return {
    name: "nftables",
    sync: (door, node, view) => syncNode(door, node, view, renderer),
    forget: (door, node) => void door.memory.set(memoryKey(node), { ...remembered(door, node), needFull: true }),
  };
}

function syncNode(door: NodeDoor, node: NftablesNode, view: ProxyView, renderer: NftablesRenderer): boolean {
  const { ns } = door;
  const state = remembered(door, node);
  const sync = planNftablesSync(renderer, state, view, node, door.stack.engine.now);
  const refused = door.plumb({ verb: "nft", ns, family: familyWord(node), table: TABLE_NAME, commands: sync.commands });
  door.memory.set(memoryKey(node), refused === null ? sync.next : { ...state, needFull: true });
  if (refused === null) cleanFlows(door, node.family, state.rules?.view ?? emptyView, view);
  return refused === null;
}

function memoryKey(node: NftablesNode): string {
  return `kube-proxy nftables IPv${node.family}`;
}

function remembered(door: NodeDoor, node: NftablesNode): NftablesSyncState {
  return (door.memory.get(memoryKey(node)) as NftablesSyncState | undefined) ?? firstNftablesSync;
}
