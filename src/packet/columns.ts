// The columns of the packet pool. A packet is a row number; a header field is a column. Headers are not nested: an
// encapsulated or quoted packet is a second row, named by `inner`.

/** Columns of 32-bit integers, in slab order. */
export const INT_COLUMNS = [
  "dev",
  "etherType",
  "src",
  "dst",
  "proto",
  "ttl",
  "tos",
  "ipId",
  "frag",
  "ipLen",
  "sport",
  "dport",
  "flags",
  "seq",
  "ack",
  "window",
  "mss",
  "wscale",
  "tsval",
  "tsecr",
  "optLen",
  "icmpType",
  "icmpCode",
  "icmpInfo",
  "target",
  "arpOp",
  "payload",
  "payOff",
  "payLen",
  "csum",
  "l4Len",
  "fragMax",
  "pieces",
  "inner",
  "vni",
  "mark",
  "ct",
  "ctInfo",
  "iif",
  "physIn",
  "physOut",
  "meta",
  "sock",
  "rtDev",
  "rtVia",
  "rtType",
  "rtMtu",
] as const;

/** Columns of doubles: what needs more than 32 bits. */
export const DOUBLE_COLUMNS = ["id", "parent", "macSrc", "macDst", "arpSha", "arpTha"] as const;

/** Name of a column of 32-bit integers. */
export type IntColumn = (typeof INT_COLUMNS)[number];
/** Name of a column of doubles. */
export type DoubleColumn = (typeof DOUBLE_COLUMNS)[number];

const NO_INTS: Int32Array = new Int32Array(0);
const NO_DOUBLES: Float64Array = new Float64Array(0);

/**
 * Every field of every packet: `c.src[p]`. The arrays are replaced when the pool grows, so none may be kept over an `alloc` or `copy`.
 */
export class PacketColumns implements Record<IntColumn, Int32Array>, Record<DoubleColumn, Float64Array> {
  /** Identity, unique in a world; kept by a copy that is the same packet. */
  id: Float64Array = NO_DOUBLES;
  /** Identity of the packet this one was cut or cloned from; 0 if none. */
  parent: Float64Array = NO_DOUBLES;

  /** Device the frame is on (row of linux/). */
  dev: Int32Array = NO_INTS;
  macSrc: Float64Array = NO_DOUBLES;
  macDst: Float64Array = NO_DOUBLES;
  etherType: Int32Array = NO_INTS;

  /** Addr; in ARP the sender's protocol address. */
  src: Int32Array = NO_INTS;
  /** Addr; in ARP the target's protocol address. */
  dst: Int32Array = NO_INTS;
  proto: Int32Array = NO_INTS;
  /** TTL, or IPv6 hop limit. */
  ttl: Int32Array = NO_INTS;
  /** TOS byte, or IPv6 traffic class. */
  tos: Int32Array = NO_INTS;
  /** IPv4 identification, or IPv6 flow label. */
  ipId: Int32Array = NO_INTS;
  /** IPv4 flags << 13 | offset in units of 8 bytes. */
  frag: Int32Array = NO_INTS;
  /** Bytes of the whole IP packet with its header, both families. */
  ipLen: Int32Array = NO_INTS;

  /** Source port; identifier of an ICMP echo. */
  sport: Int32Array = NO_INTS;
  /** Destination port; sequence of an ICMP echo. */
  dport: Int32Array = NO_INTS;
  /** TCP flag bits, TCP_FLAG. */
  flags: Int32Array = NO_INTS;
  /** TCP sequence number, 32 bits in a signed integer. */
  seq: Int32Array = NO_INTS;
  ack: Int32Array = NO_INTS;
  /** TCP window as in the header, not scaled. */
  window: Int32Array = NO_INTS;
  mss: Int32Array = NO_INTS;
  /** TCP window scale shift of a SYN. */
  wscale: Int32Array = NO_INTS;
  tsval: Int32Array = NO_INTS;
  tsecr: Int32Array = NO_INTS;
  /** Bytes of TCP options; with the SYN bit it names the layout, see wire/tcp.ts. */
  optLen: Int32Array = NO_INTS;

