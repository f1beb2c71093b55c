/**
 * Chains of workloads: which interface is whose, what its policies say tier by tier, and what its profiles say where no policy
 * speaks (felix/rules/endpoints.go, dispatch.go).
 */
import { encodeBase64Url } from "../../../base/base64url.js";
import { compareText } from "../../../base/names.js";
import { sha3224 } from "../../../base/sha3.js";
import { formatCalicoSelector } from "../../../api/calico-selector.js";
import type { Direction } from "../../../policy/rules.js";
import { CALICO_VXLAN } from "../../cni/calico/calico-options.js";
import type { Because } from "../wanted.js";
import type { FelixEndpoint } from "./felix-endpoints.js";
import { dispatchChainName, groupPrefix, policyChainName, profileChainName, workloadChainName } from "./felix-names.js";
import type { FelixPolicy, FelixTier } from "./felix-policy.js";
import { action, type FelixChain, felixRule, type FelixRule, MARK, match } from "./felix-rule.js";

/** Policies of one tier that a workload has for one direction, in order. */
export interface TierPolicies {
  readonly tier: FelixTier;
  readonly policies: readonly FelixPolicy[];
}

const GROUP_NAME_LENGTH = 28;
/** A group looks after so many policies whether one of them has decided. */
const RETURN_STRIDE = 5;
const DIRECTION_WORD: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "inbound", egress: "outbound" });

/** Policies one after the other with one selector: who has one of them has all. */
interface PolicyGroup {
  readonly chain: string;
  readonly policies: readonly FelixPolicy[];
}

function groupsOf(policies: readonly FelixPolicy[], direction: Direction): readonly PolicyGroup[] {
  const runs: { readonly selector: string; readonly policies: FelixPolicy[] }[] = [];
  for (const policy of policies) {
    const selector = formatCalicoSelector(policy.selector);
    if (runs.at(-1)?.selector === selector) runs.at(-1)!.policies.push(policy);
    else runs.push({ selector, policies: [policy] });
  }
  return runs.map(({ selector, policies: of }) => ({ policies: of, chain: of.length === 1 ? policyChainName(of[0]!.id, direction) : groupName(selector, of, direction) }));
}

function groupName(selector: string, policies: readonly FelixPolicy[], direction: Direction): string {
  const words = [selector, DIRECTION_WORD[direction], `${policies.length}`, ...policies.map(({ groupId }) => groupId)];
  const prefix = groupPrefix(direction);
  return prefix + encodeBase64Url(sha3224(words.map((word) => `${word}\n`).join(""))).slice(0, GROUP_NAME_LENGTH - prefix.length);
}

/** The chains of groups that a workload's chain jumps to. */
export function groupChains(tiers: readonly TierPolicies[], direction: Direction): readonly FelixChain[] {
  const verdict = MARK.pass | MARK.accept;
  return tiers.flatMap(({ policies }) =>
    groupsOf(policies, direction)
      .filter((group) => group.policies.length > 1)
      .map(({ chain, policies: of }) => ({
        name: chain,
        rules: of.flatMap((policy, i): readonly FelixRule[] => {
          const jump = felixRule(i % RETURN_STRIDE === 0 ? [] : [match.markClear(verdict)], action.jump(policyChainName(policy.id, direction)), [], selectedBy(policy));
          return i > 0 && i % RETURN_STRIDE === 0 ? [felixRule([match.markAny(verdict)], action.return, ["Return on verdict"]), jump] : [jump];
        }),
      })),
  );
}

const selectedBy = (policy: FelixPolicy): Because => ({ object: policy.object, path: policy.selectorPath });

/** Where a chain of an endpoint stands, and what that leaves of it. */
export interface ChainKind {
  /** allowed packets are not tracked, and what no policy decides goes on */
  readonly untracked?: boolean;
  /** what no policy decides goes on: other tables may still decide */
  readonly undecided?: boolean;
}

/** What the policies of a tier say to one endpoint. */
export function tierRules({ tier, policies }: TierPolicies, direction: Direction, { untracked, undecided }: ChainKind = {}): readonly FelixRule[] {
  const [first] = policies;
  if (first === undefined) return [];
  const jumps = groupsOf(policies, direction).flatMap(({ chain, policies: of }) => [
    felixRule([match.markClear(MARK.pass)], action.jump(chain), [], selectedBy(of[0]!)),
    ...(untracked === true ? [felixRule([match.markSet(MARK.accept)], action.notrack, [], selectedBy(of[0]!))] : []),
    felixRule([match.markSet(MARK.accept)], action.return, ["Return if policy accepted"], selectedBy(of[0]!)),
  ]);
  const drops = tier.defaultAction !== "Pass" && undecided !== true;
  const end = drops ? [felixRule([match.markClear(MARK.pass)], action.drop, [`End of tier ${tier.name}. Drop if no policies passed packet`], selectedBy(first))] : [];
  return [felixRule([], action.clear(MARK.pass), [`Start of tier ${tier.name}`]), ...jumps, ...end];
}

