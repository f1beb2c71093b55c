// How `nft list` (1.0.6) prints a rule that kube-proxy wrote: the same rule after a journey through the kernel's own
// form of it. Only the statements that kube-proxy writes are known here.

import { canonicalAddress, type Family, type Network, readNetwork } from "../sloppy-address.js";
import { formatIPv4, formatIPv6 } from "../../../base/ip.js";

/** The rule as it is listed. */
export function listedRule(text: string): string {
  return text
    .replace(
      /\bmark set mark (or|xor) (\S+)/g,
      (_, how: string, mark: string) => `meta mark set meta mark ${how === "or" ? "|" : "^"} ${hex8(mark)}`,
    )
    .replace(/^mark and (\S+) (==|!=) 0\b/, (_, mark: string, how: string) => `meta mark & ${hex8(mark)} ${how} 0x00000000`)
    .replace(/\biifname (!= )?(\S+)/, (_, not: string | undefined, name: string) => `iifname ${not ?? ""}"${name}"`)
    .replace(/\b(ip6?) ([sd]addr) (!= )?\{ (.*?) \}/, (_, ip: string, end: string, not: string | undefined, list: string) => {
      return `${ip} ${end} ${not ?? ""}${listedNetworks(list.split(",").map((each) => each.trim()))}`;
    })
    .replace(/\bdnat (ip6?) addr \. port to\b/, "dnat $1 to")
    .replaceAll(" , ", ", ");
}

function hex8(mark: string): string {
  return `0x${Number(mark).toString(16).padStart(8, "0")}`;
}

/** An anonymous set of addresses and networks: overlapping and adjacent ones are one range; a lone one needs no braces. */
function listedNetworks(list: readonly string[]): string {
  const ranges = list.flatMap((text) => toRange(text) ?? []).sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: Range[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last === undefined || range.first > last.last + 1n) merged.push({ ...range });
    else if (range.last > last.last) last.last = range.last;
  }
  const texts = merged.map(formatRange);
  return list.length === 1 ? texts[0]! : `{ ${texts.join(", ")} }`;
}

interface Range {
  readonly family: Family;
  readonly first: bigint;
  last: bigint;
}

function toRange(text: string): Range | null {
  const network = text.includes("/") ? readNetwork(text) : hostNetwork(text);
  if (network === null) return null;
  const bits = network.family === 4 ? 32 : 128;
  const first = network.words.slice(0, bits / 32).reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
  return { family: network.family, first, last: first + (1n << BigInt(bits - network.prefix)) - 1n };
}

function hostNetwork(text: string): Network | null {
  const address = canonicalAddress(text);
  return address === null ? null : { ...address, prefix: address.family === 4 ? 32 : 128 };
}

function formatRange({ family, first, last }: Range): string {
  if (first === last) return formatValue(family, first);
  const size = last - first + 1n;
  const bits = size.toString(2).length - 1;
  const isNetwork = (size & (size - 1n)) === 0n && first % size === 0n;
  if (isNetwork) return `${formatValue(family, first)}/${(family === 4 ? 32 : 128) - bits}`;
  return `${formatValue(family, first)}-${formatValue(family, last)}`;
}

function formatValue(family: Family, value: bigint): string {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn) | 0;
  return family === 4 ? formatIPv4(word(0n)) : formatIPv6([word(96n), word(64n), word(32n), word(0n)]);
}
