/**
 * What one view asks of any node: policies in order, the sets they need, and who has which of them. What is made of a policy alone
 * is kept for as long as the policy is; the rest for as long as the view is.
 */
import { calicoSelects } from "../../../api/calico-selector.js";
import { compareText } from "../../../base/names.js";
import type { Direction } from "../../../policy/rules.js";
import type { EnforceView } from "../enforce-model.js";
import { ENDPOINT_MARKS, endpointMarks } from "./endpoint-marks.js";
import { type FelixEndpoint, felixEndpoints, type NamedPort, selected } from "./felix-endpoints.js";
import { fixedSetName, policyChainName } from "./felix-names.js";
import { type FelixPolicy, type FelixTier, TIERS } from "./felix-policy.js";
import type { FelixChain, FelixRule } from "./felix-rule.js";
import { fromCalicoPolicy } from "./from-calico-policy.js";
import { fromNetworkPolicy } from "./from-network-policy.js";
import { hostChains, type HostTable } from "./host-chains.js";
import { ANY_INTERFACE, type FelixHost, felixHosts, type HostDevices, hostInterfaces, hostTiers } from "./host-endpoints.js";
import { markChains, THIS_HOST } from "./mark-chains.js";
import { type FelixSet, policyChainRules } from "./policy-rules.js";
import { type FelixTable, staticChains, type StaticOptions } from "./static-chains.js";
import { dispatchChains, groupChains, profileChain, type TierPolicies, workloadChain } from "./workload-chains.js";
import type { Because } from "../wanted.js";

/** Settings that decide what Felix writes. */
export interface FelixOptions extends StaticOptions {
  /** cidr of the pool */
  readonly pool: string;
}

/** A set as the kernel should hold it. */
export interface WantedFelixSet {
  readonly name: string;
  readonly type: "hash:net" | "hash:ip" | "hash:ip,port";
  readonly elements: ReadonlySet<string>;
  readonly because: Because;
}

/** What Felix reads of a node itself. */
export interface FelixNode {
  readonly name: string;
  /** its own, as the view has it; empty: it is not there */
  readonly address: string;
  /** what host endpoints may speak of */
  readonly devices: HostDevices;
  /** what is delivered on it, but for addresses of services */
  readonly ownAddresses: readonly string[];
  /** marks that its interfaces have, where kube-proxy's IPVS device is there; null: it is not */
  readonly standingMarks: ReadonlyMap<string, number> | null;
}

/** What a node's kernel should hold. */
export interface WantedByFelix {
  readonly sets: readonly WantedFelixSet[];
  readonly chains: Readonly<Record<FelixTable, readonly FelixChain[]>>;
}

const DIRECTIONS: readonly Direction[] = Object.freeze(["ingress", "egress"] as const);
/** Felix itself, which no policy asked for anything. */
export const FELIX: Because = Object.freeze({ object: "felix", path: "" });

interface RenderedPolicy {
  readonly rules: readonly FelixRule[];
  readonly sets: readonly FelixSet[];
}

/** What is made of policies, kept by policy. */
export class PolicyCache {
  private readonly read = new WeakMap<object, FelixPolicy>();
  private readonly rendered = new WeakMap<FelixPolicy, Map<Direction, RenderedPolicy>>();

  /** The policy of an object, read once. */
  of<T extends object>(object: T, read: (object: T) => FelixPolicy): FelixPolicy {
    let policy = this.read.get(object);
    if (policy === undefined) this.read.set(object, (policy = read(object)));
    return policy;
  }

  /** Its rules for one direction. */
  rules(policy: FelixPolicy, direction: Direction): RenderedPolicy {
    let both = this.rendered.get(policy);
    if (both === undefined) this.rendered.set(policy, (both = new Map()));
    let made = both.get(direction);
    if (made === undefined) both.set(direction, (made = policyChainRules(policy, direction)));
    return made;
  }
}

/** Order of a tier's policies: by order, then name, namespace, kind (felix/calc/policy_sorter.go). */
function byOrder(a: FelixPolicy, b: FelixPolicy): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1;
  return compareText(a.name, b.name) || compareText(a.namespace, b.namespace) || compareText(a.kind, b.kind);
}

