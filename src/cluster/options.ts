/** Options of a cluster: what may be said, what is assumed, and what is refused. Defaults are kind's. */
import { parseCidr, overlaps, formatCidr, nthAddress, formatWords } from "../base/cidr.js";
import type { Problem } from "../base/problem.js";
import type { KindConfig } from "../api/index.js";
import { clusterCidrFault } from "../control/cidr-set.js";
import type { Delays } from "../control/delays.js";
import { type BalancerPlan, readBalancer } from "./balancer-words.js";
import { calicoWordFault, calicoWordsFault } from "./calico-words.js";
import { type DnsOptions, type DnsPlan, planDns } from "./dns-words.js";
import { flannelWordFault } from "./flannel-words.js";
import { MOST_RACKS, MOST_SPINES } from "./fabric-leaf-spine.js";
import { FABRIC_DEFAULTS, FABRIC_SUBNET6, type FabricOptions } from "./fabric-options.js";
import { MOST_ZONES } from "./fabric-zones.js";
import { InputError } from "./input-error.js";
import { type IpvsWords, proxyText, readProxy } from "./proxy-words.js";

/** A node to be made. */
export interface NodeOption {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a caller may say; everything has a default. */
export interface ClusterOptions {
  /** all nodes, control plane included (3), or the nodes themselves */
  readonly nodes?: number | readonly NodeOption[];
  /** prefix of node names, "kind" */
  readonly name?: string;
  /**
   * "flannel", "kindnet" or "calico"; with options behind a colon: "flannel:vni=2,port=4789", "flannel:backend=host-gw",
   * "calico:encapsulation=IPIP" (VXLANCrossSubnet, VXLAN, IPIPCrossSubnet, IPIP, None), "calico:blockSize=27,natOutgoing=Disabled",
   * "calico:strictAffinity=Enabled,maxBlocksPerHost=4", "calico:encapsulation=None,clusterRoutingMode=BIRD" (routes by BGP, each
   * node to each; with "routeReflectors=2" by way of the first two; with "bgpPeers=rack" on a leaf-spine fabric by way of the
   * racks' routers; "asNumber=64600")
   */
  readonly cni?: string;
  /** "iptables", "nftables" or "ipvs" ("iptables"); ipvs with options behind a colon: "ipvs:scheduler=lc,strictARP=true" */
  readonly proxy?: string;
  /**
   * What gives Services of type LoadBalancer their addresses: "none", as in plain kind, where they stay pending; "cloud", passing packets on
   * as they are; "cloud-provider-kind", proxying them; "metallb", in layer 2 mode until IPAddressPools and advertisements are applied. Addresses behind a
   * colon: "metallb:pool=172.18.255.200-172.18.255.250"
   */
  readonly loadBalancer?: string;
  /** whether NetworkPolicies are enforced (true): flannel alone enforces none, so an enforcing dataplane runs beside it; Calico always does */
  readonly enforce?: boolean;
  readonly seed?: number;
  /** "10.244.0.0/16"; with a second one of the other family behind a comma, pods have two addresses; the first is the primary one */
  readonly podSubnet?: string;
  /** "10.96.0.0/16"; families as those of the pods */
  readonly serviceSubnet?: string;
  /** net.bridge.bridge-nf-call-iptables of every node (true) */
  readonly bridgeNf?: boolean;
  readonly fabric?: Partial<FabricOptions>;
  readonly delays?: Partial<Delays>;
  /** names that the name server outside the cluster knows, with their addresses */
  readonly outsideNames?: Readonly<Record<string, readonly string[]>>;
  /** make CoreDNS and its Service (true); `{ nodeLocal: true }`: with NodeLocal DNSCache beside it */
  readonly dns?: boolean | DnsOptions;
  /** show the cluster's own parts as pods: control plane, kube-proxy, CNI (true up to 16 nodes) */
  readonly systemPods?: boolean;
}

/** Options with every blank filled. */
export interface ClusterPlan {
  readonly nodes: readonly NodeOption[];
  readonly cni: { readonly name: string; readonly options: Readonly<Record<string, string>> };
  readonly proxy: "iptables" | "nftables" | "ipvs";
  readonly ipvs: IpvsWords;
  readonly balancer: BalancerPlan;
  readonly enforce: boolean;
  readonly seed: number;
  /** one for each family, the primary one first */
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
  /** those of IPv4, "" where there are none */
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly dnsIp: string | null;
  readonly dns: DnsPlan;
  readonly systemPods: boolean;
  readonly bridgeNf: boolean;
  readonly fabric: FabricOptions;
  readonly delays: Partial<Delays>;
  readonly outsideNames: Readonly<Record<string, readonly string[]>>;
}

/** CNIs and proxies that there are in the world; those beyond the first are real but not modelled yet. */
const CNIS: readonly string[] = ["flannel", "kindnet", "calico"];
const KNOWN_CNIS: readonly string[] = ["flannel", "kindnet", "calico", "cilium", "weave", "antrea", "kube-router", "ovn-kubernetes"];
/** Larger clusters do without pods that do nothing. */
const MOST_SHOWN = 16;
/** CoreDNS takes the tenth address of the service range by convention. */
const DNS_INDEX = 10;
/** --node-cidr-mask-size */
const NODE_MASK = 24;
/** --node-cidr-mask-size-ipv6 */
const NODE_MASK6 = 64;

/** The names of kind: kind-control-plane, kind-worker, kind-worker2, ... */
export function kindNodes(cluster: string, count: number): NodeOption[] {
  return Array.from({ length: count }, (_, i) =>
    i === 0 ? { name: `${cluster}-control-plane`, role: "control-plane" } : { name: `${cluster}-worker${i === 1 ? "" : i}`, role: "worker" },
  );
}

class Findings {
  readonly problems: Problem[] = [];