/** What an endpoint's profiles say where no policy speaks; and who is to blame if they say nothing. */
export function profileRules(profiles: readonly string[], direction: Direction, because: Because): readonly FelixRule[] {
  return [
    ...profiles.flatMap((profile) => [
      felixRule([], action.jump(profileChainName(profile, direction))),
      felixRule([match.markSet(MARK.accept)], action.return, ["Return if profile accepted"]),
    ]),
    felixRule([], action.drop, ["Drop if no profiles matched"], because),
  ];
}

/** `cali-tw-` or `cali-fw-` of one workload. */
export function workloadChain(endpoint: FelixEndpoint, tiers: readonly TierPolicies[], direction: Direction): FelixChain {
  const tunnels =
    direction === "ingress"
      ? []
      : [
          felixRule(["-p 17", match.toPorts(`${CALICO_VXLAN.port}`)], action.drop, ["Drop VXLAN encapped packets originating in workloads"]),
          felixRule(["-p 4"], action.drop, ["Drop IPinIP encapped packets originating in workloads"]),
        ];
  return {
    name: workloadChainName(endpoint.device, direction),
    rules: [
      felixRule([match.state("RELATED,ESTABLISHED")], action.accept),
      felixRule([match.state("INVALID")], action.drop),
      felixRule([], action.clear(MARK.accept | MARK.pass)),
      ...tunnels,
      ...tiers.flatMap((tier) => tierRules(tier, direction)),
      ...profileRules(endpoint.profiles, direction, { object: `Pod ${endpoint.id}`, path: "" }),
    ],
  };
}

/** The profile that is always there for host endpoints. */
const DEFAULT_ALLOW = "projectcalico-default-allow";

/** Chain of a profile: that of a namespace allows everything, that of a service account has no rule of its own. */
export function profileChain(profile: string, direction: Direction): FelixChain {
  const comment = `Profile ${profile} ${direction}`;
  const allows = profile.startsWith("kns.") || profile === DEFAULT_ALLOW;
  const rules = allows ? [felixRule([], action.mark(MARK.accept), [comment])] : [felixRule([], "", [comment])];
  return { name: profileChainName(profile, direction), rules };
}

const OF_INTERFACE: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "--out-interface", egress: "--in-interface" });

/** The tree of chains that leads from an interface's name to its workload's chain. */
export function dispatchChains(devices: readonly string[], direction: Direction): readonly FelixChain[] {
  const unknown = felixRule([], action.drop, ["Unknown interface"]);
  return dispatchTree(dispatchChainName(direction), devices, OF_INTERFACE[direction], (name) => workloadChainName(name, direction), [unknown]);
}

/** A tree from interfaces' names, as `flag` matches them, to chains; `last` ends every chain of it. */
export function dispatchTree(root: string, devices: readonly string[], flag: string, chainOf: (device: string) => string, last: readonly FelixRule[]): readonly FelixChain[] {
  const names = [...devices].sort(compareText);
  const shared = commonPrefix(names);
  const bins = new Map<string, string[]>();
  for (const name of names) {
    const bin = name.slice(0, shared.length + 1);
    const known = bins.get(bin);
    if (known === undefined) bins.set(bin, [name]);
    else known.push(name);
  }
  const go = (name: string): FelixRule => felixRule([`${flag} ${name}`], action.goto(chainOf(name)));
  const chains: FelixChain[] = [];
  const rules: FelixRule[] = [];
  for (const [bin, members] of bins) {
    if (members.length === 1) rules.push(go(members[0]!));
    else {
      const child = `${root}-${bin.slice(shared.length)}`;
      rules.push(felixRule([`${flag} ${bin}+`], action.goto(child)));
      chains.push({ name: child, rules: [...members.map(go), ...last] });
    }
  }
  return [...chains, { name: root, rules: [...rules, ...last] }];
}

function commonPrefix(names: readonly string[]): string {
  const [first = "", ...others] = names;
  let length = first.length;
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
