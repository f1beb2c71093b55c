/** Ranges of host-local: what its configuration may say of them, and in which words it is refused (plugins/ipam/host-local/backend/allocator). */
import { type Cidr, addressBits, contains, formatCidr, formatWords, masked, overlaps, parseAddress, parseCidr, type Words } from "../../base/cidr.js";

/** One range as JSON has it. */
export interface RangeConf {
  readonly subnet: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
  readonly gateway?: string;
}

/** The `ipam` object of a configuration, the part that host-local reads; `subnet` and its kin are the form before range sets. */
export interface IpamConf extends Partial<RangeConf> {
  readonly type: string;
  readonly ranges?: readonly (readonly RangeConf[])[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
  readonly dataDir?: string;
}

/** A range with every blank filled; addresses are numbers of their family. */
export interface Range {
  readonly subnet: Cidr;
  readonly first: bigint;
  readonly last: bigint;
  readonly gateway: bigint;
}

/** Number of an address; IPv4 has 32 bits of it. */
export function numberOfWords(family: 4 | 6, words: ArrayLike<number>): bigint {
  let n = 0n;
  for (let i = 0; i < addressBits(family) / 32; i++) n = (n << 32n) | BigInt(words[i]! >>> 0);
  return n;
}

/** Text of an address. */
export function addressText(family: 4 | 6, n: bigint): string {
  const word = (shift: bigint): number => Number(BigInt.asIntN(32, n >> shift));
  const words: Words = family === 4 ? [word(0n), 0, 0, 0] : [word(96n), word(64n), word(32n), word(0n)];
  return formatWords(family, words);
}

/** `10.9.0.1-10.9.0.2`. */
export function rangeText({ subnet: { family }, first, last }: Range): string {
  return `${addressText(family, first)}-${addressText(family, last)}`;
}

export const setText = (set: readonly Range[]): string => set.map(rangeText).join(",");

/** Range.Canonicalize: the range, or why it is none. */
function readRange(conf: RangeConf): Range | string {
  const given = parseCidr(conf.subnet);
  if (given === null) return `invalid CIDR address: ${conf.subnet}`;
  const { family } = given;
  const bits = addressBits(family);
  if (given.prefix > bits - 2) return `Network ${formatCidr(masked(given))} too small to allocate from`;
  const subnet = masked(given);
  if (formatCidr(subnet) !== formatCidr(given)) return `Network has host bits set. For a subnet mask of length ${given.prefix} the network address is ${formatWords(family, subnet.words)}`;
  const base = numberOfWords(family, subnet.words);
  const size = 1n << BigInt(bits - subnet.prefix);
  const inside = (text: string): bigint | null => {
    const address = parseAddress(text);
    return address !== null && address.family === family && contains(subnet, address.words) ? numberOfWords(family, address.words) : null;
  };
  const start = conf.rangeStart === undefined ? base + 1n : inside(conf.rangeStart);
  const end = conf.rangeEnd === undefined ? base + size - (family === 4 ? 2n : 1n) : inside(conf.rangeEnd);
  const gateway = conf.gateway === undefined ? null : parseAddress(conf.gateway);
  if (start === null || (end !== null && start > end)) return `RangeStart ${conf.rangeStart ?? ""} not in network ${formatCidr(subnet)}`;
  if (end === null) return `RangeEnd ${conf.rangeEnd ?? ""} not in network ${formatCidr(subnet)}`;
  return { subnet, first: start, last: end, gateway: gateway === null ? base + 1n : numberOfWords(gateway.family, gateway.words) };
}

/** RangeSet.Canonicalize: one family, and no address twice. */
function readSet(confs: readonly RangeConf[]): readonly Range[] | string {
  if (confs.length === 0) return "empty range set";
  const set: Range[] = [];
  for (const conf of confs) {
    const range = readRange(conf);
    if (typeof range === "string") return range;
    if (set.length > 0 && set[0]!.subnet.family !== range.subnet.family) return "mixed address families";
    const other = set.find((known) => known.first <= range.last && range.first <= known.last);
    if (other !== undefined) return `subnets ${rangeText(other)} and ${rangeText(range)} overlap`;
    set.push(range);
  }
  return set;
}

/** LoadIPAMConfig: the range sets of a configuration, those of the runtime first, or why there are none. */
export function readRangeSets(ipam: IpamConf, runtime: readonly (readonly RangeConf[])[]): readonly (readonly Range[])[] | string {
  const { subnet, rangeStart, rangeEnd, gateway } = ipam;
  const old: RangeConf[] = subnet === undefined ? [] : [{ subnet, ...(rangeStart === undefined ? {} : { rangeStart }), ...(rangeEnd === undefined ? {} : { rangeEnd }), ...(gateway === undefined ? {} : { gateway }) }];
  const confs = [...runtime, ...(old.length === 0 ? [] : [old]), ...(ipam.ranges ?? [])];
  if (confs.length === 0) return "no IP ranges specified";
  const sets: (readonly Range[])[] = [];
  for (const [i, conf] of confs.entries()) {
    const set = readSet(conf);
    if (typeof set === "string") return `invalid range set ${i}: ${set}`;
    sets.push(set);
  }
  for (let i = 0; i < sets.length; i++) {
    for (let j = i + 1; j < sets.length; j++) {
      if (sets[i]!.some((a) => sets[j]!.some((b) => overlaps(a.subnet, b.subnet)))) return `range set ${i} overlaps with ${j}`;
    }
  }
  return sets;
}