  icmpType: Int32Array = NO_INTS;
  icmpCode: Int32Array = NO_INTS;
  /** The four bytes after the ICMP checksum where they are no echo: next-hop MTU, neighbour advertisement flags, ... */
  icmpInfo: Int32Array = NO_INTS;
  /** Addr that a neighbour solicitation or advertisement is about. */
  target: Int32Array = NO_INTS;

  arpOp: Int32Array = NO_INTS;
  /** Sender's MAC in ARP; the link-layer address option of neighbour discovery. */
  arpSha: Float64Array = NO_DOUBLES;
  arpTha: Float64Array = NO_DOUBLES;

  /** Handle into Payloads; 0 stands for zero bytes. */
  payload: Int32Array = NO_INTS;
  /** Where in the payload this packet's bytes begin. */
  payOff: Int32Array = NO_INTS;
  payLen: Int32Array = NO_INTS;
  /** 0: the transport checksum is computed on encode; else 0x10000 | checksum, written as it is (fragments, cut quotes); or CSUM bits. */
  csum: Int32Array = NO_INTS;
  /** In fragments, the bytes of the whole transport datagram: its length and checksum stand in the first. */
  l4Len: Int32Array = NO_INTS;
  /** In packets put together from fragments, bytes of the longest: they leave in such again (frag_max_size). */
  fragMax: Int32Array = NO_INTS;
  /** In packets that were in pieces, handle of the pieces' lengths as 16-bit words in order: they are cut there again (frag_list). */
  pieces: Int32Array = NO_INTS;

  /** Row of the encapsulated packet (VXLAN), or of the packet that an ICMP error quotes; owned by this row. */
  inner: Int32Array = NO_INTS;
  /** VXLAN; below zero: the session of a WireGuard message, whose contents nobody on the way can read. */
  vni: Int32Array = NO_INTS;

  mark: Int32Array = NO_INTS;
  /** Row of conntrack. */
  ct: Int32Array = NO_INTS;
  ctInfo: Int32Array = NO_INTS;
  /** Device the packet came in by. */
  iif: Int32Array = NO_INTS;
  /** Bridge port the frame came in by, while br_netfilter shows it to iptables. */
  physIn: Int32Array = NO_INTS;
  physOut: Int32Array = NO_INTS;
  /** PACKET_META bits. */
  meta: Int32Array = NO_INTS;
  /** Socket that made it. */
  sock: Int32Array = NO_INTS;
  /** Scratch of the routing lookup: output device, next hop (Addr), route type, path MTU. */
  rtDev: Int32Array = NO_INTS;
  rtVia: Int32Array = NO_INTS;
  rtType: Int32Array = NO_INTS;
  rtMtu: Int32Array = NO_INTS;
}

/** Bits of `csum` that say what became of the checksum of a packet made here. */
export const CSUM = {
  /** Rewritten around an inner packet whose own checksum is still left to a device: wrong as soon as that is filled in. */
  STALE: 0x20000,
  /** Does not fit the packet. */
  WRONG: 0x40000,
} as const;

/** Bits of `meta`. */
export const PACKET_META = {
  /** iptables TRACE asked for. */
  NF_TRACE: 1,
  /** DNAT changed the destination of a bridged frame. */
  BRIDGED_DNAT: 2,
  /** Made by a socket or by the kernel of this namespace. */
  LOCAL_OUT: 4,
  /** Frame that a bridge carries while iptables looks at it. */
  BRIDGED: 8,
  /** Destination MAC is another machine's. */
  OTHERHOST: 16,
  /** Frame for the broadcast MAC. */
  BROADCAST: 32,
  /** Frame for a group MAC. */
  MULTICAST: 64,
  /** Has been through a tunnel's transmit: loops are cut by it. */
  ENCAPSULATED: 128,
  /** IPVS has rewritten it, and looks at it no more on this machine. */
  IPVS: 256,
  /** Led from a bridge to its machine with the route that the bridge asked for. */
  ROUTED_BY_BRIDGE: 512,
} as const;

/** TCP flag bits, RFC 9293 3.1. */
export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** IP flags as they stand in `frag`. */
export const IP_FLAG = { DF: 0x4000, MF: 0x2000, OFFSET: 0x1fff } as const;
