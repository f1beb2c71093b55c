/**
 * Asking a set about a packet. What is asked is integers: an address handle or its words, a protocol, a port. The index
 * is derived from the entries when a packet first asks, and dropped by every change.
 */
import { PROTO } from "../../base/codes.js";
import { Lpm4, Lpm6 } from "../../base/lpm.js";
import { IP_FLAG } from "../../packet/columns.js";
import type { Stack } from "../stack.js";
import { type IpSet, SET_TYPES, type SetEntry, type SetIndex } from "./ipset-table.js";

/** Addresses under one key: by handle, or by prefix. */
interface Leaf {
  readonly exact: Map<number, number>;
  lpm4: Lpm4 | null;
  lpm6: Lpm6 | null;
}

interface Index extends SetIndex {
  /** entries by number from 1 */
  readonly entries: (SetEntry | null)[];
  /** by the number that the exact parts of an entry make */
  readonly leaves: Map<number, Leaf>;
}

/** Bit of the first dimension. */
const SOURCE = 1;

/**
 * The entry of set `name` that packet `p` meets, or null; entries with nomatch are answered too. `sides` holds a bit for
 * each dimension, 1 for the source side.
 */
export function findInSet(s: Stack, ns: number, name: number, p: number, sides: number, dims: number): SetEntry | null {
  const set = s.sets.get(ns, name);
  if (set === undefined) return null;
  const type = SET_TYPES[set.options.type]!;
  if (type.name === "list:set") {
    for (const member of set.entries.values()) {
      if (expired(s, member)) continue;
      const found = findInSet(s, ns, member.set, p, sides, dims);
      if (found !== null && !found.nomatch) return member;
    }
    return null;
  }
  if (dims < type.dims || (set.options.family !== 0 && set.options.family !== s.book.family[s.packets.c.src[p]!])) return null;
  for (;;) {
    const entry = lookup(s, set, type.name, p, sides);
    if (entry === null || !expired(s, entry)) return entry;
    forgetExpired(s, set);
  }
}

export function expired(s: Stack, entry: SetEntry): boolean {
  return entry.expires !== 0 && entry.expires <= s.engine.now;
}

/** Takes out what has timed out; nobody can tell when that is done. */
export function forgetExpired(s: Stack, set: IpSet): void {
  if (set.options.timeout < 0) return;
  for (const [text, entry] of set.entries) if (expired(s, entry)) set.own().delete(text);
  set.index = null;
}

/** Protocol and port of a packet as sets see them; ICMP type and code stand for the port; -1: none that a set could hold. */
function portKey(s: Stack, p: number, source: boolean): number {
  const c = s.packets.c;
  const proto = c.proto[p]!;
  if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0) return -1;
  if (proto === PROTO.TCP || proto === PROTO.UDP || proto === PROTO.SCTP) return proto * 65536 + (source ? c.sport[p]! : c.dport[p]!);
  if (proto === PROTO.ICMP || proto === PROTO.ICMP6) return proto * 65536 + c.icmpType[p]! * 256 + c.icmpCode[p]!;
  return proto * 65536;
}

function lookup(s: Stack, set: IpSet, type: string, p: number, sides: number): SetEntry | null {
  const c = s.packets.c;
  const index = indexOf(s, set, type);
  const first = (sides & SOURCE) !== 0 ? c.src[p]! : c.dst[p]!;
  switch (type) {
    case "hash:ip":
      return leafFind(s, index, 0, set.options.netmask === 0 ? first : underMask(s, first, set.options.netmask));
    case "hash:net":
      return leafFind(s, index, 0, first);
    case "hash:mac":
      return (sides & SOURCE) !== 0 ? at(index, index.leaves.get(c.macSrc[p]!), 0) : null;
    case "bitmap:port": {
      const port = portKey(s, p, (sides & SOURCE) !== 0);
      return port < 0 ? null : at(index, index.leaves.get(port % 65536), 0);
    }
    default: {
      const port = portKey(s, p, (sides & 2) !== 0);
      if (port < 0) return null;
      if (type === "hash:net,port") return leafFind(s, index, port, first);
      if (type === "hash:ip,port") return at(index, index.leaves.get(first * PORTS + port), 0);
      return leafFind(s, index, first * PORTS + port, (sides & 4) !== 0 ? c.src[p]! : c.dst[p]!);
    }
  }
}

