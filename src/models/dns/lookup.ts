/**
 * The records of the cluster zone (Kubernetes DNS specification 1.1.0) and how CoreDNS's kubernetes plugin answers for them:
 * which names exist, NODATA against NXDOMAIN, and the SOA of a negative answer.
 */
import { formatIPv6, parseIPv4, parseIPv6 } from "../../base/ip.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";
import { DNS_RCODE } from "../../packet/wire/dns.js";
import type { DnsEndpoint, DnsService, DnsSource } from "./dns-source.js";

/** The plugin's options, with the defaults of the stock Corefile. */
export interface ClusterZone {
  readonly zone: string;
  /** seconds, of positive and negative answers alike */
  readonly ttl: number;
  readonly pods: "disabled" | "insecure" | "verified";
}

/** The cluster's domain, without a dot at the end. */
export const CLUSTER_ZONE: ClusterZone = Object.freeze({ zone: "cluster.local", ttl: 30, pods: "insecure" });

/** An answer of the plugin; null: the name is not its business (fallthrough, or another zone). */
export interface DnsAnswer {
  readonly rcode: number;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** the answer ends in an alias outside the zone: its addresses are to be asked for elsewhere and put behind it */
  readonly follow?: string;
}

/** Aliases followed inside the zone (plugin/backend_lookup.go). */
const MOST_ALIASES = 8;
const IN = 1;

/** Names are compared without case; the answer keeps the case of the question. */
export function clusterLookup(source: DnsSource, options: ClusterZone, qname: string, qtype: number): DnsAnswer | null {
  return lookupIn(source, { ...options, serial: source.serial?.() ?? 1 }, qname, qtype, []);
}

interface Zone extends ClusterZone {
  readonly serial: number;
}

function lookupIn(source: DnsSource, options: Zone, qname: string, qtype: number, before: readonly string[]): DnsAnswer | null {
  const name = qname.toLowerCase();
  if (name.endsWith(".in-addr.arpa") || name.endsWith(".ip6.arpa")) return reverse(source, options, qname, qtype);
  if (name !== options.zone && !name.endsWith(`.${options.zone}`)) return null;
  const labels = name === options.zone ? [] : name.slice(0, -options.zone.length - 1).split(".");
  if (labels.length === 1 && labels[0] === "dns-version" && qtype === DNS_TYPE.TXT) {
    return positive([{ type: "TXT", name: qname, class: IN, ttl: 28800, texts: ["1.1.0"] }]);
  }
  const kind = labels[labels.length - 1];
  if (labels.length === 0 && qtype === DNS_TYPE.SOA) return positive([soa(options)]);
  if (labels.length === 0 || (labels.length === 1 && (kind === "svc" || kind === "pod"))) return nodata(options);
  if (kind === "svc") return services(source, options, qname, qtype, labels.slice(0, -1), before);
  if (kind === "pod") return pods(source, options, qname, qtype, labels.slice(0, -1));
  return nxdomain(options);
}

function positive(answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): DnsAnswer {
  return { rcode: DNS_RCODE.NOERROR, answers, authorities: [], additionals };
}

function soa({ zone, ttl, serial }: Zone): DnsRecord {
  return { type: "SOA", name: zone, class: IN, ttl: Math.min(ttl, 300), primary: `ns.dns.${zone}`, mailbox: `hostmaster.${zone}`, serial, refresh: 7200, retry: 1800, expire: 86400, minimum: ttl };
}

const nodata = (options: Zone): DnsAnswer => ({ rcode: DNS_RCODE.NOERROR, answers: [], authorities: [soa(options)], additionals: [] });
const nxdomain = (options: Zone): DnsAnswer => ({ rcode: DNS_RCODE.NXDOMAIN, answers: [], authorities: [soa(options)], additionals: [] });

const is6 = (address: string): boolean => address.includes(":");

function addresses(name: string, ttl: number, qtype: number, list: readonly string[]): DnsRecord[] {
  const type = qtype === DNS_TYPE.A ? "A" : "AAAA";
  const wanted = qtype === DNS_TYPE.A || qtype === DNS_TYPE.AAAA ? list.filter((a) => is6(a) === (type === "AAAA")) : [];
  return [...new Set(wanted)].map((address) => ({ type, name, class: IN, ttl, address }));
}

