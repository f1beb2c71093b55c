/**
 * Recognises what kube-proxy makes of a service, from the rules alone: a chain that may mark a packet by where it comes from and
 * then jumps to one of several chains by chance, each of which may mark a packet that comes from its own endpoint and translates
 * to it. Whatever the key of the packet (destination, protocol, port) already answers is no test of its own.
 */
import { GO, type Rule, TARGET } from "../rule.js";
import { ASKS } from "../rule-brief.js";
import type { MarkTarget } from "../target-mark.js";
import type { NatTarget } from "../target-nat.js";
import type { Endpoint, RulesById, ServiceShape } from "./service-rows.js";

/** What a packet is known to carry. */
export interface Key {
  readonly dst: number;
  readonly proto: number;
  readonly port: number;
}

/** The shape of a chain for packets of a key, null for any other; `seen` hears of every chain that was looked at. */
export function serviceShape(chains: RulesById, chain: number, key: Key, seen: (chain: number) => void): ServiceShape | null {
  seen(chain);
  const { rules } = chains.get(chain)!;
  const marks = rules.length === 0 ? null : markOf(chains, rules[0]!, seen);
  if (marks !== null && !answered(rules[0]!, key)) return null;
  const guard = marks === null ? null : { test: rules[0]!.src, ...marks };
  const chances: number[] = [];
  const endpoints: Endpoint[] = [];
  for (let i = guard === null ? 0 : 1; i < rules.length; i++) {
    const rule = rules[i]!;
    const endpoint = rule.src === null && rule.go === GO.jump && answered(rule, key) ? endpointOf(chains, rule.to, i, key, seen) : null;
    if (endpoint === null) return null;
    endpoints.push(endpoint);
    if (rule.chance < 0) return { guard, chances, endpoints };
    chances.push(rule.chance);
  }
  return null;
}

/** What a chain of one marking rule does to a mark, if the rule jumps to such a chain. */
function markOf(chains: RulesById, rule: Rule, seen: (chain: number) => void): { value: number; mask: number } | null {
  if (rule.go !== GO.jump) return null;
  const { rules } = chains.get(rule.to)!;
  const [only] = rules;
  if (rules.length !== 1 || only?.target?.kind !== TARGET.mark || only.go !== GO.target || !isPlain(only) || rule.chance >= 0) return null;
  seen(rule.to);
  const { value, mask } = only.target as MarkTarget;
  return { value, mask };
}

function endpointOf(chains: RulesById, chain: number, rule: number, key: Key, seen: (chain: number) => void): Endpoint | null {
  seen(chain);
  const { rules } = chains.get(chain)!;
  const last = rules.at(-1);
  if (last === undefined || rules.length > 2 || last.go !== GO.target || last.target?.kind !== TARGET.dnat || last.src !== null || !answered(last, key) || last.chance >= 0) return null;
  const { minAddr, maxAddr, minPort, maxPort, flags } = (last.target as NatTarget).range;
  if (minAddr !== maxAddr || minPort !== maxPort || flags > 127 || minPort > 0xffff) return null;
  const hairpin = rules.length === 2;
  if (hairpin) {
    const [first] = rules as [Rule, Rule];
    if (first.src === null || first.src.not || first.src.exact !== minAddr || !answered(first, key) || markOf(chains, first, seen) === null) return null;
  }
  return { chain, rule, addr: minAddr, how: flags | (minPort << 8), hairpin };
}

/** No test at all, but for comments. */
export function isPlain({ src, dst, inDev, outDev, proto, frag, port, chance }: Rule): boolean {
  return src === null && dst === null && inDev === null && outDev === null && proto === 0 && frag === 0 && port === ASKS.nothing && chance < 0;
}

/** Every test of the rule but source and chance is met by whatever has the key. */
function answered({ dst, inDev, outDev, proto, protoNot, frag, port }: Rule, key: Key): boolean {
  if (inDev !== null || outDev !== null || protoNot || frag !== 0 || (proto !== 0 && proto !== key.proto)) return false;
  if (dst !== null && (dst.not || dst.exact !== key.dst)) return false;
  return port === key.port || port === ASKS.nothing || port === ASKS.whole;
}
