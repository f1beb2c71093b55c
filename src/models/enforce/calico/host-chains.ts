/**
 * Chains of host endpoints: the ways in and out of a node itself in filter, those of forwarded packets beside them, and what
 * comes before tracking (raw) and before translation (mangle). Failsafe ports keep an operator from locking everybody out
 * (felix/rules/endpoints.go, dispatch.go, static.go; felix/dataplane/linux/endpoint_mgr.go).
 */
import type { Direction } from "../../../policy/rules.js";
import type { Because } from "../wanted.js";
import { HOST_FORWARD_PREFIX, limitedName } from "./felix-names.js";
import { action, type FelixChain, felixRule, type FelixRule, MARK, match } from "./felix-rule.js";
import { ANY_INTERFACE, type FelixHost, type HostStage } from "./host-endpoints.js";
import type { FelixTable } from "./static-chains.js";
import { type ChainKind, dispatchTree, profileRules, type TierPolicies, tierRules } from "./workload-chains.js";

/** Tiers of one interface for one stage and direction. */
export type TiersFor = (host: FelixHost, stage: HostStage, direction: Direction) => readonly TierPolicies[];

const FAILSAFE: Readonly<Record<Direction, readonly string[]>> = Object.freeze({
  ingress: ["tcp 22", "udp 68", "tcp 179", "tcp 2379", "tcp 2380", "tcp 5473", "tcp 6443", "tcp 6666", "tcp 6667"],
  egress: ["udp 53", "udp 67", "tcp 179", "tcp 2379", "tcp 2380", "tcp 5473", "tcp 6443", "tcp 6666", "tcp 6667"],
});
const FAILSAFE_CHAIN: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "cali-failsafe-in", egress: "cali-failsafe-out" });
const OTHER: Readonly<Record<Direction, Direction>> = Object.freeze({ ingress: "egress", egress: "ingress" });
/** Ingress is what comes from the interface, egress what goes to it. */
const PREFIX: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "cali-fh-", egress: "cali-th-" });
const DISPATCH: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "cali-from-host-endpoint", egress: "cali-to-host-endpoint" });
const FORWARD_DISPATCH: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "cali-from-hep-forward", egress: "cali-to-hep-forward" });
const FLAG: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "--in-interface", egress: "--out-interface" });
const BOTH: readonly Direction[] = Object.freeze(["ingress", "egress"] as const);

/** In raw the answers of the other direction's ports pass too: nothing is tracked there yet. */
function failsafeChain(direction: Direction, table: FelixTable): FelixChain {
  const rules = (ports: readonly string[], flag: string): FelixRule[] =>
    ports.map((entry) => {
      const [protocol, port] = entry.split(" ");
      return felixRule([`-p ${protocol!}`, `-m multiport ${flag} ${port!}`], action.accept);
    });
  return { name: FAILSAFE_CHAIN[direction], rules: [...rules(FAILSAFE[direction], "--destination-ports"), ...(table === "raw" ? rules(FAILSAFE[OTHER[direction]], "--source-ports") : [])] };
}

const INVALID: FelixRule = felixRule([match.state("INVALID")], action.drop);
const ESTABLISHED = match.state("RELATED,ESTABLISHED");
const TRACKED: readonly FelixRule[] = [felixRule([ESTABLISHED], action.accept), INVALID];
/** Where others of the table come after, an accepted packet only leaves Felix's chains. */
const TRACKED_BY_MARK: readonly FelixRule[] = [felixRule([ESTABLISHED], action.mark(MARK.accept)), felixRule([ESTABLISHED], action.return), INVALID];
const CLEAR: FelixRule = felixRule([], action.clear(MARK.accept | MARK.pass));
const FORWARDED_BY_DEFAULT: readonly FelixRule[] = [
  felixRule([], action.mark(MARK.accept), ["Allow forwarded traffic by default"]),
  felixRule([], action.return, ["Return for accepted forward traffic"]),
];

const objectOf = (host: FelixHost): Because => ({ object: `HostEndpoint ${host.name}`, path: host.interfaceName === "" ? "spec.expectedIPs" : "spec.interfaceName" });

interface Part {
  readonly head: readonly FelixRule[];
  readonly failsafe: boolean;
  readonly kind: ChainKind;
  readonly stage: HostStage;
  readonly prefix: Readonly<Record<Direction, string>>;
}