/** An endpoint's own label: its hostname, or its address with dashes. */
export function endpointLabel(endpoint: DnsEndpoint): string {
  if (endpoint.hostname !== undefined && endpoint.hostname !== "") return endpoint.hostname;
  const dashed = endpoint.address.replaceAll(/[.:]/g, "-");
  return dashed.endsWith("-") ? `${dashed}0` : dashed;
}

function services(source: DnsSource, options: Zone, qname: string, qtype: number, labels: readonly string[], before: readonly string[]): DnsAnswer {
  const namespace = labels[labels.length - 1]!;
  if (!source.hasNamespace(namespace)) return nxdomain(options);
  if (labels.length === 1) return nodata(options);
  const service = source.service(namespace, labels[labels.length - 2]!);
  if (service === undefined) return nxdomain(options);
  if (service.externalName !== undefined) return labels.length === 2 ? ofAlias(source, options, qname, qtype, service.externalName, before) : nxdomain(options);
  if (labels.length === 2) return ofService(source, options, qname, qtype, service);
  if (labels.length === 3) return ofEndpoint(source, options, qname, qtype, service, labels[0]!);
  if (labels.length === 4) return ofPort(source, options, qname, qtype, service, labels[0]!.replace(/^_/, ""), labels[1]!.replace(/^_/, ""));
  return nxdomain(options);
}

/** ExternalName: the alias, with what it leads to inside the zone; outside, whoever answers has to follow it. */
function ofAlias(source: DnsSource, options: Zone, qname: string, qtype: number, target: string, before: readonly string[]): DnsAnswer {
  const alias: DnsRecord = { type: "CNAME", name: qname, class: IN, ttl: options.ttl, target };
  if (qtype === DNS_TYPE.CNAME) return positive([alias]);
  if (qtype !== DNS_TYPE.A && qtype !== DNS_TYPE.AAAA) return nodata(options);
  const next = target.toLowerCase().replace(/\.$/, "");
  if (next !== options.zone && !next.endsWith(`.${options.zone}`)) return { ...positive([alias]), follow: target };
  if (before.length >= MOST_ALIASES || before.includes(next)) return nodata(options);
  const found = lookupIn(source, options, target.replace(/\.$/, ""), qtype, [...before, qname.toLowerCase()]);
  return found === null || found.answers.length === 0 ? nodata(options) : { ...found, answers: [alias, ...found.answers] };
}

function ofService(source: DnsSource, options: Zone, qname: string, qtype: number, service: DnsService): DnsAnswer {
  const endpoints = source.endpoints(service.namespace, service.name);
  const headless = service.clusterIps.length === 0;
  if (headless && endpoints.length === 0) return nxdomain(options);
  if (qtype === DNS_TYPE.SRV) {
    const all = headless ? endpoints.flatMap((e) => e.ports) : service.ports;
    return all.length === 0 ? nodata(options) : serviceRecords(source, options, qname, service, all);
  }
  const found = addresses(qname, options.ttl, qtype, headless ? endpoints.map((e) => e.address) : service.clusterIps);
  return found.length > 0 ? positive(found) : nodata(options);
}

function ofEndpoint(source: DnsSource, options: Zone, qname: string, qtype: number, service: DnsService, label: string): DnsAnswer {
  const matching = source.endpoints(service.namespace, service.name).filter((e) => endpointLabel(e).toLowerCase() === label);
  if (matching.length === 0) return nxdomain(options);
  const found = addresses(qname, options.ttl, qtype, matching.map((e) => e.address));
  return found.length > 0 ? positive(found) : nodata(options);
}

interface Port {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
}

function ofPort(source: DnsSource, options: Zone, qname: string, qtype: number, service: DnsService, port: string, protocol: string): DnsAnswer {
  const headless = service.clusterIps.length === 0;
  const declared: readonly Port[] = headless ? source.endpoints(service.namespace, service.name).flatMap((e) => e.ports) : service.ports;
  const matching = declared.filter((p) => p.name === port && p.protocol.toLowerCase() === protocol);
  if (matching.length === 0) return nxdomain(options);
  return qtype === DNS_TYPE.SRV ? serviceRecords(source, options, qname, service, matching) : nodata(options);
}

