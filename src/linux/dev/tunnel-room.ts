/**
 * The memory of a packet that is led into tunnel after tunnel, as NAT can do with a tunnel's own packets. Each tunnel that finds too
 * little room before the packet moves it to a larger buffer, which the allocator makes twice as large as the last one, until there is none (KMALLOC_MAX_SIZE).
 *
 * Kernel: skb_cow in ip_forward, skb_expand_head in ip6_finish_output2, pskb_expand_head and kmalloc_reserve (net/core/skbuff.c);
 * counted on Linux 6.18, whose TCP leaves 192 bytes before a segment.
 */
import { ETHERTYPE, PROTO } from "../../base/codes.js";
import { IP_FLAG, PACKET_META } from "../../packet/columns.js";
import { DEV, type Stack } from "../stack.js";

/** LL_RESERVED_SPACE of a VXLAN device, and what its headers and Ethernet's take of it, by the outer family. */
const WANTED = { 4: 80, 6: 112 } as const;
const TAKEN = { 4: 50, 6: 70 } as const;
/** LL_RESERVED_SPACE of an Ethernet device; MAX_TCP_HEADER; the extra of IPv6's TCP (hop_jumbo_hdr). */
const ETHERNET_ROOM = 16;
const TCP_ROOM = 192;
const TCP6_EXTRA = 8;
const ALIGNMENT = 64;
/** skb_shared_info, SKB_SMALL_HEAD_CACHE_SIZE, and the largest buffer. */
const SHARED_INFO = 320;
const SMALL_HEAD = 576;
const LARGEST = 4 << 20;
/** A packet in fewer tunnels always finds room. */
const FEWEST = 7;

function isTunnel(s: Stack, p: number): boolean {
  const c = s.packets.c;
  return c.proto[p] === PROTO.UDP && c.inner[p] !== 0 && (c.frag[p]! & (IP_FLAG.MF | IP_FLAG.OFFSET)) === 0;
}

/** Bytes that the allocator gives to a buffer of `bytes`, without what it keeps for itself; 0: none is so large. */
function bufferFor(bytes: number): number {
  const all = bytes + SHARED_INFO;
  if (all <= SMALL_HEAD) return SMALL_HEAD - SHARED_INFO;
  const size = 2 ** Math.ceil(Math.log2(all));
  return size > LARGEST ? 0 : size - SHARED_INFO;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** What a packet begins with: room before its IP header, and its buffer. */
function beginning(s: Stack, p: number, first: 4 | 6): { room: number; buffer: number } {
  const c = s.packets.c;
  const isOwn = (c.meta[p]! & PACKET_META.LOCAL_OUT) !== 0;
  const header = c.etherType[p] === ETHERTYPE.IPV6 ? 40 : 20;
  if (c.proto[p] !== PROTO.TCP) {
    const room = isOwn ? WANTED[first] : ETHERNET_ROOM;
    return { room, buffer: bufferFor(c.ipLen[p]! + room + ETHERNET_ROOM - 1) };
  }
  const room = TCP_ROOM - 20 - c.optLen[p]! - header;
  const lacking = isOwn && header === 40 ? TCP6_EXTRA + WANTED[first] - room : 0;
  return lacking <= 0 ? { room, buffer: bufferFor(TCP_ROOM) } : { room: room + aligned(lacking), buffer: bufferFor(bufferFor(TCP_ROOM) + aligned(lacking)) };
}

/** Whether the kernel finds no memory to lead the tunnel's packet `p` into VXLAN device `dev` too. */
export function outgrowsMemory(s: Stack, p: number, dev: number): boolean {
  if (s.packets.c.inner[p] === 0 || s.dev.c.kind[dev] !== DEV.vxlan) return false;
  const families: (4 | 6)[] = [s.book.is4(s.devInfo.get(dev)!.vxlan!.local) ? 4 : 6];
  let innermost = p;
  for (; isTunnel(s, innermost); innermost = s.packets.c.inner[innermost]!) families.push(s.packets.c.etherType[innermost] === ETHERTYPE.IPV6 ? 6 : 4);
  if (families.length <= FEWEST) return false;
  let { room, buffer } = beginning(s, innermost, families.at(-1)!);
  for (const family of families.reverse()) {
    if (room < WANTED[family]) {
      const more = aligned(WANTED[family] - room);
      buffer = bufferFor(buffer + more);
      if (buffer === 0) return true;
      room += more;
    }
    room -= TAKEN[family];
  }
  return false;
}