  error(code: string, path: string, message: string, fix?: string): void {
    this.problems.push({ code, severity: "error", path, message, ...(fix === undefined ? {} : { fix }) });
  }
}

/** "flannel:vni=2,port=4789" taken apart. */
function readCni(text: string, topology: string, found: Findings): ClusterPlan["cni"] {
  const [name = "", rest = ""] = text.split(/:(.*)/s);
  if (!CNIS.includes(name)) {
    if (KNOWN_CNIS.includes(name)) found.error("not-modelled", "cni", `${name}: not modelled`, `use ${CNIS.join(" or ")}`);
    else found.error("unknown-value", "cni", `Unsupported value: "${name}": supported values: ${CNIS.map((n) => `"${n}"`).join(", ")}`);
  }
  const options: Record<string, string> = {};
  const pairs = (rest === "" ? [] : rest.split(",")).map((pair) => pair.split("="));
  const backend = pairs.find(([key]) => key === "backend")?.[1] ?? "vxlan";
  for (const [key = "", value] of pairs) {
    const pair = value === undefined ? key : `${key}=${value}`;
    if (name === "calico") {
      const fault = calicoWordFault(key, value ?? "");
      if (fault === null) options[key] = value!;
      else found.error("unknown-option", `cni.${key}`, `Invalid value: "${pair}": ${fault}`);
    } else if (name === "kindnet") found.error("unknown-option", `cni.${key}`, `Invalid value: "${pair}": kindnet takes no options`);
    else {
      const fault = flannelWordFault(key, value, backend);
      if (fault === null) options[key] = value!;
      else found.error(fault.code, `cni.${key}`, fault.message, fault.fix);
    }
  }
  const clash = name === "calico" ? calicoWordsFault(options, topology) : null;
  if (clash !== null) found.error("invalid-value", "cni", `Invalid value: "${text}": ${clash}`);
  return { name, options };
}

function readNodes(options: ClusterOptions, found: Findings): readonly NodeOption[] {
  const nodes = options.nodes ?? 3;
  if (typeof nodes !== "number") {
    if (nodes.length === 0) found.error("required", "nodes", "Required value: a cluster needs at least one node");
    else if (!nodes.some((node) => node.role === "control-plane")) found.error("required", "nodes", "Required value: must have at least one control-plane node");
    const names = nodes.map((node) => node.name);
    names.forEach((name, i) => {
      if (names.indexOf(name) !== i) found.error("duplicate", `nodes[${i}].name`, `Duplicate value: "${name}"`);
    });
    return nodes;
  }
  if (!Number.isInteger(nodes) || nodes < 1) {
    found.error("invalid-value", "nodes", `Invalid value: ${nodes}: must be a whole number of 1 or more`);
    return [];
  }
  return kindNodes(options.name ?? "kind", nodes);
}

/** "10.244.0.0/16" or "10.244.0.0/16,fd00:10:244::/56": at most one of each family. */
function readSubnets(path: string, text: string, found: Findings): readonly string[] {
  const subnets = text.split(",").map((each) => each.trim());
  for (const subnet of subnets) {
    if (parseCidr(subnet) === null) found.error("invalid-cidr", path, `Invalid value: "${subnet}": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`);
    else if (parseCidr(subnet, { strict: true }) === null) found.error("invalid-cidr", path, `Invalid value: "${subnet}": must not have bits set beyond the prefix length`);
  }
  const families = subnets.map((each) => parseCidr(each)?.family);
  if (subnets.length > 2 || (subnets.length === 2 && families[0] === families[1])) found.error("invalid-value", path, `Invalid value: "${text}": expected one CIDR, or two of different IP families`);
  return subnets;
}

const ofFamily = (subnets: readonly string[], family: 4 | 6): string => subnets.find((each) => parseCidr(each)?.family === family) ?? "";

/** What runs where there is IPv6. */
function checkFamilies(pods: readonly string[], services: readonly string[], cni: string, fabric: FabricOptions, balancer: string, found: Findings): void {
  const families = (subnets: readonly string[]): string => subnets.map((each) => parseCidr(each)?.family).join(",");
  if (families(pods) !== families(services)) found.error("invalid-value", "serviceSubnet", `Invalid value: "${services.join(",")}": must have the IP families of podSubnet "${pods.join(",")}", in the same order`);
  if (ofFamily(pods, 6) === "" && ofFamily(services, 6) === "") return;
  if (cni !== "kindnet") found.error("not-modelled", "cni", `${cni} with IPv6 pods: not modelled`, "use kindnet");
  if (fabric.topology !== "single") found.error("not-modelled", "fabric.topology", `${fabric.topology} with IPv6: not modelled`, 'use "single"');
  if (balancer !== "none") found.error("not-modelled", "loadBalancer", `${balancer} with IPv6: not modelled`, 'use "none"');
  const mask = parseCidr(ofFamily(pods, 6))?.prefix ?? 0;
  if (mask > NODE_MASK6 || mask < NODE_MASK6 - 16) found.error("invalid-value", "podSubnet", `Invalid value: "${ofFamily(pods, 6)}": its prefix must be between /${NODE_MASK6 - 16} and /${NODE_MASK6}, for each node gets a /${NODE_MASK6} of it`);
}

/** AS number of nodes' own speakers. */
function checkNodeAs({ nodeAs }: FabricOptions, cni: ClusterPlan["cni"], found: Findings): void {
  if (!Number.isInteger(nodeAs) || nodeAs < 0 || nodeAs >= 2 ** 32) found.error("invalid-value", "fabric.nodeAs", `Invalid value: ${nodeAs}: must be between 0 and ${2 ** 32 - 1}, inclusive`);
  else if (nodeAs !== 0 && cni.options["bgpPeers"] !== undefined) found.error("invalid-value", "fabric.nodeAs", `Invalid value: ${nodeAs}: the routers already speak with Calico of the same nodes`, "leave out bgpPeers=rack");
}

/** A fabric's shape must have addresses for its parts. */
function checkFabric(fabric: FabricOptions, nodes: number, loadBalancer: string, found: Findings): void {
  const { topology, racks, spines, zones } = fabric;
  const between = (path: string, value: number, most: number): void => {
    if (!Number.isInteger(value) || value < 1 || value > most) found.error("invalid-value", path, `Invalid value: ${value}: must be a whole number from 1 to ${most}`);
  };
  if (!["single", "leaf-spine", "zones"].includes(topology)) found.error("unknown-value", "fabric.topology", `Unsupported value: "${topology}": supported values: "single", "leaf-spine", "zones"`);
  if (topology === "single" || found.problems.length > 0) return;
  if (topology === "leaf-spine") {
    between("fabric.racks", racks, MOST_RACKS);
    between("fabric.spines", spines, MOST_SPINES);
    if ((racks + 1) * spines > 1024 - spines) found.error("invalid-value", "fabric.racks", `Invalid value: ${racks}: with ${spines} spines there are more cables than addresses`);
  } else between("fabric.zones", zones, MOST_ZONES);
  const prefix = parseCidr(fabric.subnet)?.prefix ?? 0;
  if (prefix > 16) found.error("too-small", "fabric.subnet", `Invalid value: "${fabric.subnet}": a fabric of several segments needs a /16 or more`);
  const most = 2 ** (24 - Math.min(prefix, 16)) - 3;
  const parts = topology === "zones" ? zones : racks;
  if (Math.ceil(nodes / parts) > most) found.error("invalid-value", "nodes", `Invalid value: ${nodes}: a segment has room for ${most} nodes`);
  if (loadBalancer !== "none" && loadBalancer !== "metallb") found.error("not-modelled", "loadBalancer", `${loadBalancer} on a fabric of several segments: not modelled`, 'use fabric.topology "single"');
}

/** Every subnet of a cluster must be its own. */
function checkOverlap(pods: readonly string[], services: readonly string[], fabric: string, found: Findings): void {
  const named = [...pods.map((each) => ["podSubnet", each] as const), ...services.map((each) => ["serviceSubnet", each] as const), ["fabric.subnet", fabric] as const, ["fabric.subnet", FABRIC_SUBNET6] as const];
  for (let i = 0; i < named.length; i++) {
    for (let j = i + 1; j < named.length; j++) {
      const a = parseCidr(named[i]![1]);
      const b = parseCidr(named[j]![1]);
      if (a !== null && b !== null && a.family === b.family && overlaps(a, b)) found.error("overlap", named[j]![0], `Invalid value: "${named[j]![1]}": overlaps with ${named[i]![0]} ${named[i]![1]}`);
    }
  }
}

/** Fills the blanks; throws an InputError with everything that is wrong. */
export function planCluster(options: ClusterOptions): ClusterPlan {
  const found = new Findings();
  const proxy = readProxy(options.proxy ?? "iptables");
  if ("code" in proxy) found.problems.push(proxy);
  const seed = options.seed ?? 1;
  if (!Number.isSafeInteger(seed) || seed < 0) found.error("invalid-value", "seed", `Invalid value: ${seed}: must be a whole number of 0 or more`);
  const podSubnets = readSubnets("podSubnet", options.podSubnet ?? "10.244.0.0/16", found);
  const serviceSubnets = readSubnets("serviceSubnet", options.serviceSubnet ?? "10.96.0.0/16", found);
  const [podSubnet, serviceSubnet] = [ofFamily(podSubnets, 4), ofFamily(serviceSubnets, 4)];
  const fabric = Object.freeze({ ...FABRIC_DEFAULTS, ...options.fabric });
  const fault = parseCidr(podSubnet)?.family === 4 ? clusterCidrFault(podSubnet, NODE_MASK) : null;
  if (fault !== null) found.error("too-small", "podSubnet", `Invalid value: "${podSubnet}": ${fault}`);
  checkOverlap(podSubnets, serviceSubnets, fabric.subnet, found);
  const nodes = readNodes(options, found);
  checkFabric(fabric, nodes.length, options.loadBalancer ?? "none", found);
  const balancer = readBalancer(options.loadBalancer ?? "none", fabric.subnet, fabric.topology === "single" ? "one" : "several");
  if (typeof balancer === "string") found.error("invalid-value", "loadBalancer", balancer);
  const cni = readCni(options.cni ?? "flannel", fabric.topology, found);
  checkNodeAs(fabric, cni, found);
  if (cni.name === "calico" && options.enforce === false) found.error("invalid-value", "enforce", "Invalid value: false: Calico always enforces policies", "leave it out");
  checkFamilies(podSubnets, serviceSubnets, cni.name, fabric, options.loadBalancer ?? "none", found);
  const services = parseCidr(serviceSubnets[0]!);
  const dns = services === null ? null : nthAddress(services, DNS_INDEX);
  if (services !== null && dns === null && options.dns !== false) found.error("too-small", "serviceSubnet", `Invalid value: "${formatCidr(services)}": too small: cluster DNS needs its tenth address`);
  const dnsIp = options.dns === false || dns === null || services === null ? null : formatWords(services.family, dns);
  const dnsPlan = planDns(options.dns, dnsIp, "code" in proxy ? "iptables" : proxy.mode);
  if ("path" in dnsPlan) found.error("invalid-value", dnsPlan.path, dnsPlan.message);
  if ("path" in dnsPlan || found.problems.length > 0 || typeof balancer === "string" || "code" in proxy) throw new InputError(found.problems);
  return Object.freeze({
    nodes, cni, balancer, proxy: proxy.mode, ipvs: proxy.ipvs, enforce: options.enforce !== false, seed, podSubnets, serviceSubnets, podSubnet, serviceSubnet, fabric,
    dnsIp,
    dns: dnsPlan,
    systemPods: options.systemPods ?? nodes.length <= MOST_SHOWN,
    bridgeNf: options.bridgeNf !== false,
    delays: options.delays ?? {},
    outsideNames: options.outsideNames ?? {},
  });
}

/** The options that a kind cluster config stands for. */
export function optionsOfKind(config: KindConfig): ClusterOptions {
  return {
    name: config.name,
    nodes: config.nodes.map(({ name, role, labels }) => ({ name, role, labels })),
    proxy: proxyText(config.kubeProxyMode, config.kubeProxyIpvs),
    // What kind brings along unless told not to.
    ...(config.disableDefaultCNI ? {} : { cni: "kindnet" }),
    podSubnet: config.podSubnets.join(","),
    serviceSubnet: config.serviceSubnets.join(","),
  };
}