/** 2^24: protocol and port. */
const PORTS = 0x1000000;

function at(index: Index, leaf: Leaf | undefined, key: number): SetEntry | null {
  return index.entries[leaf?.exact.get(key) ?? 0] ?? null;
}

function leafFind(s: Stack, index: Index, key: number, addr: number): SetEntry | null {
  const leaf = index.leaves.get(key);
  if (leaf === undefined) return null;
  const exact = leaf.exact.get(addr);
  if (exact !== undefined) return index.entries[exact]!;
  const { words } = s.book;
  if (leaf.lpm4 !== null) return index.entries[leaf.lpm4.lookup(words[addr * 4]!)] ?? null;
  if (leaf.lpm6 !== null) return index.entries[leaf.lpm6.lookup(words, addr * 4)] ?? null;
  return null;
}

function underMask(s: Stack, addr: number, netmask: number): number {
  const { words } = s.book;
  if (s.book.is4(addr)) return s.book.v4(words[addr * 4]! & (-1 << (32 - netmask)));
  const part = (i: number): number => words[addr * 4 + i]! & (netmask >= 32 * (i + 1) ? -1 : netmask <= 32 * i ? 0 : -1 << (32 * (i + 1) - netmask));
  return s.book.v6(part(0), part(1), part(2), part(3));
}

function indexOf(s: Stack, set: IpSet, type: string): Index {
  if (set.index !== null) return set.index as Index;
  const index: Index = { made: true, entries: [null], leaves: new Map() };
  for (const entry of set.entries.values()) {
    const number = index.entries.push(entry) - 1;
    put(s, index, entry, number, type, set.options.family === 6 ? 6 : 4);
  }
  set.index = index;
  return index;
}

function put(s: Stack, index: Index, e: SetEntry, number: number, type: string, family: 4 | 6): void {
  const addr = (words: SetEntry["words"]): number => (family === 4 ? s.book.v4(words[0]) : s.book.v6(words[0], words[1], words[2], words[3]));
  const port = e.proto * 65536 + e.port;
  if (type === "hash:ip") leafOf(index, 0).exact.set(addr(e.words), number);
  else if (type === "hash:net") putNet(leafOf(index, 0), e.words, e.prefix, number, family, addr);
  else if (type === "hash:mac") leafOf(index, e.mac).exact.set(0, number);
  else if (type === "bitmap:port") leafOf(index, e.port).exact.set(0, number);
  else if (type === "hash:net,port") putNet(leafOf(index, port), e.words, e.prefix, number, family, addr);
  else {
    const leaf = leafOf(index, addr(e.words) * PORTS + port);
    if (type === "hash:ip,port") leaf.exact.set(0, number);
    else putNet(leaf, e.words2, e.prefix2, number, family, addr);
  }
}

function leafOf(index: Index, key: number): Leaf {
  let leaf = index.leaves.get(key);
  if (leaf === undefined) {
    leaf = { exact: new Map(), lpm4: null, lpm6: null };
    index.leaves.set(key, leaf);
  }
  return leaf;
}

function putNet(leaf: Leaf, words: SetEntry["words"], prefix: number, number: number, family: 4 | 6, addr: (words: SetEntry["words"]) => number): void {
  if (prefix === (family === 4 ? 32 : 128)) leaf.exact.set(addr(words), number);
  else if (family === 4) (leaf.lpm4 ??= new Lpm4()).insert(words[0], prefix, number);
  else (leaf.lpm6 ??= new Lpm6()).insert(words[0], words[1], words[2], words[3], prefix, number);
}
