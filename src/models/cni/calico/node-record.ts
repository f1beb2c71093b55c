/** A node as Calico's datastore knows it: its address with its subnet, and its end of the overlay. */
import { contains, parseAddress, parseCidr } from "../../../base/cidr.js";
import type { CalicoDatastore } from "./ipam.js";

/** What a node's daemon has written of it. */
export interface CalicoNode {
  readonly name: string;
  /** spec.bgp.ipv4Address without its length */
  readonly address: string;
  /** the same with it, "172.18.0.3/16": what CrossSubnet is judged by */
  readonly subnet: string;
  /** address of its tunnel device, empty for none */
  readonly tunnelAddress: string;
  /** MAC of vxlan.calico, empty for none */
  readonly tunnelMac: string;
}

/** The record of a node, kept when the node goes, so that all others find what to take away. */
export function calicoNode(store: CalicoDatastore, name: string): CalicoNode | undefined {
  return store.get(`node/${name}`) as CalicoNode | undefined;
}

/** Writes a node's record. */
export function keepCalicoNode(store: CalicoDatastore, node: CalicoNode): void {
  store.set(`node/${node.name}`, Object.freeze(node));
}

/** Whether another node's address lies in the first one's subnet. */
export function inSubnet(self: CalicoNode, other: CalicoNode): boolean {
  return contains(parseCidr(self.subnet)!, parseAddress(other.address)!.words);
}
