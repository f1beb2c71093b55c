/** Prefixes as four int32 words and a length; an IPv4 prefix has its word first and zeros behind it. Read first: RFC 4632, RFC 4291 section 2.3. */
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "./ip.js";

/** An address as four words; an IPv4 one is the first, with zeros behind it. */
export type Words = readonly [w0: number, w1: number, w2: number, w3: number];

/** A prefix: its family, its first address, its length in bits. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly words: Words;
  readonly prefix: number;
}

/** Bits of an address: 32 or 128. */
export function addressBits(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The first `bits` (0 to 32) of a word set. */
export function mask32(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
}

/** Words of an address in strict text, with its family; null if it is none. */
export function parseAddress(text: string): { readonly family: 4 | 6; readonly words: Words } | null {
  const word = parseIPv4(text);
  if (word !== null) return { family: 4, words: [word, 0, 0, 0] };
  const out = new Int32Array(4);
  return parseIPv6(text, out) ? { family: 6, words: wordsOf(out) } : null;
}

/** `address/length`, host bits kept; with `strict` set host bits are refused. Null if it is no prefix. */
export function parseCidr(text: string, options: { readonly strict?: boolean } = {}): Cidr | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const address = parseAddress(text.slice(0, slash));
  if (address === null) return null;
  const length = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length)) return null;
  const prefix = Number(length);
  if (prefix > addressBits(address.family)) return null;
  const cidr: Cidr = { family: address.family, words: address.words, prefix };
  return options.strict === true && !sameWords(masked(cidr).words, cidr.words) ? null : cidr;
}

export function formatWords(family: 4 | 6, words: ArrayLike<number>): string {
  return family === 4 ? formatIPv4(words[0]!) : formatIPv6(words);
}

export function formatCidr(cidr: Cidr): string {
  return `${formatWords(cidr.family, cidr.words)}/${cidr.prefix}`;
}

/** The prefix with its host bits cleared: its first address. */
export function masked(cidr: Cidr): Cidr {
  return { ...cidr, words: mapWords((i) => cidr.words[i]! & wordMask(cidr, i)) };
}

/** Words of the last address; for IPv4 the broadcast address. */
export function lastAddress(cidr: Cidr): Words {
  return mapWords((i) => (cidr.words[i]! & wordMask(cidr, i)) | (i * 32 < addressBits(cidr.family) ? ~wordMask(cidr, i) : 0));
}

/** Whether an address of the same family lies in the prefix; `at` is where its words begin. */
export function contains(cidr: Cidr, words: ArrayLike<number>, at = 0): boolean {
  for (let i = 0, bits = cidr.prefix; bits > 0; i++, bits -= 32) {
    if (((words[at + i]! ^ cidr.words[i]!) & mask32(bits)) !== 0) return false;
  }
  return true;
}

/** Whether every address of `inner` lies in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return outer.family === inner.family && outer.prefix <= inner.prefix && contains(outer, inner.words);
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return covers(a, b) || covers(b, a);
}

/** How many addresses the prefix holds; exact up to 2^53, a power of two beyond. */
export function cidrSize(cidr: Cidr): number {
  return 2 ** (addressBits(cidr.family) - cidr.prefix);
}

/** Words of the nth address from 0, `n` below 2^53; null if the prefix ends before it. */
export function nthAddress(cidr: Cidr, n: number): Words | null {
  if (n < 0 || n >= cidrSize(cidr)) return null;
  return addTo(cidr.family, masked(cidr).words, n, 0);
}

/** How far an address lies from the first of the prefix; exact up to 2^53. */
export function indexOf(cidr: Cidr, words: ArrayLike<number>): number {
  let index = 0;
  for (let i = 0; i < addressBits(cidr.family) / 32; i++) index = index * 4294967296 + ((words[i]! & ~wordMask(cidr, i)) >>> 0);
  return index;
}

/** The nth part from 0 when the prefix is cut into prefixes of length `prefix`; null if there is no such part. */
export function cutCidr(cidr: Cidr, prefix: number, n: number): Cidr | null {
  const bits = addressBits(cidr.family);
  if (prefix < cidr.prefix || prefix > bits || n < 0 || n >= 2 ** (prefix - cidr.prefix)) return null;
  return { family: cidr.family, words: addTo(cidr.family, masked(cidr).words, n, bits - prefix), prefix };
}

/** Negative, 0 or positive: IPv4 before IPv6, then by unsigned words, then shorter prefixes first. */
export function compareCidr(a: Cidr, b: Cidr): number {
  if (a.family !== b.family) return a.family - b.family;
  for (let i = 0; i < 4; i++) {
    const difference = (a.words[i]! >>> 0) - (b.words[i]! >>> 0);
    if (difference !== 0) return difference;
  }
  return a.prefix - b.prefix;
}

function wordMask(cidr: Cidr, i: number): number {
  return mask32(cidr.prefix - 32 * i);
}

function mapWords(word: (i: number) => number): Words {
  return [word(0), word(1), word(2), word(3)];
}

function wordsOf(words: ArrayLike<number>): Words {
  return mapWords((i) => words[i]!);
}

function sameWords(a: Words, b: Words): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

/** `words + n * 2^shift`; the caller has made sure that it does not overflow. */
function addTo(family: 4 | 6, words: Words, n: number, shift: number): Words {
  const sum: [number, number, number, number] = [words[0], words[1], words[2], words[3]];
  let carry = 0;
  const last = addressBits(family) / 32 - 1;
  const skipped = Math.floor(shift / 32);
  let rest = n;
  let low = shift % 32;
  for (let i = last - skipped; i >= 0 && (rest > 0 || carry > 0); i--) {
    const room = 2 ** (32 - low);
    const digit = rest % room;
    rest = (rest - digit) / room;
    const total = (sum[i]! >>> 0) + digit * 2 ** low + carry;
    carry = total >= 4294967296 ? 1 : 0;
    sum[i] = total | 0;
    low = 0;
  }
  return sum;
}
