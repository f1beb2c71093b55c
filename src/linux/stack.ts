/**
 * The simulated kernels of one world: every namespace, device, neighbour, flow and socket is a row here.
 *
 * Heads-up: a `Stack` is only tables and slots. Behaviour lives in the files named after the kernel's own functions
 * (`ip-input.ts` is net/ipv4/ip_input.c, `dev/bridge.ts` is net/bridge/, ...) as functions that take the stack. Files
 * would have to import each other in circles (an ICMP error is sent from forwarding, and is itself output), so the calls
 * that go against the grain pass through `Ops`, filled in once by `createStack` in `boot.ts`, as the kernel's own
 * function tables are (net_protocol, net_device_ops, nf_hook_entries).
 */
import type { Addr, AddressBook } from "../base/address-book.js";
import type { Cidr } from "../base/cidr.js";
import type { CauseTable } from "../base/causes.js";
import type { Engine } from "../engine/engine.js";
import type { Streams } from "../engine/rng.js";
import { type Columns, Table } from "../engine/table.js";
import type { Packets } from "../packet/packets.js";
import type { Payloads } from "../packet/payload.js";
import type { TraceSink } from "../trace/sink.js";
import { FdbTable } from "./dev/fdb-table.js";
import { FibTables } from "./fib-table.js";
import { FragmentTable } from "./fragment-table.js";
import { GroCellTable } from "./gro-cell-table.js";
import { IpvsTables } from "./ipvs/ipvs-table.js";
import { NeighbourTable } from "./neigh-table.js";
import { ConntrackTable } from "./nf/conntrack-table.js";
import { IpSets } from "./nf/ipset-table.js";
import { NftTables } from "./nf/nft/nft-tables.js";
import { NfTables } from "./nf/table.js";
import type { AppEvent } from "./sock/app-event.js";
import { AppTable } from "./sock/app-table.js";
import { SocketTable } from "./sock/socket-table.js";

/** Kinds of device; the number is stored in `DeviceColumns.kind`. */
export const DEV = Object.freeze({ loopback: 1, veth: 2, bridge: 3, vxlan: 4, uplink: 5, dummy: 6, ipip: 7, wireguard: 8, ifb: 9 } as const);

/** Bits of `DeviceColumns.flags`: administratively up; carrier (lower layer up); bridge port bits; has been up once; has queues (dev/shape.ts). */
export const DEVF = Object.freeze({ up: 1, carrier: 2, hairpin: 4, learning: 8, flood: 16, promisc: 32, used: 64, shaped: 128 } as const);

/** Event kinds of the linux room (1 to 63); see `engine.on`. */
export const EV = Object.freeze({
  /** a packet waits in a device's backlog: a = packet, b = device */
  receive: 1,
  /** a packet arrives over a link with delay: a = packet, b = device */
  arrive: 2,
  /** a neighbour's timer: a = neighbour row, b = generation */
  neighbour: 3,
  /** bridge ageing: a = FDB row, b = generation */
  fdb: 4,
  /** TCP retransmission, delayed or TIME_WAIT timers: a = socket row, b = timer kind and generation */
  tcp: 5,
  /** a flow's timeout: a = conntrack row, b = generation */
  flow: 6,
  /** a program's timer: a = app row, b = the program's own word */
  app: 7,
  /** fragment reassembly timeout: a = queue row, b = generation */
  fragments: 8,
  /** a further piece of a program's own packet: a = packet, b = frames that its device had dropped before the first */
  piece: 9,
  /** the end of an IPVS connection: a = its row */
  ipvs: 10,
  /** a token bucket lets a frame go: a = packet, b = the device whose bucket it is */
  shaped: 11,
  /** what tunnels have unpacked comes in: a = how often others of the same instant went before */
  cells: 12,
} as const);

