/**
 * ICMPv6 redirects that a router sends (ndisc_send_redirect, net/ipv6/ndisc.c; RFC 4861 section 4.5): the sender of a packet that leaves by
 * the device it came in by could have gone straight. Hosts here do not act on them. The quoted packet's bytes are zeros.
 */
import { ETHERTYPE, PROTO } from "../base/codes.js";
import { isLinkLocal } from "./address6.js";
import { fibLookup } from "./fib.js";
import { redirect6Allowed } from "./icmp-limit.js";
import { ICMP6 } from "./icmp6-codes.js";
import { neighbourOf } from "./neigh.js";
import { NUD } from "./neigh-table.js";
import type { Stack } from "./stack.js";

const HOP_LIMIT = 255;
/** IPv6 header, and the message up to its options: target and destination. */
const HEADERS = 80;
const OPTION = 8;
const LARGEST = 1280;
const TARGET_MAC_OPTION = 2;
const QUOTE_OPTION = 4;

/** Tells the sender of `p`, which stays the caller's and is on its way to `rtDev`, about a shorter way on `dev`. */
export function sendRedirect6(s: Stack, p: number, ns: number, dev: number): void {
  const c = s.packets.c;
  const to = c.src[p]!;
  const target = c.rtVia[p]! !== 0 ? c.rtVia[p]! : c.dst[p]!;
  const from = s.devInfo.get(dev)!.addresses.find((a) => a.scope === "link" && s.book.family[a.addr] === 6)?.addr ?? 0;
  if (from === 0 || (target !== c.dst[p] && !isLinkLocal(s, target))) return;
  // The device is but a wish where a source is given (RT6_LOOKUP_F_IFACE).
  const back = fibLookup(s, ns, to, from, 0, 0, 0);
  if (back === null || back.hops.length === 0 || back.hops[0]!.via !== 0 || !redirect6Allowed(s, ns, c.dst[p]!, to)) return;
  const row = neighbourOf(s, c.rtDev[p]!, target);
  const known = (s.neigh.rows.c.state[row]! & NUD.valid) !== 0;
  const options = known ? OPTION : 0;
  const quote = Math.min(LARGEST - HEADERS - options, c.ipLen[p]! + OPTION) & ~7;
  const r = s.packets.alloc();
  const k = s.packets.c;
  k.etherType[r] = ETHERTYPE.IPV6;
  k.src[r] = from;
  k.dst[r] = to;
  k.proto[r] = PROTO.ICMP6;
  k.ttl[r] = HOP_LIMIT;
  k.icmpType[r] = ICMP6.redirect;
  k.parent[r] = k.id[p]!;
  k.payload[r] = s.payloads.put(body(s, target, k.dst[p]!, known ? s.neigh.rows.c.mac[row]! : -1, quote));
  k.payLen[r] = 32 + options + quote;
  k.ipLen[r] = HEADERS + options + quote;
  k.rtType[r] = back.type;
  k.rtDev[r] = back.hops[0]!.dev;
  k.rtMtu[r] = s.dev.c.mtu[back.hops[0]!.dev]!;
  s.op.ipLocalOut(r, ns);
}

/** Target, destination and options; `mac` -1: not known. */
function body(s: Stack, target: number, dst: number, mac: number, quote: number): Uint8Array {
  const bytes = new Uint8Array(32 + (mac < 0 ? 0 : OPTION) + quote);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < 4; k++) {
    view.setInt32(4 * k, s.book.words[target * 4 + k]!);
    view.setInt32(16 + 4 * k, s.book.words[dst * 4 + k]!);
  }
  let at = 32;
  if (mac >= 0) {
    view.setUint8(at, TARGET_MAC_OPTION);
    view.setUint8(at + 1, 1);
    view.setUint16(at + 2, Math.floor(mac / 0x100000000));
    view.setUint32(at + 4, mac % 0x100000000);
    at += OPTION;
  }
  view.setUint8(at, QUOTE_OPTION);
  view.setUint8(at + 1, quote / 8);
  return bytes;
}
