/**
 * MetalLB's configuration as its objects make it: pools, and which advertisements each has. Where there is no IPAddressPool, the
 * pool of the cluster's options stands, announced by ARP (metallb internal/config/config.go; internal/allocator).
 */
import { type BGPAdvertisement, type BGPPeer, type Labels, type LabelSelector, matches, type MetallbAdvertised, type Service } from "../../api/index.js";
import { formatWords, parseAddress, parseCidr } from "../../base/cidr.js";
import { compareText } from "../../base/names.js";
import type { AddressAsk, AddressRefusal, BalancerDoor, BalancerNode } from "./balancer-model.js";

/** Addresses from one to another, as numbers. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** An announcement to routers. */
export interface BgpAd {
  readonly name: string;
  readonly selects: Selects;
  readonly length: number;
  readonly localPref: number;
  /** `64512:100`, `large:1:2:3`, in order */
  readonly communities: readonly string[];
  /** names; empty: all */
  readonly peers: readonly string[];
}

/** Which nodes and Services an advertisement is for. */
export interface Selects {
  readonly nodes: readonly LabelSelector[];
  readonly services: readonly LabelSelector[];
}

export interface MetallbPool {
  readonly name: string;
  readonly ranges: readonly AddressRange[];
  readonly autoAssign: boolean;
  readonly avoidBuggyIPs: boolean;
  readonly layer2: readonly Selects[];
  readonly bgp: readonly BgpAd[];
}

export interface MetallbConfig {
  /** by name */
  readonly pools: readonly MetallbPool[];
  /** by name */
  readonly peers: readonly BGPPeer[];
}

const OPTIONS_POOL = "default";
const PREFIXES: readonly string[] = ["metallb.io/", "metallb.universe.tf/"];

/** The number of a dotted address, -1 for none. */
export function numberOf(text: string): number {
  const address = parseAddress(text.trim());
  return address?.family === 4 ? address.words[0] >>> 0 : -1;
}

const textOf = (number: number): string => formatWords(4, [number | 0, 0, 0, 0]);

/** A CIDR with all its addresses, or `a.b.c.d-e.f.g.h`; null for IPv6 and for what is neither. */
export function readRange(text: string): AddressRange | null {
  const [from = "", to] = text.split("-");
  if (to !== undefined) {
    const [first, last] = [numberOf(from), numberOf(to)];
    return first < 0 || last < first ? null : { first, last };
  }
  const cidr = parseCidr(text.trim());
  if (cidr === null || cidr.family !== 4) return null;
  const size = 2 ** (32 - cidr.prefix);
  const first = Math.floor((cidr.words[0] >>> 0) / size) * size;
  return { first, last: first + size - 1 };
}

const byName = <T extends { readonly metadata: { readonly name: string } }>(objects: readonly T[]): readonly T[] => [...objects].sort((a, b) => compareText(a.metadata.name, b.metadata.name));

/** What stands in the API now; `pool` is that of the options. */
export function metallbConfig(door: BalancerDoor, pool: readonly string[]): MetallbConfig {
  const named = new Map(door.objects("Community").flatMap(({ spec }) => (spec?.communities ?? []).map(({ name, value }) => [name, value] as const)));
  const layer2 = byName(door.objects("L2Advertisement"));
  const bgp = byName(door.objects("BGPAdvertisement"));
  const pools = byName(door.objects("IPAddressPool")).map(({ metadata: { name, labels = {} }, spec }): MetallbPool => {
    const speaksOf = ({ spec: ad }: { readonly spec?: MetallbAdvertised }): boolean => isOfPool(ad ?? {}, name, labels);
    return {
      name,
      ranges: spec.addresses.flatMap((text) => readRange(text) ?? []),
      autoAssign: spec.autoAssign ?? true,
      avoidBuggyIPs: spec.avoidBuggyIPs ?? false,
      layer2: layer2.filter(speaksOf).map(({ spec: ad }) => selects(ad ?? {})),
      bgp: bgp.filter(speaksOf).map((ad) => bgpAd(ad, named)),
    };
  });
  if (pools.length > 0) return { pools, peers: byName(door.objects("BGPPeer")) };
  const ranges = pool.map((address) => ({ first: numberOf(address), last: numberOf(address) }));
  const own: MetallbPool = { name: OPTIONS_POOL, ranges, autoAssign: true, avoidBuggyIPs: false, layer2: [{ nodes: [], services: [] }], bgp: [] };
  return { pools: pool.length === 0 ? [] : [own], peers: byName(door.objects("BGPPeer")) };
}

