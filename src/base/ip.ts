/**
 * Strict text forms of addresses, without allocation. An IPv4 address is one int32 word, an IPv6 address four, in network
 * order. Read first: RFC 4291 section 2.2 (IPv6 text), RFC 5952 (its canonical form), RFC 6943 section 3.1.1 (why not inet_aton).
 */

/** Four decimal octets without leading zeros as an int32 word; null for anything else. */
export function parseIPv4(text: string): number | null {
  const { length } = text;
  if (length < 7 || length > 15) return null;
  return parseOctets(text, 0, length);
}

function parseOctets(text: string, from: number, to: number): number | null {
  let word = 0;
  let octet = -1;
  let dots = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (octet < 0) octet = digit;
      else {
        if (octet === 0) return null;
        octet = octet * 10 + digit;
        if (octet > 255) return null;
      }
    } else {
      if (digit !== -2 || octet < 0 || ++dots > 3) return null;
      word = (word << 8) | octet;
      octet = -1;
    }
  }
  return dots === 3 && octet >= 0 ? (word << 8) | octet : null;
}

/**
 * Any RFC 4291 text of an IPv6 address, without zone, into `out[at..at+3]`. False, with `out` in no defined state, for
 * anything else.
 */
export function parseIPv6(text: string, out: Int32Array, at = 0): boolean {
  const { length } = text;
  if (length < 2 || length > 45) return false;
  out[at] = out[at + 1] = out[at + 2] = out[at + 3] = 0;
  let groups = 0;
  let gap = -1;
  let value = 0;
  let digits = 0;
  let start = 0;
  let i = 0;
  if (text.charCodeAt(0) === 58) {
    if (text.charCodeAt(1) !== 58) return false;
    gap = 0;
    i = 2;
    start = 2;
  }
  for (; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === 58) {
      if (digits === 0) {
        if (gap >= 0) return false;
        gap = groups;
        start = i + 1;
        continue;
      }
      if (groups > 6 || i + 1 === length) return false;
      putGroup(out, at, groups++, value);
      value = digits = 0;
      start = i + 1;
    } else if (c === 46) {
      const word = parseOctets(text, start, length);
      if (word === null || groups > 6 || digits === 0) return false;
      putGroup(out, at, groups++, word >>> 16);
      putGroup(out, at, groups++, word & 0xffff);
      digits = 0;
      break;
    } else {
      const digit = c <= 57 ? c - 48 : c >= 97 ? c - 87 : c >= 65 ? c - 55 : -1;
      if (digit < 0 || digit > 15 || ++digits > 4) return false;
      value = (value << 4) | digit;
    }
  }
  if (digits > 0) {
    if (groups > 7) return false;
    putGroup(out, at, groups++, value);
  }
  if (gap < 0) return groups === 8;
  if (groups > 7) return false;
  for (let from = groups - 1, to = 7; from >= gap; from--, to--) {
    const moved = groupAt(out, at, from);
    putGroup(out, at, from, 0);
    putGroup(out, at, to, moved);
  }
  return true;
}

function putGroup(words: Int32Array, at: number, group: number, value: number): void {
  const i = at + (group >> 1);
  words[i] = (group & 1) === 0 ? (value << 16) | (words[i]! & 0xffff) : (words[i]! & ~0xffff) | value;
}

function groupAt(words: ArrayLike<number>, at: number, group: number): number {
  const word = words[at + (group >> 1)]!;
  return (group & 1) === 0 ? word >>> 16 : word & 0xffff;
}

/** Dotted decimal octets. */
export function formatIPv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952 text; IPv4-mapped addresses (`::ffff:0:0/96`) end in dotted octets, as its section 5 recommends and inet_ntop prints. */
export function formatIPv6(words: ArrayLike<number>, at = 0): string {
  if (words[at] === 0 && words[at + 1] === 0 && words[at + 2] === 0xffff) return `::ffff:${formatIPv4(words[at + 3]!)}`;
  let gap = -1;
  let gapLength = 1;
  for (let group = 0; group < 8; group++) {
    let end = group;
    while (end < 8 && groupAt(words, at, end) === 0) end++;
    if (end - group > gapLength) {
      gap = group;
      gapLength = end - group;
    }
    if (end > group) group = end;
  }
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === gap) {
      text += "::";
      group += gapLength - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += groupAt(words, at, group).toString(16);
  }
  return text;
}
