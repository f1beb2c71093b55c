/** Options of a cluster: what may be said, what is assumed, and what is refused. Defaults are kind's. */
import { parseCidr, overlaps, formatCidr, nthAddress, formatWords } from "../base/cidr.js";
import type { Problem } from "../base/problem.js";
import type { KindConfig } from "../api/index.js";
import { clusterCidrFault } from "../control/cidr-set.js";
import type { Delays } from "../control/delays.js";
import { type BalancerPlan, readBalancer } from "./balancer-words.js";
import { calicoWordFault } from "./calico-words.js";
import { flannelWordFault } from "./flannel-words.js";
import { MOST_RACKS, MOST_SPINES } from "./fabric-leaf-spine.js";
import { FABRIC_DEFAULTS, type FabricOptions } from "./fabric-options.js";
import { MOST_ZONES } from "./fabric-zones.js";
import { InputError } from "./input-error.js";
import { type IpvsWords, readProxy } from "./proxy-words.js";

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
   * "calico:strictAffinity=Enabled,maxBlocksPerHost=4"
   */
  readonly cni?: string;
  /** "iptables", "nftables" or "ipvs" ("iptables"); ipvs with options behind a colon: "ipvs:scheduler=lc,strictARP=true" */
  readonly proxy?: string;
  /**
   * What gives Services of type LoadBalancer their addresses: "none", as in plain kind, where they stay pending; "cloud", passing packets on
   * as they are; "cloud-provider-kind", proxying them; "metallb", in layer 2 mode. Addresses behind a colon: "metallb:pool=172.18.255.200-172.18.255.250"
   */
  readonly loadBalancer?: string;
  /** whether NetworkPolicies are enforced (true): flannel alone enforces none, so an enforcing dataplane runs beside it; Calico always does */
  readonly enforce?: boolean;
  readonly seed?: number;
  readonly podSubnet?: string;
  readonly serviceSubnet?: string;
  /** net.bridge.bridge-nf-call-iptables of every node (true) */
  readonly bridgeNf?: boolean;
  readonly fabric?: Partial<FabricOptions>;
  readonly delays?: Partial<Delays>;
  /** names that the name server outside the cluster knows, with their addresses */
  readonly outsideNames?: Readonly<Record<string, readonly string[]>>;
  /** make CoreDNS and its Service (true) */
  readonly dns?: boolean;
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
  readonly podSubnet: string;
  readonly serviceSubnet: string;
  readonly dnsIp: string | null;
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
function readCni(text: string, found: Findings): ClusterPlan["cni"] {
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

function readSubnet(path: string, text: string, found: Findings): string {
  const cidr = parseCidr(text);
  if (cidr === null) {
    found.error("invalid-cidr", path, `Invalid value: "${text}": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`);
    return text;
  }
  if (cidr.family === 6) found.error("not-modelled", path, `IPv6 subnet ${text}: not modelled`, "use an IPv4 subnet");
  if (parseCidr(text, { strict: true }) === null) found.error("invalid-cidr", path, `Invalid value: "${text}": must not have bits set beyond the prefix length`);
  return text;
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
  if (loadBalancer !== "none") found.error("not-modelled", "loadBalancer", `${loadBalancer} on a fabric of several segments: not modelled`, 'use fabric.topology "single"');
}

/** Every subnet of a cluster must be its own. */
function checkOverlap(plan: { readonly podSubnet: string; readonly serviceSubnet: string; readonly fabric: FabricOptions }, found: Findings): void {
  const named = [["podSubnet", plan.podSubnet], ["serviceSubnet", plan.serviceSubnet], ["fabric.subnet", plan.fabric.subnet]] as const;
  for (let i = 0; i < named.length; i++) {
    for (let j = i + 1; j < named.length; j++) {
      const a = parseCidr(named[i]![1]);
      const b = parseCidr(named[j]![1]);
      if (a !== null && b !== null && overlaps(a, b)) found.error("overlap", named[j]![0], `Invalid value: "${named[j]![1]}": overlaps with ${named[i]![0]} ${named[i]![1]}`);
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
  const podSubnet = readSubnet("podSubnet", options.podSubnet ?? "10.244.0.0/16", found);
  const serviceSubnet = readSubnet("serviceSubnet", options.serviceSubnet ?? "10.96.0.0/16", found);
  const fabric = Object.freeze({ ...FABRIC_DEFAULTS, ...options.fabric });
  const fault = parseCidr(podSubnet)?.family === 4 ? clusterCidrFault(podSubnet, NODE_MASK) : null;
  if (fault !== null) found.error("too-small", "podSubnet", `Invalid value: "${podSubnet}": ${fault}`);
  checkOverlap({ podSubnet, serviceSubnet, fabric }, found);
  const nodes = readNodes(options, found);
  checkFabric(fabric, nodes.length, options.loadBalancer ?? "none", found);
  const balancer = readBalancer(options.loadBalancer ?? "none", fabric.subnet);
  if (typeof balancer === "string") found.error("invalid-value", "loadBalancer", balancer);
  const cni = readCni(options.cni ?? "flannel", found);
  if (cni.name === "calico" && options.enforce === false) found.error("invalid-value", "enforce", "Invalid value: false: Calico always enforces policies", "leave it out");
  const services = parseCidr(serviceSubnet);
  const dns = services === null ? null : nthAddress(services, DNS_INDEX);
  if (services !== null && dns === null && options.dns !== false) found.error("too-small", "serviceSubnet", `Invalid value: "${formatCidr(services)}": too small: cluster DNS needs its tenth address`);
  if (found.problems.length > 0 || typeof balancer === "string" || "code" in proxy) throw new InputError(found.problems);
  return Object.freeze({
    nodes, cni, balancer, proxy: proxy.mode, ipvs: proxy.ipvs, enforce: options.enforce !== false, seed, podSubnet, serviceSubnet, fabric,
    dnsIp: options.dns === false || dns === null ? null : formatWords(4, dns),
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
    proxy: config.kubeProxyMode,
    podSubnet: config.podSubnets[0]!,
    serviceSubnet: config.serviceSubnets[0]!,
  };
}