const PARTS = Object.freeze({
  normal: { head: TRACKED, failsafe: true, kind: {}, stage: "normal", prefix: PREFIX },
  forward: { head: TRACKED, failsafe: false, kind: {}, stage: "forward", prefix: HOST_FORWARD_PREFIX },
  afterDnat: { head: TRACKED_BY_MARK, failsafe: true, kind: {}, stage: "normal", prefix: PREFIX },
  preDnat: { head: TRACKED, failsafe: true, kind: { undecided: true }, stage: "preDnat", prefix: PREFIX },
  untracked: { head: [], failsafe: true, kind: { untracked: true, undecided: true }, stage: "untracked", prefix: PREFIX },
} as const satisfies Readonly<Record<string, Part>>);

function hostChain(device: string, host: FelixHost, { head, failsafe, kind, stage, prefix }: Part, direction: Direction, tiers: readonly TierPolicies[]): FelixChain {
  const end = stage === "normal" ? profileRules(host.profiles, direction, objectOf(host)) : stage === "forward" && tiers.length === 0 ? FORWARDED_BY_DEFAULT : [];
  return {
    name: limitedName(prefix[direction], device),
    rules: [...head, ...(failsafe ? [felixRule([], action.jump(FAILSAFE_CHAIN[direction]))] : []), CLEAR, ...tiers.flatMap((tier) => tierRules(tier, direction, kind)), ...end],
  };
}

/** What the interfaces of one node need in one table, and which tiers it is made of. */
export interface HostTable {
  readonly chains: readonly FelixChain[];
  readonly used: readonly { readonly direction: Direction; readonly tiers: readonly TierPolicies[] }[];
}

type Interfaces = ReadonlyMap<string, FelixHost>;

/** Some interfaces' chains of one kind and direction, and the way to them. */
function branch(interfaces: Interfaces, part: Part, dispatch: string, direction: Direction, tiersFor: TiersFor, spareWorkloads: boolean): HostTable {
  const named = [...interfaces.keys()].filter((name) => name !== ANY_INTERFACE);
  const chainOf = (device: string): string => limitedName(part.prefix[direction], device);
  const skip = felixRule(["--out-interface cali+"], action.return, ["Skip egress WHEP policy for traffic to local workload"]);
  const last = interfaces.has(ANY_INTERFACE) ? [...(direction === "egress" && spareWorkloads ? [skip] : []), felixRule([], action.goto(chainOf(ANY_INTERFACE)))] : [];
  const made = [...interfaces].map(([device, host]) => ({ device, host, tiers: tiersFor(host, part.stage, direction) }));
  return {
    chains: [...dispatchTree(dispatch, named, FLAG[direction], chainOf, last), ...made.map(({ device, host, tiers }) => hostChain(device, host, part, direction, tiers))],
    used: made.map(({ tiers }) => ({ direction, tiers })),
  };
}

const merge = (table: FelixTable, failsafes: readonly Direction[], parts: readonly HostTable[]): HostTable => ({
  chains: [...parts.flatMap(({ chains }) => chains), ...failsafes.map((direction) => failsafeChain(direction, table))],
  used: parts.flatMap(({ used }) => used),
});

const having = (interfaces: Interfaces, has: (host: FelixHost) => boolean): Interfaces => new Map([...interfaces].filter(([, host]) => has(host)));

/** Chains of a node's host endpoints by table; with none, only the empty ends of the fixed chains. */
export function hostChains(interfaces: Interfaces, tiersFor: TiersFor): Readonly<Record<"raw" | "mangle" | "filter", HostTable>> {
  const untracked = having(interfaces, (host) => BOTH.some((direction) => tiersFor(host, "untracked", direction).length > 0));
  const preDnat = having(interfaces, (host) => tiersFor(host, "preDnat", "ingress").length > 0);
  const failsafes = (some: Interfaces, ...directions: readonly Direction[]): readonly Direction[] => (some.size === 0 ? [] : directions);
  return {
    raw: merge("raw", failsafes(untracked, ...BOTH), BOTH.map((direction) => branch(untracked, PARTS.untracked, DISPATCH[direction], direction, tiersFor, true))),
    mangle: merge(
      "mangle",
      [...failsafes(preDnat, "ingress"), ...failsafes(interfaces, "egress")],
      [branch(preDnat, PARTS.preDnat, DISPATCH.ingress, "ingress", tiersFor, true), branch(interfaces, PARTS.afterDnat, DISPATCH.egress, "egress", tiersFor, true)],
    ),
    filter: merge(
      "filter",
      failsafes(interfaces, ...BOTH),
      BOTH.flatMap((direction) => [
        branch(interfaces, PARTS.normal, DISPATCH[direction], direction, tiersFor, false),
        branch(interfaces, PARTS.forward, FORWARD_DISPATCH[direction], direction, tiersFor, false),
      ]),
    ),
  };
}
