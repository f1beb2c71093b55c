/** A configuration of the routing daemon after reading: plain frozen records. */
import type { Expression, FunctionTree, Statement } from "./expression-tree.js";

/** What a channel does with a route. */
export type ChannelFilter =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "where"; readonly test: Expression }
  /** `name` "" for one written in place */
  | { readonly kind: "filter"; readonly name: string; readonly body: readonly Statement[] };

export interface ChannelConfig {
  readonly family: 4 | 6;
  /** "" : the default table of its family */
  readonly table: string;
  readonly importFilter: ChannelFilter;
  readonly exportFilter: ChannelFilter;
  /** 0: the protocol's own */
  readonly preference: number;
  readonly keepFiltered: boolean;
  readonly nextHopSelf: "" | "all" | "ebgp" | "ibgp";
  readonly nextHopKeep: "" | "all" | "ebgp" | "ibgp";
  /** "" : direct for a session to a neighbour, recursive for one over several hops */
  readonly gateway: "" | "direct" | "recursive";
  readonly igpTable: string;
  readonly cost: number;
  /** more than one path to a prefix: taken from the peer, told to it (RFC 7911) */
  readonly addPaths: { readonly rx: boolean; readonly tx: boolean };
}

interface ProtocolBase {
  readonly name: string;
  readonly line: number;
  readonly disabled: boolean;
  readonly description: string;
  readonly routerId: string;
  readonly channels: readonly ChannelConfig[];
}

export interface DeviceConfig extends ProtocolBase {
  readonly kind: "device";
  /** ns */
  readonly scanTime: number;
}

export interface DirectConfig extends ProtocolBase {
  readonly kind: "direct";
  /** patterns in order; a leading `-` leaves out. Empty: every device */
  readonly interfaces: readonly string[];
  readonly checkLink: boolean;
}

export interface KernelConfig extends ProtocolBase {
  readonly kind: "kernel";
  readonly learn: boolean;
  readonly persist: boolean;
  /** ns */
  readonly scanTime: number;
  /** most hops of a merged route, 0: routes are not merged */
  readonly mergeLimit: number;
  /** number of the kernel's table */
  readonly kernelTable: number;
  readonly metric: number;
}

export interface StaticHop {
  readonly gateway: string;
  readonly device: string;
  readonly onlink: boolean;
  readonly weight: number;
}

export interface StaticRoute {
  readonly net: string;
  readonly dest: "unicast" | "blackhole" | "unreachable" | "prohibit" | "recursive";
  readonly hops: readonly StaticHop[];
  /** address that a recursive route goes by */
  readonly via: string;
  readonly body: readonly Statement[];
}

export interface StaticConfig extends ProtocolBase {
  readonly kind: "static";
  readonly routes: readonly StaticRoute[];
  readonly checkLink: boolean;
}

export interface BgpConfig extends ProtocolBase {
  readonly kind: "bgp";
  /** "" : the daemon's choice */
  readonly localIp: string;
  readonly localAs: number;
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remoteAs: number;
  readonly remotePort: number;
  readonly device: string;
  /** hops a session may go, 0: the peer is a neighbour */
  readonly multihop: number;
  readonly passive: boolean;
  readonly rrClient: boolean;
  /** "" : the router id */
  readonly clusterId: string;
  /** seconds from here on */
  readonly holdTime: number;
  readonly startupHoldTime: number;
  /** 0: a third of the hold time */
  readonly keepaliveTime: number;
  readonly connectDelay: number;
  readonly connectRetry: number;
  readonly errorWait: readonly [number, number];
  readonly errorForget: number;
  readonly gracefulRestart: "off" | "aware" | "on";
  readonly gracefulTime: number;
  readonly longLived: boolean;
  readonly capabilities: boolean;
  readonly as4: boolean;
  readonly refresh: boolean;
  readonly interpretCommunities: boolean;
  readonly deterministicMed: boolean;
  readonly medMetric: boolean;
  readonly igpMetric: boolean;
  readonly preferOlder: boolean;
  readonly comparePathLengths: boolean;
  readonly defaultMed: number;
  readonly defaultLocalPref: number;
  readonly allowLocalAs: number;
  readonly allowLocalPref: boolean;
  readonly checkLink: boolean;
  readonly disableAfterError: boolean;
}

export type ProtocolConfig = DeviceConfig | DirectConfig | KernelConfig | StaticConfig | BgpConfig;

export interface BirdConfig {
  /** "" : the lowest address of the machine's devices */
  readonly routerId: string;
  readonly hostname: string;
  readonly tables: readonly { readonly name: string; readonly family: 4 | 6 }[];
  readonly protocols: readonly ProtocolConfig[];
  /** the same by name */
  readonly named: Readonly<Record<string, ProtocolConfig>>;
  readonly functions: Readonly<Record<string, FunctionTree>>;
  readonly constants: Readonly<Record<string, Expression>>;
  /** seconds */
  readonly gracefulWait: number;
}
