// What a cluster asks of a proxy: to bring one node's kernel to a view, whenever its agent's schedule says so.

import type { NodeDoor } from "../node-door.js";
import type { ProxyView } from "./view.js";

/** A proxy mode at work; `N` is what it knows of a node in one family. */
export interface ProxyModel<N> {
  readonly name: "iptables" | "nftables" | "ipvs";
  /** One run of the sync loop; false if the kernel refused it, and then the next run writes everything. */
  sync(door: NodeDoor, node: N, view: ProxyView): boolean;
  /** The next run writes everything: the node's topology labels changed, or somebody flushed the rules. */
  forget(door: NodeDoor, node: N): void;
}