/** Policies of both APIs in their order. */
function policiesOf(view: EnforceView, cache: PolicyCache): readonly FelixPolicy[] {
  const own = view.policies.flatMap(({ object }) => (object.kind === "NetworkPolicy" ? [cache.of(object, fromNetworkPolicy)] : []));
  const calico = (view.calico ?? []).flatMap(({ object }) => (object.kind === "CalicoNetworkPolicy" || object.kind === "GlobalNetworkPolicy" ? [cache.of(object, fromCalicoPolicy)] : []));
  return [...own, ...calico].sort(byOrder);
}

/** Tiers that have policies, by order and then name; one that is only spoken of is asked last. */
function tiersOf(view: EnforceView, policies: readonly FelixPolicy[]): readonly FelixTier[] {
  const known = new Map(TIERS.map((tier) => [tier.name, tier]));
  for (const { object } of view.calico ?? []) {
    if (object.kind !== "Tier") continue;
    const { order, defaultAction } = object.spec;
    known.set(object.metadata.name, { name: object.metadata.name, order: typeof order === "number" ? order : Number.POSITIVE_INFINITY, defaultAction: defaultAction === "Pass" ? "Pass" : "Deny" });
  }
  const named = [...new Set(policies.map(({ tier }) => tier))];
  const tiers = named.map((name): FelixTier => known.get(name) ?? { name, order: Number.POSITIVE_INFINITY, defaultAction: "Deny" });
  return tiers.sort((a, b) => (a.order === b.order ? compareText(a.name, b.name) : a.order < b.order ? -1 : 1));
}

/** One view, judged for all nodes. */
export class FelixView {
  readonly #endpoints: readonly FelixEndpoint[];
  readonly #hosts: readonly FelixHost[];
  readonly #byNode = new Map<string, FelixEndpoint[]>();
  readonly #tiers: readonly { readonly tier: FelixTier; readonly policies: readonly FelixPolicy[] }[];
  readonly #sets = new Map<string, ReadonlySet<string>>();
  readonly #nodes: readonly string[];

  constructor(
    view: EnforceView,
    private readonly options: FelixOptions,
    private readonly cache: PolicyCache,
  ) {
    this.#endpoints = felixEndpoints(view);
    for (const endpoint of this.#endpoints) {
      const known = this.#byNode.get(endpoint.node);
      if (known === undefined) this.#byNode.set(endpoint.node, [endpoint]);
      else known.push(endpoint);
    }
    this.#hosts = felixHosts(view);
    const policies = policiesOf(view, cache);
    this.#tiers = tiersOf(view, policies).map((tier) => ({ tier, policies: policies.filter((policy) => policy.tier === tier.name) }));
    this.#nodes = view.nodes.flatMap(({ ips }) => ips.filter((ip) => !ip.includes(":")).slice(0, 1));
  }

