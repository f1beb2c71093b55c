/**
 * A node's own chains: the top chain, which every new packet of INPUT, FORWARD and OUTPUT sees first, the dispatch to pods, and
 * one chain for each pod and direction that a policy isolates.
 *
 * An established connection returns at once. Then egress is judged if a pod of this node sends, and after it ingress if one
 * receives: a pod's chain says yes by RETURN, which leads back to the top chain (the dispatch goes to it, it is not called), and no
 * by its last rule, DROP. In the end the packet comes back to the chain that it came from, where other rules see it.
 */
import { addressText } from "./peer-elements.js";
import type { PodRecord } from "../../policy/model.js";
import type { Direction, Policy } from "../../policy/rules.js";
import type { PolicySwitches } from "../../policy/switches.js";
import { ALLOW_CHAIN, DISPATCH_CHAIN, isolatedSetName, podChainName, policyChainName, TOP_CHAIN } from "./names.js";
import { type Because, comment, OWN, type WantedChain, type WantedRule, type WantedSet } from "./wanted.js";

/** The bit that a policy's rules say yes with; kube-proxy has 0x4000 and 0x8000. */
const MARK = "0x10000/0x10000";
const UNMARK = "-j MARK --set-xmark 0x0/0x10000";
const DIRECTIONS: readonly Direction[] = Object.freeze(["egress", "ingress"] as const);
/** Router and neighbour discovery: without it nobody has a neighbour. */
const DISCOVERY: readonly number[] = Object.freeze([133, 134, 135, 136]);

/** A pod of the node, and the policies that isolate it for one direction, by name. */
export interface Isolated {
  readonly pod: PodRecord;
  readonly policies: readonly Policy[];
}

const own = (spec: string): WantedRule => ({ spec, ...OWN });

/** Chains and sets that stand on every node. */
export function topChains(family: 4 | 6, switches: PolicySwitches): readonly WantedChain[] {
  const protocols = switches.otherProtocols === "allowed" ? ["-p tcp ", "-p udp ", "-p sctp "] : [""];
  const judge = (direction: Direction, side: "src" | "dst"): readonly WantedRule[] =>
    protocols.map((proto) => own(`${proto}${comment(`${direction} of isolated pods`)} -m set --match-set ${isolatedSetName(family, direction)} ${side} -j ${DISPATCH_CHAIN[direction]}`));
  const discovery = family === 4 ? [] : DISCOVERY.map((type) => own(`-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j RETURN`));
  return [
    {
      name: TOP_CHAIN,
      rules: [
        own(`${comment("connections that were judged")} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`),
        ...discovery,
        ...judge("egress", "src"),
        ...judge("ingress", "dst"),
        own(`-m mark --mark ${MARK} ${UNMARK}`),
      ],
    },
    { name: ALLOW_CHAIN, rules: [own("-j MARK --set-xmark 0x10000/0x10000")] },
  ];
}

/** The set and the chain that lead from the top chain to the pods' chains. */
export function dispatch(family: 4 | 6, direction: Direction, isolated: readonly Isolated[]): { readonly set: WantedSet; readonly chain: WantedChain } {
  const elements = new Map<string, boolean>();
  const rules: WantedRule[] = [];
  for (const { pod } of isolated) {
    const address = addressText(pod, family)!;
    elements.set(address, false);
    const at = `${direction === "egress" ? "-s" : "-d"} ${address}/${family === 4 ? 32 : 128}`;
    const chain = podChainName(pod.id, direction);
    rules.push({ spec: `${at} -m physdev --physdev-is-bridged ${comment(`${pod.id} by the bridge`)} -g ${chain}`, ...becauseOf(pod) });
    rules.push({ spec: `${at} ${comment(`${pod.id} by a route`)} -g ${chain}`, ...becauseOf(pod) });
  }
  return { set: { name: isolatedSetName(family, direction), type: "hash:ip", elements, ...OWN }, chain: { name: DISPATCH_CHAIN[direction], rules } };
}

/** The chain of one isolated pod: itself and its node first, then each policy, then no. */
export function podChain(family: 4 | 6, direction: Direction, { pod, policies }: Isolated, switches: PolicySwitches): WantedChain {
  const out = direction === "egress";
  const because = becauseOf(pod);
  const rules: WantedRule[] = [
    { spec: `${out ? "-d" : "-s"} ${addressText(pod, family)!}/${family === 4 ? 32 : 128} ${comment(`${pod.id} to itself`)} -j RETURN`, ...because },
  ];
  if (!out || switches.podToOwnNode === "allowed") {
    rules.push({ spec: `${comment(`${pod.id} and its node`)} -m addrtype --${out ? "dst" : "src"}-type LOCAL -j RETURN`, ...because });
  }
  rules.push({ spec: UNMARK, ...because });
  for (const policy of policies) {
    const selected = { object: policy.id, path: policy.subjectPath };
    rules.push({ spec: `${comment(policy.id)} -j ${policyChainName(policy.id, direction)}`, ...selected });
    rules.push({ spec: `-m mark --mark ${MARK} -j RETURN`, ...selected });
  }
  const [first] = policies;
  rules.push({ spec: `${comment(`${pod.id} is isolated by ${first!.id}`)} -j DROP`, object: first!.id, path: first!.subjectPath });
  return { name: podChainName(pod.id, direction), rules };
}

function becauseOf(pod: PodRecord): Because {
  return { object: `Pod ${pod.id}`, path: "" };
}

export { DIRECTIONS };
