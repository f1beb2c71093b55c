import type { NftCommand } from "../nf/nft/nft-doc.js";
import type { NftTableAct } from "./nft-act.js";
import type { RestoreDoc } from "../nf/restore-doc.js";
import type { IpvsAct } from "./ipvs-act.js";
import type { QdiscAdd, QdiscDel } from "./qdisc-act.js";
import type { IpipAct, VxlanAct, WireguardSet } from "./tunnel-act.js";

/** What every act may carry: a row of the cause table, and nothing else in common. */
interface Caused {
  readonly cause?: number;
}

interface InNamespace extends Caused {
  /** namespace row */
  readonly ns: number;
}

/** `ip netns add`, with the label of the machine it is on. */
export interface NetnsAdd extends Caused {
  readonly verb: "netns-add";
  readonly node: number;
  readonly name: string;
}

/** `ip netns del` of a namespace without processes: its devices go with it. */
export interface NetnsDel extends InNamespace {
  readonly verb: "netns-del";
}

/** Kinds of device that `link-add` makes; `lo` is made with its namespace. */
export type LinkKind = "veth" | "bridge" | "vxlan" | "uplink" | "dummy" | "ipip" | "wireguard" | "ifb";

/** The other end of a veth or uplink. */
export interface LinkPeer {
  /** namespace row, the device's own unless given */
  readonly ns?: number;
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
}

/** What a cable does: ns, bits per second (0 no limit), chance of loss 0 to 1. */
export interface CableAct {
  readonly delay?: number;
  readonly rate?: number;
  readonly loss?: number;
}

/** `ip link add`. */
export interface LinkAdd extends InNamespace {
  readonly verb: "link-add";
  readonly name: string;
  readonly kind: LinkKind;
  readonly mac?: string;
  readonly mtu?: number;
  readonly peer?: LinkPeer;
  readonly vxlan?: VxlanAct;
  readonly ipip?: IpipAct;
  /** ageing in ns */
  readonly bridge?: { readonly ageing?: number };
  readonly link?: CableAct;
  readonly up?: boolean;
}

/** `ip link set` and `bridge link set`; what is left out stays as it is. */
export interface LinkSet extends InNamespace {
  readonly verb: "link-set";
  readonly name: string;
  readonly up?: boolean;
  readonly mac?: string;
  readonly mtu?: number;
  /** bridge to become a port of; null: `nomaster` */
  readonly master?: string | null;
  /** namespace row to move to */
  readonly netns?: number;
  readonly rename?: string;
  readonly hairpin?: boolean;
  readonly learning?: boolean;
  readonly flood?: boolean;
  readonly promisc?: boolean;
  readonly link?: CableAct;
  readonly ageing?: number;
}

/** `ip link del`. */
export interface LinkDel extends InNamespace {
  readonly verb: "link-del";
  readonly name: string;
}

/** `ip addr add|del|replace`; `addr` is address/prefix. */
export interface AddrChange extends InNamespace {
  readonly verb: "addr-add" | "addr-del" | "addr-replace";
  readonly dev: string;
  readonly addr: string;
  readonly scope?: "global" | "link" | "host";
  readonly broadcast?: string;
  readonly nodad?: boolean;
}

/** `ip addr flush`. */
export interface AddrFlush extends InNamespace {
  readonly verb: "addr-flush";
  readonly dev: string;
}

/** Types of route by the words of `ip route`. */
export type RouteType = "unicast" | "blackhole" | "unreachable" | "prohibit" | "throw" | "local" | "broadcast";

/** `ip route ...`; `dst` is "default" or a CIDR, `table` a number (254 main). */
export interface RouteChange extends InNamespace {
  readonly verb: "route-add" | "route-replace" | "route-append" | "route-del";
  readonly dst: string;
  readonly table?: number;
  readonly type?: RouteType;
  readonly via?: string;
  readonly dev?: string;
  readonly src?: string;
  readonly metric?: number;
  readonly onlink?: boolean;
  readonly scope?: "global" | "link" | "host";
  /** "kernel", "boot", "static", "bird", ... or a number */
  readonly proto?: string;
  readonly mtu?: number;
  readonly nexthops?: readonly { readonly via?: string; readonly dev?: string; readonly weight?: number; readonly onlink?: boolean }[];
}

/** `ip route flush`. */
export interface RouteFlush extends InNamespace {
  readonly verb: "route-flush";
  readonly family?: 4 | 6;
  readonly table?: number;
  readonly dev?: string;
  readonly dst?: string;
  readonly proto?: string;
}

/** `ip rule add|del`. */
export interface RuleChange extends InNamespace {
  readonly verb: "rule-add" | "rule-del";
  readonly family?: 4 | 6;
  readonly pref?: number;
  readonly from?: string;
  readonly to?: string;
  readonly fwmark?: number;
  readonly mask?: number;
  readonly iif?: string;
  readonly oif?: string;
  readonly table?: number;
  readonly not?: boolean;
  readonly type?: "table" | "blackhole" | "unreachable" | "prohibit";
}

/** `ip neigh add|replace|del`. */
export interface NeighChange extends InNamespace {
  readonly verb: "neigh-add" | "neigh-replace" | "neigh-del";
  readonly dev: string;
  readonly addr: string;
  readonly mac?: string;
  /** permanent unless given, as the tool */
  readonly state?: "permanent" | "reachable" | "stale" | "noarp";
}

