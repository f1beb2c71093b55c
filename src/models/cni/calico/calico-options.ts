/** What a Calico is told, in the words of its Installation, IPPool and FelixConfiguration objects. */

/** How pools reach other nodes; the CrossSubnet forms wrap packets only for nodes of another subnet. */
export const ENCAPSULATIONS = Object.freeze(["VXLANCrossSubnet", "VXLAN", "IPIPCrossSubnet", "IPIP", "None"] as const);

/** One of the encapsulations of an Installation's pool. */
export type CalicoEncapsulation = (typeof ENCAPSULATIONS)[number];

/** A router outside Calico. */
export interface BgpPeer {
  readonly address: string;
  readonly asNumber: number;
}

/** Settings of Calico: one pool, and how its blocks are reached. */
export interface CalicoOptions {
  /** cidr of the default pool: the pod network */
  readonly pool: string;
  /** length of a block's prefix, 20 to 32 */
  readonly blockSize: number;
  /** encapsulation of the pool, as the operator's Installation has it */
  readonly encapsulation: CalicoEncapsulation;
  /** whether what leaves for outside the pools is masqueraded */
  readonly natOutgoing: boolean;
  /** IPAMConfig: a node takes addresses of its own blocks alone */
  readonly strictAffinity: boolean;
  /** IPAMConfig: how many blocks a node may claim */
  readonly maxBlocksPerHost: number;
  /** who writes the routes of None and IPIP: Felix itself, or BIRD from what the nodes tell each other by BGP */
  readonly clusterRoutingMode: "Felix" | "BIRD";
  /** BGPConfiguration: AS number of the nodes */
  readonly asNumber: number;
  /** names of the nodes that reflect routes; none: every node speaks to every other */
  readonly routeReflectors: readonly string[];
  /** BGPPeer: by node, the router that it speaks to, and to nobody else */
  readonly peers: Readonly<Record<string, BgpPeer>>;
}

/** What the operator's custom-resources.yaml and Calico's IPAM assume. */
export const CALICO_DEFAULTS: CalicoOptions = Object.freeze({
  pool: "10.244.0.0/16",
  blockSize: 26,
  encapsulation: "VXLANCrossSubnet",
  natOutgoing: true,
  strictAffinity: false,
  maxBlocksPerHost: 20,
  clusterRoutingMode: "Felix",
  asNumber: 64512,
  routeReflectors: Object.freeze([]),
  peers: Object.freeze({}),
});

/** The overlay a pool uses, whether for every node or for other subnets alone. */
export type CalicoTunnel = "vxlan" | "ipip" | "none";

/** Which overlay an encapsulation needs. */
export function tunnelOf(encapsulation: CalicoEncapsulation): CalicoTunnel {
  return encapsulation === "None" ? "none" : encapsulation.startsWith("VXLAN") ? "vxlan" : "ipip";
}

/** Whether nodes of one subnet reach each other without it. */
export function crossSubnetOnly(encapsulation: CalicoEncapsulation): boolean {
  return encapsulation.endsWith("CrossSubnet");
}

/** What each overlay is: its device, and what it takes of the MTU (felix/dataplane/linux/int_dataplane.go). */
export const TUNNELS = Object.freeze({
  vxlan: Object.freeze({ device: "vxlan.calico", overhead: 50 }),
  ipip: Object.freeze({ device: "tunl0", overhead: 20 }),
} as const);

/** VNI and UDP port of vxlan.calico. */
export const CALICO_VXLAN = Object.freeze({ vni: 4096, port: 4789 } as const);
