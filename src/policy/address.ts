/*
 * Addresses as the policy room needs them: compared, ranged over, cut at bounds. One unsigned word for
 * IPv4, four for IPv6, most significant first.
 */
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "../base/ip.js";

/** An address as words. */
export interface Address {
  readonly family: 4 | 6;
  /** Unsigned 32-bit words: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
}

/** All addresses from `first` to `last`, both included. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** Reads dotted IPv4 or RFC 4291 IPv6 text; null when it is neither. */
export function parseAddress(text: string): Address | null {
  if (!text.includes(":")) {
    const word = parseIPv4(text);
    return word === null ? null : { family: 4, words: [word >>> 0] };
  }
  const out = new Int32Array(4);
  return parseIPv6(text, out) ? { family: 6, words: Array.from(out, (word) => word >>> 0) } : null;
}

/** Reads `address/length` as the range it covers, host bits dropped; null when it does not parse. */
export function parseCidrRange(text: string): AddressRange | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === null || !/^\d{1,3}$/.test(digits)) return null;
  const length = Number(digits);
  if (length > address.words.length * 32) return null;
  const first: number[] = [];
  const last: number[] = [];
  address.words.forEach((word, i) => {
    const kept = Math.min(32, Math.max(0, length - 32 * i));
    const host = kept === 32 ? 0 : 0xffffffff >>> kept;
    first.push((word & ~host) >>> 0);
    last.push((word | host) >>> 0);
  });
  return { family: address.family, first, last };
}

/** Order of two addresses of one family: negative, zero or positive. */
export function compareWords(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! - b[i]!;
    if (d !== 0) return d;
  }
  return 0;
}

/** Whether an address lies in a range of its own family. */
export function inRange(range: AddressRange, address: Address): boolean {
  return (
    range.family === address.family &&
    compareWords(range.first, address.words) <= 0 &&
    compareWords(address.words, range.last) <= 0
  );
}

/** The address after (`step` 1) or before (`step` -1); null beyond the end of the family. */
export function neighbourOf(words: readonly number[], step: 1 | -1): readonly number[] | null {
  const out = words.slice();
  for (let i = out.length - 1; i >= 0; i--) {
    const moved = out[i]! + step;
    if (moved >= 0 && moved <= 0xffffffff) {
      out[i] = moved;
      return out;
    }
    out[i] = step === 1 ? 0 : 0xffffffff;
  }
  return null;
}

/** The words of the first address of a family. */
export function lowest(family: 4 | 6): readonly number[] {
  return family === 4 ? [0] : [0, 0, 0, 0];
}

/** The words of the last address of a family. */
export function highest(family: 4 | 6): readonly number[] {
  return lowest(family).map(() => 0xffffffff);
}

/** Dotted IPv4, or IPv6 by RFC 5952. */
export function formatAddress(words: readonly number[]): string {
  return words.length === 1 ? formatIPv4(words[0]!) : formatIPv6(words);
}
