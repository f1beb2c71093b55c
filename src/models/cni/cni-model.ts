/**
 * What a cluster asks of a CNI: the daemon's part (nodes come and go) and the plugin's part (ADD and DEL of a sandbox).
 *
 * Read first: the CNI specification 1.1.0. Everything a model does to a kernel goes through the door; everything it must
 * remember goes into the door's memory, so that worlds can be saved and forked.
 */
import type { CniDoor } from "../node-door.js";

/** A node as its CNI daemon knows it from the API. */
export interface CniNode {
  readonly name: string;
  /** spec.podCIDRs */
  readonly podCidrs: readonly string[];
  /** InternalIP addresses, IPv4 first */
  readonly addresses: readonly string[];
  /** the device with the default route, eth0 */
  readonly uplink: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A sandbox to be attached. */
export interface CniAttachment {
  readonly containerId: string;
  /** namespace row of the pod */
  readonly netns: number;
  readonly ifname: string;
  /** "shop/web-0" */
  readonly pod: string;
  readonly ports?: readonly { readonly hostPort: number; readonly containerPort: number; readonly protocol: string; readonly hostIp?: string }[];
}

/** Result of ADD, cniVersion 1.1.0. */
export interface CniResult {
  readonly interfaces: readonly { readonly name: string; readonly mac?: string; readonly sandbox?: string }[];
  readonly ips: readonly { readonly address: string; readonly gateway?: string; readonly interface?: number }[];
  readonly routes: readonly { readonly dst: string; readonly gw?: string }[];
}

/** An error object of the specification. */
export interface CniError {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** A CNI by name, with its options already read. */
export interface CniModel {
  readonly name: string;
  /** its daemons speak to each other by packets: no node's kernel may wait until it is looked at */
  readonly speaks?: boolean;
  /** MTU of pods for an uplink's MTU */
  podMtu(uplinkMtu: number): number;
  /** The daemon starts on a node. Returns annotations it wants on its Node, or why it cannot start. */
  nodeUp(door: CniDoor, self: CniNode): { readonly annotations: Readonly<Record<string, string>> } | CniError;
  /** The daemon on `self` hears of another node that is ready to be reached (or has changed). */
  peerUp(door: CniDoor, self: CniNode, peer: CniNode): void;
  /** That node is gone. */
  peerDown(door: CniDoor, self: CniNode, peer: CniNode): void;
  /** The daemon on `self` hears that what the model shares has changed; left out by models that share nothing. */
  sharedChanged?(door: CniDoor, self: CniNode): void;
  /** Verb ADD: attaches a sandbox. */
  add(door: CniDoor, self: CniNode, attachment: CniAttachment): CniResult | CniError;
  /** Verb DEL: takes a sandbox off; called again, it is no error. */
  del(door: CniDoor, self: CniNode, attachment: CniAttachment): CniError | null;
}
