/**
 * CNI daemons hear of each other's nodes. What they write is one entry for each pair of nodes, by the nature of the thing;
 * the news is gathered, so that a start of n nodes costs a few events and not n * n.
 */
import { cniNode, isUp } from "./node-agent.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import type { Change } from "./store.js";

const KNOWN = "peers/known";

export const peers: Controller = {
  number: CONTROLLER.peers,

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind === "Node" && type === "DELETED") p.enqueue(CONTROLLER.peers, "all", p.delays.peers);
  },

  sync(p: Plane): void {
    const { cni, nodes } = p.options;
    const before = (p.notes.get(KNOWN) ?? []) as readonly ReturnType<typeof cniNode>[];
    const wasUp = new Set(before.map((node) => node.name));
    const now = nodes.flatMap(({ name }) => {
      const node = isUp(p, name) ? p.store.get("Node", name) : undefined;
      return node === undefined ? [] : [cniNode(p, node)];
    });
    const stillUp = new Set(now.map((node) => node.name));
    const fresh = now.filter((node) => !wasUp.has(node.name));
    const gone = before.filter((node) => !stillUp.has(node.name));
    for (const self of now) {
      const door = p.door(p.nodes.get(self.name)!, cni.name);
      for (const peer of gone) cni.peerDown(door, self, peer);
      for (const peer of wasUp.has(self.name) ? fresh : now) if (peer.name !== self.name) cni.peerUp(door, self, peer);
    }
    p.notes.set(KNOWN, Object.freeze(now));
  },
};