function isOfPool({ ipAddressPools = [], ipAddressPoolSelectors = [] }: MetallbAdvertised, name: string, labels: Labels): boolean {
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return true;
  return ipAddressPools.includes(name) || ipAddressPoolSelectors.some((selector) => matches(selector, labels));
}

const selects = ({ nodeSelectors = [], serviceSelectors = [] }: MetallbAdvertised): Selects => ({ nodes: nodeSelectors, services: serviceSelectors });

function bgpAd({ metadata, spec = {} }: BGPAdvertisement, named: ReadonlyMap<string, string>): BgpAd {
  const { aggregationLength = 32, localPref = 0, communities = [], peers = [] } = spec;
  // A name that no Community object has stands for nothing until one does.
  const values = communities.flatMap((text) => named.get(text) ?? (text.includes(":") ? text : []));
  return { name: metadata.name, selects: selects(spec), length: aggregationLength, localPref, communities: [...new Set(values)].sort(compareText), peers };
}

/** Whether labels fit one of the selectors; none given: all do. */
export const anyMatches = (selectors: readonly LabelSelector[], labels: Labels): boolean => selectors.length === 0 || selectors.some((selector) => matches(selector, labels));

/** Whether an advertisement is made from a node for a Service. */
export function isFor({ nodes, services }: Selects, node: BalancerNode, service: Labels): boolean {
  return anyMatches(services, service) && anyMatches(nodes, node.labels);
}

/** The pool that has an address. */
export function poolOf({ pools }: MetallbConfig, address: string): MetallbPool | undefined {
  const number = numberOf(address);
  return pools.find((pool) => holds(pool, number));
}

const isBuggy = (number: number): boolean => (number & 255) === 0 || (number & 255) === 255;

function holds({ ranges, avoidBuggyIPs }: MetallbPool, number: number): boolean {
  return ranges.some(({ first, last }) => first <= number && number <= last) && !(avoidBuggyIPs && isBuggy(number));
}

function annotation(service: Service, name: string): string {
  for (const prefix of PREFIXES) {
    const value = service.metadata.annotations?.[prefix + name];
    if (value !== undefined) return value;
  }
  return "";
}

/** The address that a Service asks for, by its annotation or the old field; empty: any. */
const wishOf = (service: Service): string => (annotation(service, "loadBalancerIPs") || (service.spec.loadBalancerIP ?? "")).split(",")[0]!.trim();

/** An address for a Service. */
export function assign(config: MetallbConfig, { service, taken }: AddressAsk): string | AddressRefusal {
  const wish = wishOf(service);
  const wanted = annotation(service, "address-pool");
  if (wish !== "") {
    if (numberOf(wish) < 0) return { why: `invalid spec.loadBalancerIP "${wish}"` };
    const pool = poolOf(config, wish);
    if (pool === undefined) return { why: `"${wish}" is not allowed in config` };
    if (wanted !== "" && pool.name !== wanted) return { why: `"${wish}" does not belong to pool "${wanted}"` };
    return taken.has(wish) ? { why: `can't change sharing key for "${service.metadata.namespace ?? "default"}/${service.metadata.name}", address also in use` } : wish;
  }
  if (wanted !== "") {
    const pool = config.pools.find(({ name }) => name === wanted);
    if (pool === undefined) return { why: `unknown pool "${wanted}"` };
    return firstFree(pool, taken) ?? { why: `no available IPs in pool "${wanted}"` };
  }
  for (const pool of config.pools) {
    const address = pool.autoAssign ? firstFree(pool, taken) : null;
    if (address !== null) return address;
  }
  return { why: "no available IPs" };
}

/** Whether a Service may keep what it has. */
export function mayKeep(config: MetallbConfig, service: Service, address: string): boolean {
  const pool = poolOf(config, address);
  const [wish, wanted] = [wishOf(service), annotation(service, "address-pool")];
  return pool !== undefined && (wish === "" || wish === address) && (wanted === "" || wanted === pool.name);
}

function firstFree({ ranges, avoidBuggyIPs }: MetallbPool, taken: ReadonlySet<string>): string | null {
  for (const { first, last } of ranges) {
    for (let number = first; number <= last; number++) {
      if (avoidBuggyIPs && isBuggy(number)) continue;
      const address = textOf(number);
      if (!taken.has(address)) return address;
    }
  }
  return null;
}
