/** What a walk is made of: plain records, the same in JSON, in text and for programs. Times are ns since boot. */

/** A packet's header as it was at one instant. Ports of ICMP echoes are identifier and sequence. */
export interface PacketView {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
  /** tcp, udp, icmp, arp ... */
  readonly proto: string;
  readonly ttl: number;
  /** bytes of the IP packet */
  readonly length: number;
  /** TCP flags as tcpdump writes them: "S", "SA", "PA" ... */
  readonly flags?: string;
  readonly mark?: string;
  /** the packet inside a tunnel's outer one */
  readonly inner?: PacketView;
}

/** Why something was written, down to the line of a manifest. */
export interface CauseView {
  readonly object: string;
  readonly path: string;
  readonly model: string;
  readonly file?: string;
  readonly line?: number;
}

/** One thing that happened to a packet. */
export type WalkStep =
  | { readonly kind: "socket"; readonly action: "send" | "deliver" }
  | { readonly kind: "device"; readonly action: "in" | "out" }
  | { readonly kind: "link"; readonly delay: number; readonly bytes: number }
  | { readonly kind: "bridge"; readonly action: "learn" | "forward" | "flood" | "up"; readonly port?: string; readonly copies?: number }
  | { readonly kind: "route"; readonly result: "forward" | "local" | "none"; readonly route: string; readonly via?: string; readonly cause?: CauseView }
  | { readonly kind: "neighbour"; readonly state: "known" | "waiting" | "failed"; readonly address: string; readonly mac?: string }
  | { readonly kind: "chain"; readonly event: "enter" | "rule" | "return" | "policy"; readonly hook: string; readonly table: string; readonly chain: string; readonly rule: number; readonly text: string; readonly cause?: CauseView }
  | { readonly kind: "policy"; readonly policy: string; readonly path: string; readonly file?: string; readonly line?: number; readonly text: string }
  | { readonly kind: "conntrack"; readonly event: "new" | "found" | "confirmed" | "invalid" | "untracked"; readonly state?: string; readonly original?: string; readonly reply?: string }
  | { readonly kind: "ipvs"; readonly event: "new" | "found" | "no-server"; readonly scheduler?: string; readonly cause?: CauseView }
  | { readonly kind: "rewrite"; readonly field: "source" | "destination" | "mark"; readonly before: string; readonly after: string }
  | { readonly kind: "tunnel"; readonly action: "encapsulate" | "decapsulate"; readonly type: "vxlan" | "ipip" | "wireguard"; readonly vni: number; readonly remote?: string }
  | { readonly kind: "ttl"; readonly ttl: number }
  | { readonly kind: "fragment"; readonly pieces: number }
  | { readonly kind: "answer"; readonly what: "icmp-error" | "tcp-reset"; readonly type?: number; readonly code?: number }
  | { readonly kind: "end"; readonly result: "delivered" | "consumed" | "dropped"; readonly reason: string; readonly meaning: string };

/** What happened between one device and the next. */
export interface Hop {
  readonly time: number;
  readonly node: string;
  readonly netns: string;
  readonly device: string;
  readonly direction: "in" | "out" | "local";
  readonly steps: readonly WalkStep[];
  readonly packet: PacketView;
}

/** How a packet's way ended. */
export interface PathEnd {
  readonly result: "delivered" | "consumed" | "dropped" | "in-flight";
  /** drop reason word; "" where it was delivered */
  readonly reason: string;
  readonly meaning: string;
  readonly node: string;
  readonly netns: string;
  readonly device: string;
  /** the packet as it was then; missing where no packet was ever made */
  readonly packet?: PacketView;
  readonly cause?: CauseView;
  /** the rule that dropped it */
  readonly rule?: { readonly table: string; readonly chain: string; readonly number: number; readonly text: string };
}

/** The way of one packet. */
export interface Path {
  readonly packet: PacketView;
  readonly hops: readonly Hop[];
  readonly end: PathEnd;
}

/** One end of a walk. */
export interface Party {
  /** as it was asked for */
  readonly asked: string;
  readonly kind: "pod" | "node" | "internet" | "address" | "name";
  /** "shop/web-0", a node's name, an address, a name */
  readonly name: string;
  readonly address?: string;
  readonly node?: string;
}

/** One name that the client asked for, with the way of its first question and of the answer. */
export interface LookupWalk {
  readonly name: string;
  readonly type: string;
  readonly server: string;
  /** NOERROR, NXDOMAIN, ...; "" without an answer */
  readonly rcode: string;
  readonly addresses: readonly string[];
  readonly query: Path;
  readonly reply?: Path;
}

/** The fate of a connection's first packet; `timeout` only where nothing was lost and nobody answered. */
export type Verdict = "delivered" | "dropped" | "rejected" | "timeout" | "unresolved";

/** The end of a walk: where and why, and what was to blame besides. */
export interface WalkEnd extends PathEnd {
  /** policies that isolate the pod as well, when `cause` is one of several */
  readonly also?: readonly CauseView[];
}

/** What became of one connection, from the name that was typed to the answer. */
export interface Walk {
  readonly verdict: Verdict;
  readonly from: Party;
  readonly to: Party;
  readonly protocol: string;
  readonly port: number;
  /** what the client program was told: "", ECONNREFUSED, ETIMEDOUT ... */
  readonly errno: string;
  readonly lookups: readonly LookupWalk[];
  /** the way of the connection's first packet */
  readonly hops: readonly Hop[];
  readonly end: WalkEnd;
  /** the way of the first packet that came back, or tried to */
  readonly reply?: Path;
  /** what the peer said */
  readonly answer: string;
  readonly notes: readonly string[];
  readonly fingerprint: string;
}