/** The five hooks of ip and ip6, numbered as NF_INET_*. */
export const HOOK = Object.freeze({ prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const);

/** Bit of a namespace's `hooks` for a hook of ip6. */
export function hook6(hook: number): number {
  return 1 << (8 + hook);
}

/** What a hook, rule or table says; the packet of a drop or a stolen packet is no longer the caller's. */
export const NF = Object.freeze({ drop: 0, accept: 1, stolen: 2 } as const);

/** The columns of a namespace's row and their types. */
export const netnsColumns = {
  /** label of the machine this namespace is on, an index into names kept by whoever builds the world */
  node: "i32",
  /** device row of `lo` */
  lo: "i32",
  ipForward: "u8",
  ip6Forward: "u8",
  /** net.bridge.bridge-nf-call-iptables: bridged IPv4 meets the ip hooks */
  bridgeNf: "u8",
  bridgeNf6: "u8",
  rpFilter: "u8",
  routeLocalnet: "u8",
  arpIgnore: "u8",
  proxyArp: "u8",
  acceptLocal: "u8",
  sendRedirects: "u8",
  /** net.ipv4.icmp_ratemask, default 6168 */
  icmpRatemask: "i32",
  /** net.ipv4.icmp_ratelimit in ms, default 1000 */
  icmpRatelimit: "i32",
  /** bit h set: something is registered at ip hook h, so `Ops.hook` must be asked; bit 8 + h: ip6; bits 16 and 17: IPVS is among them (ipvs/ipvs-hooks.ts) */
  hooks: "i32",
  /** conntrack has been asked for in this namespace (nat table, conntrack match or target) */
  tracking: "u8",
  disableIp6: "u8",
  /** last interface index given out */
  lastIndex: "i32",
} as const;

/** The columns of a device's row and their types. */
export const deviceColumns = {
  ns: "i32",
  kind: "u8",
  flags: "u8",
  mtu: "i32",
  mac: "f64",
  /** veth and uplink: the other end; vxlan: lower device */
  peer: "i32",
  /** bridge this device is a port of, 0 if none */
  master: "i32",
  rpFilter: "u8",
  routeLocalnet: "u8",
  arpIgnore: "u8",
  proxyArp: "u8",
  rxPackets: "f64",
  rxBytes: "f64",
  rxDropped: "f64",
  txPackets: "f64",
  txBytes: "f64",
  txDropped: "f64",
  txErrors: "f64",
  txCarrier: "f64",
  collisions: "f64",
  /** uplink: when the last bit of what waits has left, ns */
  busyUntil: "f64",
  /** NUD reachable time of this device, ns, and when it was drawn (0: not yet) */
  reachable: "f64",
  reachableDrawn: "f64",
} as const;

/** Namespace columns: sysctls as numbers, defaults set by `netnsAdd`. */
export type NetnsColumns = Columns<typeof netnsColumns>;
/** Device columns: what a packet's path reads and counts. Names, addresses and options are cold, in `DeviceInfo`. */
export type DeviceColumns = Columns<typeof deviceColumns>;

/** The cold half of a namespace, replaced whole. */
export interface NetnsInfo {
  readonly name: string;
  /** device rows by name */
  readonly devices: ReadonlyMap<string, number>;
  /** those of `devices` that are tunnels: who listens for tunnelled frames and packets */
  readonly tunnels?: readonly number[];
  /** row of `tunl0`, which ipip puts into every namespace of a machine once it is loaded */
  readonly fallback?: number;
  /** sysctls that no column holds, by dotted key */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** One address of a device, as `ip addr` has it. */
export interface InterfaceAddress {
  readonly addr: Addr;
  readonly prefix: number;
  readonly secondary: boolean;
  readonly scope: "global" | "link" | "host";
  /** set only where somebody gave one */
  readonly broadcast?: Addr;
  /** given with `nodad`, which `ip addr` repeats */
  readonly nodad?: boolean;
  readonly cause: number;
}

/** The cold half of a device, replaced whole. */
export interface DeviceInfo {
  readonly name: string;
  readonly index: number;
  readonly addresses: readonly InterfaceAddress[];
  readonly vxlan?: VxlanOptions;
  readonly ipip?: IpipOptions;
  readonly wireguard?: WireguardOptions;
  /** what frames wait for on their way out */
  readonly tbf?: TokenBucket;
  /** row of the ifb device that everything coming in goes through first */
  readonly redirect?: number;
  readonly link?: LinkOptions;
  readonly bridge?: BridgeOptions;
  /** bridge: its ports, the one that joined last first */
  readonly ports?: readonly number[];
  /** port of a bridge: its number there, from 1 */
  readonly portNumber?: number;
  /** bridge: its MAC was given, not taken from a port (NET_ADDR_SET) */
  readonly macGiven?: boolean;
  /** bridge: its MTU was given and follows no port */
  readonly mtuGiven?: boolean;
  /** addresses that programs answer ARP for here */
  readonly arpAnswers?: readonly { readonly addr: Addr; readonly app: number }[];
  readonly cause: number;
}

/** Settings of a VXLAN device. */
export interface VxlanOptions {
  readonly vni: number;
  readonly port: number;
  readonly local: Addr;
  readonly learning: boolean;
  /** default destination (`remote`), 0 if none */
  readonly remote: Addr;
  /** range of outer source ports, from `net.ipv4.ip_local_port_range` unless `srcport` was given */
  readonly sourcePorts: readonly [number, number];
}

/** Settings of an IP in IP tunnel. */
export interface IpipOptions {
  /** 0: any */
  readonly local: Addr;
  /** 0: any; the next hop of the route says where to (NBMA) */
  readonly remote: Addr;
  /** interface index of the device that outer packets are bound to, 0 if none */
  readonly link: number;
  /** 0: that of the packet inside */
  readonly ttl: number;
  /** TOS byte; 1: that of the packet inside */
  readonly tos: number;
  /** outer packets are not to be fragmented */
  readonly pmtudisc: boolean;
}

/** Settings of a WireGuard device; keys are 32 bytes in base 64, "" while there is none. */
export interface WireguardOptions {
  readonly privateKey: string;
  readonly publicKey: string;
  /** UDP port it listens on */
  readonly port: number;
  readonly peers: readonly WireguardPeer[];
}

/** The other end of a WireGuard tunnel. */
export interface WireguardPeer {
  readonly publicKey: string;
  /** 0 while nobody knows where it is */
  readonly endpoint: Addr;
  readonly endpointPort: number;
  /** addresses behind it */
  readonly allowed: readonly Cidr[];
}

/** A token bucket: rate in bytes a second, sizes in bytes; what is in it at some time, and how much waits for it. */
export interface TokenBucket {
  readonly rate: number;
  readonly burst: number;
  readonly limit: number;
  readonly tokens: number;
  /** ns; after it nothing that is known will be taken out */
  readonly at: number;
  readonly backlog: number;
}

/** Settings of a bridge. */
export interface BridgeOptions {
  /** ns, 300 s unless set */
  readonly ageing: number;
}

/** What an uplink's cable does to a packet; the stream that draws losses is named by the device. */
export interface LinkOptions {
  /** ns */
  readonly delay: number;
  /** bits per second, 0 = no limit */
  readonly rate: number;
  /** chance of loss, 0 to 1 */
  readonly loss: number;
}

/**
 * Calls between the kernel's layers. `p` is a packet row and passes into the callee's hands (it releases or stores it)
 * unless a line says otherwise.
 */
export interface Ops {
  /** netif_receive_skb: a frame has come in at `dev`. */
  receive(p: number, dev: number): void;
  /** dev_queue_xmit: a frame with its MACs leaves by `dev`. */
  transmit(p: number, dev: number): void;
  /** ip_finish_output2: find the neighbour of `nextHop` at `dev`, then transmit, or park the packet. */
  neighbourOutput(p: number, dev: number, nextHop: Addr): void;
  /** ip_rcv. `dev` is the device the stack sees (a bridge, not its port; the port is in the packet's `physIn`). */
  ipReceive(p: number, dev: number): void;
  /** br_netfilter hands a frame that PREROUTING made local or routed on to the rest of ip_rcv_finish. */
  ipReceiveFinish(p: number, dev: number): void;
  /** ipv6_rcv, as `ipReceive`. */
  ip6Receive(p: number, dev: number): void;
  /** The same for IPv6. */
  ip6ReceiveFinish(p: number, dev: number): void;
  /** ip_local_out: a packet of this host with src, dst, proto, rtDev, rtVia set; runs OUTPUT. 0, or the errno its sender hears. */
  ipLocalOut(p: number, ns: number): number;
  /** ip_output: runs POSTROUTING, fragments, goes to neighbourOutput by the packet's rtDev and rtNext. */
  ipOutput(p: number, ns: number): number;
  /** ip_local_deliver_finish by protocol. */
  localDeliver(p: number, ns: number, dev: number): void;
  /** nf_hook: verdict NF.*; only called when the namespace's `hooks` bit is set. On accept the packet stays the caller's. */
  hook(hook: number, p: number, ns: number, inDev: number, outDev: number): number;
  /** ip_route_me_harder: routes a local packet again after OUTPUT changed it; 0, or why there is no way, and the packet is still the caller's. */
  rerouteOutput(p: number, ns: number): number;
  /** icmp_send about `p`, which stays the caller's. `info` is the rest word (next-hop MTU). */
  icmpError(p: number, ns: number, dev: number, type: number, code: number, info: number): void;
  /** nf_send_reset about `p`, which stays the caller's. */
  sendReset(p: number, ns: number, hook: number): void;
  /** an ICMP error quotes a packet of one of our sockets. `p` is the error, still the caller's. */
  socketError(p: number, ns: number): void;
  /** Something happens to a program's socket or timer. */
  appEvent(app: number, event: AppEvent): void;
  /** Drop: trace reason and release. */
  drop(p: number, ns: number, dev: number, reason: number): void;
}

/** All state and slots of the simulated kernels; made by `createStack`. */
export class Stack {
  readonly ns: Table<typeof netnsColumns> = new Table(netnsColumns, 16);
  readonly dev: Table<typeof deviceColumns> = new Table(deviceColumns, 64);
  readonly nsInfo: Map<number, NetnsInfo> = new Map();
  /** derived from nsInfo: namespace rows by "node/name", and labels of the machines that have loaded ipip */
  readonly nsByName: Map<string, number> = new Map();
  readonly ipipNodes: Set<number> = new Set();
  readonly devInfo: Map<number, DeviceInfo> = new Map();
  readonly fib: FibTables = new FibTables();
  readonly frag: FragmentTable = new FragmentTable();
  readonly cells: GroCellTable = new GroCellTable();
  readonly neigh: NeighbourTable = new NeighbourTable();
  readonly fdb: FdbTable = new FdbTable();
  readonly nf: NfTables = new NfTables();
  readonly nft: NftTables = new NftTables();
  readonly sets: IpSets = new IpSets();
  readonly ct: ConntrackTable = new ConntrackTable();
  readonly ipvs: IpvsTables = new IpvsTables();
  readonly sock: SocketTable = new SocketTable();
  readonly app: AppTable = new AppTable();
  /** null, or where every step of every packet is recorded */
  trace: TraceSink | null = null;
  /** null, or where each recorded step keeps the packet as it was then */
  snapshots: Packets | null = null;
  /** dev_xmit_recursion: devices that the current call is inside of; 0 between events */
  nested = 0;
  /** filled in by createStack before anything runs */
  op!: Ops;

  constructor(
    readonly engine: Engine,
    readonly streams: Streams,
    readonly book: AddressBook,
    readonly causes: CauseTable,
    readonly packets: Packets,
    readonly payloads: Payloads,
  ) {}
}