/** SRV records: priority 0, weights as parts of a hundred by addresses, and the addresses of their targets beside them (plugin/backend_lookup.go). */
function serviceRecords(source: DnsSource, options: Zone, qname: string, service: DnsService, ports: readonly Port[]): DnsAnswer {
  const owner = `${service.name}.${service.namespace}.svc.${options.zone}`;
  const wanted = (p: Port): boolean => ports.some((q) => q.name === p.name && q.protocol === p.protocol);
  const targets =
    service.clusterIps.length > 0
      ? ports.flatMap((p) => service.clusterIps.map((address) => ({ target: owner, port: p.port, address })))
      : source.endpoints(service.namespace, service.name).flatMap((e) => e.ports.filter(wanted).map((p) => ({ target: `${endpointLabel(e)}.${owner}`, port: p.port, address: e.address })));
  const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)));
  const answers = new Map<string, DnsRecord>();
  const beside = new Map<string, DnsRecord>();
  for (const { target, port, address } of targets) {
    answers.set(`${target} ${port}`, { type: "SRV", name: qname, class: IN, ttl: options.ttl, priority: 0, weight, port, target });
    beside.set(`${target} ${address}`, { type: is6(address) ? "AAAA" : "A", name: target, class: IN, ttl: options.ttl, address });
  }
  return positive([...answers.values()], [...beside.values()]);
}

/** The address behind `1-2-3-4` or `fd00-10-244--5`, or null. */
function undashed(label: string): string | null {
  const v4 = label.replaceAll("-", ".");
  if (parseIPv4(v4) !== null) return v4;
  const v6 = label.replaceAll("-", ":");
  return parseIPv6(v6, new Int32Array(4)) ? v6 : null;
}

function pods(source: DnsSource, options: Zone, qname: string, qtype: number, labels: readonly string[]): DnsAnswer {
  if (options.pods === "disabled") return nxdomain(options);
  const namespace = labels[labels.length - 1]!;
  if (!source.hasNamespace(namespace)) return nxdomain(options);
  if (labels.length === 1) return nodata(options);
  const address = labels.length === 2 ? undashed(labels[0]!) : null;
  if (address === null || (options.pods === "verified" && !source.hasPod(namespace, address))) return nxdomain(options);
  const found = addresses(qname, options.ttl, qtype, [address]);
  return found.length > 0 ? positive(found) : nodata(options);
}

/** The address that a name under in-addr.arpa or ip6.arpa is about, or null. */
export function reverseAddress(qname: string): string | null {
  const name = qname.toLowerCase();
  if (name.endsWith(".in-addr.arpa")) {
    const text = name.slice(0, -".in-addr.arpa".length).split(".").reverse().join(".");
    return parseIPv4(text) === null ? null : text;
  }
  const nibbles = name.slice(0, -".ip6.arpa".length).split(".").reverse();
  if (nibbles.length !== 32 || nibbles.some((n) => !/^[0-9a-f]$/.test(n))) return null;
  const words = new Int32Array(4);
  return parseIPv6(nibbles.join("").match(/.{4}/g)!.join(":"), words) ? formatIPv6(words) : null;
}

/** PTR of a cluster IP, or of every endpoint that has the address; what is not found falls through to the upstream. */
function reverse(source: DnsSource, options: Zone, qname: string, qtype: number): DnsAnswer | null {
  const address = reverseAddress(qname);
  if (address === null) return null;
  const ptr = (targets: readonly string[]): DnsAnswer => (qtype === DNS_TYPE.PTR ? positive(targets.map((target) => ({ type: "PTR", name: qname, class: IN, ttl: options.ttl, target }))) : nodata(options));
  const service = source.serviceOfIp(address);
  if (service !== undefined) return ptr([`${service.name}.${service.namespace}.svc.${options.zone}`]);
  const found = source.endpointsOfIp(address);
  if (found.length === 0) return null;
  return ptr([...new Set(found.map((one) => `${endpointLabel(one.endpoint)}.${one.service.name}.${one.service.namespace}.svc.${options.zone}`))]);
}
