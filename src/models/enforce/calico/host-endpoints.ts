/** Host endpoints: interfaces of nodes that an operator has put under policy, and what each has of it. */
import type { HostEndpoint } from "../../../api/calico-api.js";
import { calicoSelects, type LabelLookup } from "../../../api/calico-selector.js";
import { compareText } from "../../../base/names.js";
import type { Direction } from "../../../policy/rules.js";
import type { EnforceView } from "../enforce-model.js";
import type { NamedPort } from "./felix-endpoints.js";
import type { FelixPolicy, FelixTier } from "./felix-policy.js";
import type { TierPolicies } from "./workload-chains.js";

/** What chains of `*`, every interface that is no workload's, are called by. */
export const ANY_INTERFACE = "any-interface-at-all";
const EVERY = "*";

/** One HostEndpoint object. */
export interface FelixHost {
  readonly name: string;
  readonly node: string;
  /** "*" for all; empty: whatever has one of the addresses */
  readonly interfaceName: string;
  readonly addresses: readonly string[];
  readonly profiles: readonly string[];
  readonly ports: readonly NamedPort[];
  readonly label: LabelLookup;
}

/** The host endpoints of a view by name. */
export function felixHosts(view: EnforceView): readonly FelixHost[] {
  const objects = (view.calico ?? []).flatMap(({ object }) => (object.kind === "HostEndpoint" ? [object] : []));
  return objects.map(hostOf).sort((a, b) => compareText(a.name, b.name));
}

function hostOf({ metadata, spec }: HostEndpoint): FelixHost {
  const labels = metadata.labels ?? {};
  return {
    name: metadata.name,
    node: spec.node,
    interfaceName: spec.interfaceName ?? "",
    addresses: (spec.expectedIPs ?? []).filter((ip) => !ip.includes(":")),
    profiles: spec.profiles ?? [],
    ports: (spec.ports ?? []).map(({ name, protocol, port }) => ({ name, protocol: String(protocol).toLowerCase(), number: port })),
    label: (label) => (Object.hasOwn(labels, label) ? labels[label] : undefined),
  };
}

/** A node's devices, but those of workloads, and their IPv4 addresses. */
export type HostDevices = ReadonlyMap<string, readonly string[]>;

/** Whose each interface of a node is; `*` under ANY_INTERFACE. The first by name wins. */
export function hostInterfaces(hosts: readonly FelixHost[], node: string, devices: HostDevices): ReadonlyMap<string, FelixHost> {
  const found = new Map<string, FelixHost>();
  for (const host of hosts) {
    if (host.node !== node) continue;
    const fits = (name: string, addresses: readonly string[]): boolean => (host.interfaceName === "" ? addresses.some((each) => host.addresses.includes(each)) : host.interfaceName === name);
    const names = host.interfaceName === EVERY ? [ANY_INTERFACE] : [...devices].flatMap(([name, addresses]) => (fits(name, addresses) ? [name] : []));
    for (const name of names) if (!found.has(name)) found.set(name, host);
  }
  return found;
}

/** Where policies for host endpoints are asked: before tracking, before translation, for the host's own packets, for others'. */
export type HostStage = "untracked" | "preDnat" | "normal" | "forward";

function belongs(policy: FelixPolicy, stage: HostStage): boolean {
  if (policy.untracked || policy.preDnat) return stage === (policy.untracked ? "untracked" : "preDnat");
  return stage === "normal" || (stage === "forward" && policy.onForward);
}

/** Policies of a host endpoint for one stage and direction, tier by tier. */
export function hostTiers(
  tiers: readonly { readonly tier: FelixTier; readonly policies: readonly FelixPolicy[] }[],
  host: FelixHost,
  stage: HostStage,
  direction: Direction,
): readonly TierPolicies[] {
  if (stage === "preDnat" && direction === "egress") return [];
  return tiers.flatMap(({ tier, policies }) => {
    const own = policies.filter((policy) => belongs(policy, stage) && policy[direction] !== null && calicoSelects(policy.selector, host.label));
    return own.length === 0 ? [] : [{ tier, policies: own }];
  });
}