/** `bridge fdb append|add|replace|del`; self (the device's own table) unless `master` is true. */
export interface FdbChange extends InNamespace {
  readonly verb: "fdb-append" | "fdb-add" | "fdb-replace" | "fdb-del";
  readonly dev: string;
  readonly mac: string;
  /** VXLAN: the other end of the tunnel */
  readonly dst?: string;
  readonly master?: boolean;
  readonly self?: boolean;
  /** bridge table: `static` instead of permanent */
  readonly state?: "permanent" | "static" | "dynamic";
}

/** `nft -f` on one table. */
export interface NftAct extends InNamespace {
  readonly verb: "nft";
  readonly family: "ip" | "ip6";
  readonly table: string;
  readonly commands: readonly NftCommand[];
}

/** `sysctl -w`. */
export interface SysctlSet extends InNamespace {
  readonly verb: "sysctl";
  readonly key: string;
  readonly value: string;
}

/** The tables of iptables. */
export type TableName = "raw" | "mangle" | "nat" | "filter" | "security";

/** One `iptables` command; `spec` is the rule's words without the chain, as `iptables -S` prints them. */
export interface IptablesAct extends InNamespace {
  readonly verb: "iptables";
  readonly family: 4 | 6;
  readonly table: TableName;
  readonly op: "append" | "insert" | "delete" | "replace" | "new-chain" | "delete-chain" | "flush" | "policy" | "rename-chain" | "zero" | "check";
  /** left out: every chain (flush, delete-chain, zero) */
  readonly chain?: string;
  readonly spec?: string;
  /** rule number, counted from 1 */
  readonly at?: number;
  readonly policy?: "ACCEPT" | "DROP";
  /** new name of a chain */
  readonly to?: string;
  /** whose words an error speaks; nft unless given */
  readonly flavour?: "nft" | "legacy";
}

/** `iptables-restore`. */
export interface IptablesRestore extends InNamespace {
  readonly verb: "iptables-restore";
  readonly family: 4 | 6;
  readonly doc: RestoreDoc;
  /** whose words an error speaks; nft unless given */
  readonly flavour?: "nft" | "legacy";
  readonly noflush?: boolean;
  readonly counters?: boolean;
}

/** `ipset`. */
export interface IpsetAct extends InNamespace {
  readonly verb: "ipset";
  readonly op: "create" | "add" | "del" | "flush" | "destroy" | "swap" | "rename";
  /** left out: every set (flush, destroy) */
  readonly name?: string;
  readonly type?: string;
  readonly family?: 4 | 6;
  /** words after the type or entry, `["maxelem", "1024"]` */
  readonly options?: readonly string[];
  readonly entry?: string;
  /** second name of swap and rename */
  readonly to?: string;
  /** `-exist` */
  readonly exist?: boolean;
}

/** `conntrack -D`; an empty filter: `conntrack -F`. */
export interface ConntrackDelete extends InNamespace {
  readonly verb: "conntrack-delete";
  readonly filter: {
    readonly family?: 4 | 6;
    readonly proto?: string;
    readonly origSrc?: string;
    readonly origDst?: string;
    readonly replySrc?: string;
    readonly replyDst?: string;
    readonly sport?: number;
    readonly dport?: number;
    readonly dstNat?: string;
    readonly srcNat?: string;
    readonly mark?: number;
  };
}

/** One thing done to a kernel: a plain frozen record, addresses and MACs as text, devices by name. */
export type Act =
  | NetnsAdd
  | NetnsDel
  | LinkAdd
  | LinkSet
  | LinkDel
  | AddrChange
  | AddrFlush
  | RouteChange
  | RouteFlush
  | RuleChange
  | NeighChange
  | FdbChange
  | SysctlSet
  | IptablesAct
  | IptablesRestore
  | IpsetAct
  | NftAct
  | NftTableAct
  | IpvsAct
  | WireguardSet
  | QdiscAdd
  | QdiscDel
  | ConntrackDelete;

/** Why an act was refused: the errno's name and the line the real tool prints. */
export interface ActError {
  readonly errno: string;
  readonly message: string;
}

/** null: done. */
export type ActResult = ActError | null;

/** errno names with strerror's words, as iproute2 prints them. */
const WORDS: Readonly<Record<string, string>> = Object.freeze({
  EPERM: "Operation not permitted",
  ENOENT: "No such file or directory",
  ESRCH: "No such process",
  EEXIST: "File exists",
  ENODEV: "No such device",
  EINVAL: "Invalid argument",
  EBUSY: "Device or resource busy",
  ENOBUFS: "No buffer space available",
  ENETDOWN: "Network is down",
  ENETUNREACH: "Network is unreachable",
  EHOSTUNREACH: "No route to host",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EADDRINUSE: "Address already in use",
  EOPNOTSUPP: "Operation not supported",
  EAFNOSUPPORT: "Address family not supported by protocol",
  ELOOP: "Too many levels of symbolic links",
  ERANGE: "Numerical result out of range",
});

/** The refusal that netlink's answer becomes in iproute2: `RTNETLINK answers: File exists`. */
export function rtnetlinkError(errno: string): ActError {
  return { errno, message: `RTNETLINK answers: ${WORDS[errno] ?? errno}` };
}

/** The refusal with the kernel's own sentence: `Error: Nexthop has invalid gateway.`. */
export function extackError(errno: string, sentence: string): ActError {
  return { errno, message: `Error: ${sentence}.` };
}

/** What iproute2 says itself before it asks the kernel: `Cannot find device "eth9"`. */
export function noDevice(name: string): ActError {
  return { errno: "ENODEV", message: `Cannot find device "${name}"` };
}

/** What sysctl says of a key that no kernel file stands for. */
export function noSysctl(key: string): ActError {
  return { errno: "ENOENT", message: `sysctl: cannot stat /proc/sys/${key.replaceAll(".", "/")}: No such file or directory` };
}
