/** What a fabric may be told, and its nodes. */
import { MS } from "../base/time.js";
import type { Cable } from "./fabric-builder.js";

/** The shape of the network, and what its cables do. */
export interface FabricOptions extends Cable {
  /** "single": one segment; "leaf-spine": racks of nodes under spines, with BGP; "zones": segments joined by a router */
  readonly topology: "single" | "leaf-spine" | "zones";
  readonly subnet: string;
  readonly mtu: number;
  /** leaf-spine: how many, filled with nodes in order */
  readonly racks: number;
  readonly spines: number;
  /** zones: how many, nodes dealt out in turn; ns from a zone to the router between them */
  readonly zones: number;
  readonly zoneDelay: number;
  /** AS number of nodes whose own speakers the routers next to them listen to; 0: they listen to none */
  readonly nodeAs: number;
}

export const FABRIC_DEFAULTS: FabricOptions = Object.freeze({
  topology: "single", subnet: "172.18.0.0/16", delay: 50_000, rate: 0, loss: 0, mtu: 1500, racks: 2, spines: 2, zones: 2, zoneDelay: MS / 2, nodeAs: 0,
});

/** IPv6 of the nodes' network, as Docker's network of kind has it; only where a cluster has IPv6 pods. */
export const FABRIC_SUBNET6 = "fc00:f853:ccd:e793::/64";
/** The switch of the nodes' network. */
export const FABRIC_BRIDGE = "kind";
/** Machine labels of the namespaces that are no nodes. */
export const FABRIC_MACHINE = 0;
export const INTERNET_MACHINE = -1;
/** A host outside, of the documentation ranges TEST-NET-3 and 2001:db8::/32. */
export const INTERNET_ADDRESS = "203.0.113.10";
export const INTERNET_ADDRESS6 = "2001:db8:203::10";

/** A node's root namespace on the fabric. */
export interface FabricNode {
  readonly name: string;
  readonly ns: number;
  readonly address: string;
  readonly gateway: string;
  /** its IPv6 address, where the cluster has IPv6 pods */
  readonly address6?: string;
  /** AS number of its gateway, where that speaks BGP */
  readonly gatewayAs?: number;
  /** labels that say where it stands */
  readonly labels?: Readonly<Record<string, string>>;
}