  /** What a node should hold. */
  wanted(node: FelixNode): WantedByFelix {
    const { name, address, devices, standingMarks } = node;
    const local = this.#byNode.get(name) ?? [];
    const { raw, mangle, nat, filter } = staticChains(standingMarks === null ? this.options : { ...this.options, endpointMarks: ENDPOINT_MARKS });
    const chains = new Map<string, FelixChain>();
    const sets = new Map<string, FelixSet>();
    for (const direction of DIRECTIONS) {
      for (const chain of dispatchChains(local.map(({ device }) => device), direction)) chains.set(chain.name, chain);
      for (const endpoint of local) {
        const tiers = this.#tiersOf(endpoint, direction);
        const chain = workloadChain(endpoint, tiers, direction);
        chains.set(chain.name, chain);
        this.#addNeeded(chains, sets, direction, tiers, endpoint.profiles);
      }
    }
    const host = this.#hostChains(name, devices, sets);
    if (standingMarks !== null) for (const chain of this.#markChains(local, name, devices, standingMarks)) chains.set(chain.name, chain);
    for (const chain of host.filter) chains.set(chain.name, chain);
    return {
      sets: [...this.#fixedSets(address, node.ownAddresses), ...[...sets.values()].map((set) => this.#wantedSet(set))],
      chains: { raw: [...raw, ...host.raw], mangle: [...mangle, ...host.mangle], nat, filter: [...filter, ...chains.values()] },
    };
  }

  /** Chains of groups, policies and profiles that an endpoint's chain jumps to, and their sets. */
  #addNeeded(chains: Map<string, FelixChain>, sets: Map<string, FelixSet>, direction: Direction, tiers: readonly TierPolicies[], profiles: readonly string[]): void {
    for (const chain of groupChains(tiers, direction)) chains.set(chain.name, chain);
    for (const profile of profiles) {
      const chain = profileChain(profile, direction);
      chains.set(chain.name, chain);
    }
    for (const policy of tiers.flatMap((each) => each.policies)) {
      const { rules, sets: needed } = this.cache.rules(policy, direction);
      const name = policyChainName(policy.id, direction);
      chains.set(name, { name, rules });
      for (const set of needed) if (!sets.has(set.name)) sets.set(set.name, set);
    }
  }

  #hostChains(node: string, devices: HostDevices, sets: Map<string, FelixSet>): Readonly<Record<"raw" | "mangle" | "filter", readonly FelixChain[]>> {
    const interfaces = hostInterfaces(this.#hosts, node, devices);
    const tables = hostChains(interfaces, (host, stage, direction) => hostTiers(this.#tiers, host, stage, direction));
    const profiles = [...new Set([...interfaces.values()].flatMap((host) => host.profiles))];
    const all = ({ chains, used }: HostTable): readonly FelixChain[] => {
      const made = new Map(chains.map((chain) => [chain.name, chain]));
      for (const { direction, tiers } of used) this.#addNeeded(made, sets, direction, tiers, chains.some((chain) => speaksOfProfiles(chain)) ? profiles : []);
      return [...made.values()];
    };
    return { raw: all(tables.raw), mangle: all(tables.mangle), filter: all(tables.filter) };
  }

  /** The host endpoint of every interface has no mark: it is nobody's by name. */
  #markChains(local: readonly FelixEndpoint[], node: string, devices: HostDevices, standing: ReadonlyMap<string, number>): readonly FelixChain[] {
    const workloads = local.map(({ device }) => device);
    const hosts = [...hostInterfaces(this.#hosts, node, devices).keys()].filter((each) => each !== ANY_INTERFACE);
    const marks = endpointMarks([...workloads, ...hosts].sort(compareText), standing);
    return markChains({ workloads, hosts, marks }, ENDPOINT_MARKS);
  }

  #tiersOf(endpoint: FelixEndpoint, direction: Direction): readonly TierPolicies[] {
    return this.#tiers.flatMap(({ tier, policies }) => {
      const own = policies.filter((policy) => !policy.untracked && !policy.preDnat && policy[direction] !== null && calicoSelects(policy.selector, endpoint.label));
      return own.length === 0 ? [] : [{ tier, policies: own }];
    });
  }

  #fixedSets(address: string, own: readonly string[]): readonly WantedFelixSet[] {
    const { tunnel, natOutgoing, pool } = this.options;
    const set = (id: string, elements: Iterable<string>, type: WantedFelixSet["type"] = "hash:net"): WantedFelixSet => ({ name: fixedSetName(id), type, elements: new Set(elements), because: FELIX });
    return [
      set(THIS_HOST, own, "hash:ip"),
      set("network-ip-pools", [pool]),
      set("masq-ipam-pools", natOutgoing ? [pool] : []),
      ...(tunnel === "ipip" ? [set("all-hosts-net", this.#nodes)] : []),
      ...(tunnel === "vxlan" ? [set("all-vxlan-net", this.#nodes.filter((each) => each !== address))] : []),
    ];
  }

  #wantedSet({ name, selector, port, because }: FelixSet): WantedFelixSet {
    let elements = this.#sets.get(name);
    if (elements === undefined) {
      const pods = selected(this.#endpoints, selector).map((each) => ({ addresses: [each.address], ports: each.ports }));
      const members = [...pods, ...this.#hosts.filter((host) => calicoSelects(selector, host.label))];
      const withPort = (ports: readonly NamedPort[]): readonly NamedPort[] => ports.filter((each) => each.name === port?.name && each.protocol === port.protocol);
      elements = new Set(members.flatMap(({ addresses, ports }) => addresses.flatMap((address) => (port === null ? [address] : withPort(ports).map((each) => `${address},${each.protocol}:${each.number}`)))));
      this.#sets.set(name, elements);
    }
    return { name, type: port === null ? "hash:net" : "hash:ip,port", elements, because };
  }
}

/** Whether a chain jumps to profiles: those of tables where profiles decide. */
const speaksOfProfiles = (chain: FelixChain): boolean => chain.rules.some(({ comments }) => comments.includes("Return if profile accepted"));
