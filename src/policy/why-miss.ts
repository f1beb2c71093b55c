/* Rules that nearly allowed a denied connection, and the fields that kept them from it. */
import { type Endpoint, endpointName } from "./endpoint.js";
import type { Connection } from "./match.js";
import type { PolicyModel } from "./model.js";
import { type Direction, type Reason, reasonOf } from "./rules.js";
import { type FailedField, failedOfPeer, failedOfPort } from "./why-fields.js";
import type { TrailStep } from "./why-trail.js";

/** A failed field and where it is written. */
export interface MissedField extends FailedField {
  readonly file: string;
  readonly line: number;
}

/** `path` is the peer, or the rule when it has no peers. */
export interface NearMiss extends Reason {
  /** Which half of the rule fails. */
  readonly missed: "peer" | "port" | "both";
  readonly fields: readonly MissedField[];
}

/** Misses by one field, all of them; where there is none, those with the fewest failed fields. Nearest first. */
export function nearMisses(model: PolicyModel, steps: readonly TrailStep[], query: Connection, direction: Direction): readonly NearMiss[] {
  const other = direction === "egress" ? query.to : query.from;
  const all = steps.flatMap((step) => (step.rule.action === "allow" && !step.matches ? missesOf(model, step, query, other) : []));
  const least = Math.max(1, Math.min(...all.map((each) => each.fields.length)));
  return all.filter((each) => each.fields.length <= least).sort((a, b) => a.fields.length - b.fields.length);
}

/** One for each peer of a rule: a rule is as near as the peer that comes nearest to matching. */
function missesOf(model: PolicyModel, step: TrailStep, query: Connection, other: Endpoint): readonly NearMiss[] {
  const { policy, rule } = step;
  const port = nearestPort(step, query);
  const miss = (path: string, peer: readonly FailedField[]): NearMiss => {
    const fields = [...peer, ...port].map((field) => {
      const { file, line } = reasonOf(policy, field.path);
      return { ...field, file, line };
    });
    const missed = peer.length === 0 ? "port" : port.length === 0 ? "peer" : "both";
    return { ...reasonOf(policy, path), missed, fields };
  };
  if (rule.peers === null) return [miss(rule.path, [])];
  if (rule.peers.length === 0) return [miss(rule.path, [{ path: rule.path, wanted: "nobody: the rule has no peer", found: endpointName(other) }])];
  const matching = step.peers ?? [];
  if (matching.length > 0) return [miss(matching[0]!.path, [])];
  return rule.peers.map((peer) => miss(peer.path, failedOfPeer(model, policy, peer, other, query.family)));
}

/** The failure of the port entry that comes nearest: same protocol, then the closest number. Empty when an entry matches. */
function nearestPort(step: TrailStep, query: Connection): readonly FailedField[] {
  const { rule, policy } = step;
  if (rule.ports === null || (step.ports?.length ?? 0) > 0) return [];
  if (rule.ports.length === 0) return [{ path: `${rule.path}.ports`, wanted: "no port: its entries match none", found: `${query.protocol} ${query.port}` }];
  const away = (first: number, last: number): number => Math.max(0, first - query.port, query.port - last);
  const sorted = rule.ports
    .map((entry) => ({ entry, other: entry.protocol !== null && entry.protocol !== query.protocol ? 1 : 0, away: away(entry.first, entry.last) }))
    .sort((a, b) => a.other - b.other || a.away - b.away);
  const failed = failedOfPort(policy, sorted[0]!.entry, query);
  return failed === null ? [] : [failed];
}
