/** What all sockets do to send: a packet record with its source, route and DF bit chosen as ip_queue_xmit and ip_make_skb do. */
import { ERRNO } from "../errno.js";
import { IP_FLAG } from "../../packet/columns.js";
import { layPieces } from "../fragment.js";
import { isMtuLocked } from "../path-mtu.js";
import { routeOutput } from "../route-output.js";
import type { Stack } from "../stack.js";

const TTL = 64;

/** A packet of this namespace from `src` (0: by route) to `dst`; length and protocol fields are the caller's to fill. */
export function makeLocal(s: Stack, src: number, dst: number, proto: number, sock: number): number {
  const p = s.packets.alloc();
  const c = s.packets.c;
  c.src[p] = src;
  c.dst[p] = dst;
  c.proto[p] = proto;
  c.ttl[p] = TTL;
  c.etherType[p] = s.book.is4(dst) ? 0x0800 : 0x86dd;
  c.sock[p] = sock;
  return p;
}

/**
 * Routes the packet and sends it through OUTPUT. `fragment`: "never" sets DF and refuses what is too long; "fits" sets DF
 * only on packets that fit (Linux's default for UDP); "allow" never sets it. Returns 0 or an errno; the packet is used up.
 */
export function sendLocal(s: Stack, p: number, ns: number, fragment: "never" | "fits" | "allow"): number {
  const c = s.packets.c;
  const errno = routeOutput(s, p, ns, 0);
  if (errno !== 0) {
    s.packets.release(p);
    return errno;
  }
  const fits = c.ipLen[p]! <= c.rtMtu[p]!;
  if (!fits && fragment === "never") {
    s.packets.release(p);
    return ERRNO.EMSGSIZE;
  }
  if (!fits) layPieces(s, p, c.rtMtu[p]!);
  if (fragment === "never" || (fits && fragment === "fits" && !isMtuLocked(s, ns, c.dst[p]!))) c.frag[p] = IP_FLAG.DF;
  else c.ipId[p] = s.sock.ids = (s.sock.ids + 1) & 0xffff;
  return s.op.ipLocalOut(p, ns);
}

/** What a program hears of that: of a loss on the cable nothing, unless its socket asks for errors. */
export function heard(errno: number): number {
  return errno === ERRNO.ENOBUFS ? 0 : errno;
}
