// Domain names, RFC 1035 3.1, 4.1.4 and 5.1. As text: labels between dots, no dot at the end, the root is "."; a dot or backslash inside a
// label is escaped by a backslash, a byte that is no printable ASCII is written \DDD.

const LONGEST_LABEL = 63;
const LONGEST_NAME = 255;
const POINTER = 0xc0;
const FIRST_UNREACHABLE = 0x4000;
const DOT = 46;
const BACKSLASH = 92;

/** Bytes as text of printable ASCII with `\DDD` escapes; `dots` are escaped too. */
export function escapeBytes(bytes: Uint8Array, from: number, to: number, dots: boolean): string {
  let text = "";
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte === BACKSLASH || (byte === DOT && dots)) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else if (byte === 0x20 && !dots) text += " ";
    else text += `\\${`${byte}`.padStart(3, "0")}`;
  }
  return text;
}

/** The bytes that `escapeBytes` wrote, cut at unescaped dots if `dots`; null if an escape makes no sense. Other characters are UTF-8. */
export function unescapeText(text: string, dots: boolean): number[][] | null {
  const bytes = new TextEncoder().encode(text);
  const parts: number[][] = [[]];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const part = parts[parts.length - 1]!;
    if (byte === DOT && dots) parts.push([]);
    else if (byte !== BACKSLASH) part.push(byte);
    else {
      const digits = /^\d{3}/.exec(String.fromCharCode(...bytes.subarray(i + 1, i + 4)))?.[0];
      if (digits !== undefined) {
        if (Number(digits) > 0xff) return null;
        part.push(Number(digits));
        i += 3;
      } else {
        if (i + 1 === bytes.length) return null;
        part.push(bytes[++i]!);
      }
    }
  }
  return parts;
}

/** The labels of a name in text, with or without a dot at the end; null if it cannot be sent: empty or long labels, over 255 bytes. */
export function dnsLabels(name: string): readonly (readonly number[])[] | null {
  if (name === "." || name === "") return [];
  const labels = unescapeText(name, true);
  if (labels === null) return null;
  if (labels[labels.length - 1]!.length === 0) labels.pop();
  if (labels.some((label) => label.length === 0 || label.length > LONGEST_LABEL)) return null;
  return labels.reduce((total, label) => total + label.length + 1, 1) > LONGEST_NAME ? null : labels;
}

/** Writes a name at the end of `out`; with `known` (suffixes and where they stand) compressed. A RangeError if it cannot be sent. */
export function writeDnsName(out: number[], name: string, known: Map<string, number> | null): void {
  const labels = dnsLabels(name);
  if (labels === null) throw new RangeError(`not a domain name: ${name}`);
  for (let i = 0; i < labels.length; i++) {
    const suffix = labels
      .slice(i)
      .map((label) => label.join())
      .join(".");
    const at = known?.get(suffix);
    if (at !== undefined) {
      out.push(POINTER | (at >>> 8), at & 0xff);
      return;
    }
    if (known !== null && out.length < FIRST_UNREACHABLE) known.set(suffix, out.length);
    out.push(labels[i]!.length, ...labels[i]!);
  }
  out.push(0);
}

/** What may be wrong with a name on the wire. */
export type DnsNameFault = "name-short" | "name-label" | "name-pointer" | "name-long";

/**
 * Reads the name at `at`: its text and where the bytes after it begin, or what is wrong. Pointers must point to before everything read
 * so far, so there can be no loop.
 */
export function readDnsName(bytes: Uint8Array, at: number): { readonly name: string; readonly next: number } | DnsNameFault {
  const labels: string[] = [];
  let next = 0;
  let lowest = at;
  let length = 1;
  for (let from = at; ; ) {
    const size = bytes[from];
    if (size === undefined) return "name-short";
    if (size === 0) return { name: labels.length === 0 ? "." : labels.join("."), next: next === 0 ? from + 1 : next };
    if ((size & POINTER) === POINTER) {
      const low = bytes[from + 1];
      if (low === undefined) return "name-short";
      if (next === 0) next = from + 2;
      const to = ((size & 0x3f) << 8) | low;
      if (to >= lowest) return "name-pointer";
      lowest = to;
      from = to;
      continue;
    }
    if (size > LONGEST_LABEL) return "name-label";
    if (from + 1 + size > bytes.length) return "name-short";
    length += size + 1;
    if (length > LONGEST_NAME) return "name-long";
    labels.push(escapeBytes(bytes, from + 1, from + 1 + size, true));
    from += size + 1;
  }
}
