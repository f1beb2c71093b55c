/**
 * A policy's rules as iptables rules: what one rule of iptables cannot say is said in blocks that keep score in two bits of the
 * mark (felix/rules/policy.go; which sets a rule needs: felix/calc/rule_scanner.go).
 */
import { formatCalicoSelector, type CalicoSelector } from "../../../api/calico-selector.js";
import type { Because } from "../wanted.js";
import { uniqueId, setName } from "./felix-names.js";
import type { FelixEnd, FelixIcmp, FelixPolicy, FelixPolicyRule, FelixPorts } from "./felix-policy.js";
import { action, felixRule, type FelixRule, MARK, match } from "./felix-rule.js";
import type { Direction } from "../../../policy/rules.js";

/** What a set of addresses, or of addresses with a port, stands for. */
export interface FelixSet {
  readonly name: string;
  readonly selector: CalicoSelector;
  /** null: addresses alone */
  readonly port: { readonly name: string; readonly protocol: string } | null;
  readonly because: Because;
}

type Side = "src" | "dst";
const FLAG: Readonly<Record<Side, string>> = Object.freeze({ src: "--source", dst: "--destination" });
const PORTS: Readonly<Record<Side, string>> = Object.freeze({ src: "--source-ports", dst: "--destination-ports" });
const PAIR: Readonly<Record<Side, "src,src" | "dst,dst">> = Object.freeze({ src: "src,src", dst: "dst,dst" });
/** What one multiport match may hold; a range takes two. */
const MOST_SLOTS = 15;

/** SplitPortList: ports in the groups that a multiport match takes. */
function portGroups(ports: readonly FelixPorts[]): readonly string[] {
  const groups: string[][] = [];
  let room = 0;
  for (const { first, last } of ports) {
    const slots = first === last ? 1 : 2;
    if (slots > room) {
      groups.push([]);
      room = MOST_SLOTS;
    }
    groups.at(-1)!.push(first === last ? `${first}` : `${first}:${last}`);
    room -= slots;
  }
  return groups.map((group) => group.join(","));
}

/** The sets of one end; a positive selector narrows its named ports, and takes a negative one in. */
class EndSets {
  readonly addresses: readonly FelixSet[];
  readonly named: readonly FelixSet[];
  readonly notAddresses: readonly FelixSet[];
  readonly notNamed: readonly FelixSet[];

  constructor(end: FelixEnd, protocol: string, because: Because) {
    const { selector, notSelector } = end;
    const positive: CalicoSelector | null = selector !== null && notSelector !== null ? { kind: "and", of: [selector, { kind: "not", of: notSelector }] } : selector;
    const among = positive ?? ({ kind: "all" } as const);
    const proto = protocol === "udp" || protocol === "sctp" ? protocol : "tcp";
    const named = (name: string): FelixSet => ({ name: setName(uniqueId("n", `${selectorId(among)},${proto},${name}`)), selector: among, port: { name, protocol: proto }, because });
    const addresses = (of: CalicoSelector): FelixSet => ({ name: setName(selectorId(of)), selector: of, port: null, because });
    this.named = end.namedPorts.map(named);
    this.notNamed = end.notNamedPorts.map(named);
    this.addresses = positive !== null && (end.ports.length > 0 || end.namedPorts.length === 0) ? [addresses(positive)] : [];
    this.notAddresses = selector === null && notSelector !== null ? [addresses(notSelector)] : [];
  }

  get all(): readonly FelixSet[] {
    return [...this.named, ...this.notNamed, ...this.addresses, ...this.notAddresses];
  }
}

const selectorId = (selector: CalicoSelector): string => uniqueId("s", formatCalicoSelector(selector));

/** Rules in front of the one that decides: each block leaves its verdict in scratch bit 0. */
class MatchBlocks {
  readonly rules: FelixRule[] = [];
  private positive = false;

  constructor(private readonly because: Because) {}

  /** One of these must match. */
  any(matches: readonly string[][]): void {
    this.begin(0);
    const bit = this.positive ? MARK.scratch1 : MARK.scratch0;
    for (const each of matches) this.add(each, action.mark(bit));
    if (this.positive) this.add([match.markClear(MARK.scratch1)], action.clear(MARK.scratch0));
    this.positive = true;
  }

  /** None of these may match. */
  none(matches: readonly string[][]): void {
    this.begin(MARK.scratch0);
    for (const each of matches) this.add(each, action.clear(MARK.scratch0));
  }

  private begin(bits: number): void {
    if (this.rules.length === 0) this.add([], action.mark(bits, MARK.scratch0 | MARK.scratch1));
  }

  private add(matches: readonly string[], act: string): void {
    this.rules.push(felixRule(matches, act, [], this.because));
  }
}

/** The nets of IPv4; null where all that were asked for are IPv6, and the rule is not for IPv4. A net that excludes everybody ends the rule too. */
function netsOf4(nets: readonly string[], negated: boolean): readonly string[] | null {
  if (nets.length === 0) return nets;
  const kept = nets.filter((net) => !net.includes(":"));
  return kept.length === 0 || (negated && kept.includes("0.0.0.0/0")) ? null : kept;
}

function filteredEnd(end: FelixEnd): FelixEnd | null {
  const nets = netsOf4(end.nets, false);
  const notNets = netsOf4(end.notNets, true);
  return nets === null || notNets === null ? null : { ...end, nets, notNets };
}

const protocolWords = (protocol: string): string[] => (protocol === "" ? [] : [`-p ${protocol}`]);

const icmpWords = (icmp: FelixIcmp | null, not: string): string[] => (icmp === null ? [] : [`-m icmp ${not}--icmp-type ${icmp.type}${icmp.code === null ? "" : `/${icmp.code}`}`]);

/** One end of a rule after what blocks said of it: what the deciding rule itself still asks. */
interface Rest {
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  readonly ports: readonly string[];
  readonly named: readonly FelixSet[];
}

function blockPorts(blocks: MatchBlocks, rule: FelixPolicyRule, end: FelixEnd, sets: EndSets, side: Side): Pick<Rest, "ports" | "named"> {
  const ports = portGroups(end.ports);
  if (ports.length + sets.named.length <= 1) return { ports, named: sets.named };
  blocks.any([
    ...ports.map((group) => [...protocolWords(rule.protocol), `-m multiport ${PORTS[side]} ${group}`]),
    ...sets.named.map((set) => [match.inSet(set.name, PAIR[side])]),
  ]);
  return { ports: [], named: [] };
}

const netMatches = (nets: readonly string[], side: Side): string[][] => nets.map((net) => [`${FLAG[side]} ${net}`]);

/** What a rule of the policy becomes, and the sets it speaks of; nothing for a rule of IPv6. */
export function policyRule(policy: FelixPolicy, rule: FelixPolicyRule): { readonly rules: readonly FelixRule[]; readonly sets: readonly FelixSet[] } {
  const source = filteredEnd(rule.source);
  const destination = filteredEnd(rule.destination);
  // iptables takes one -p: of two, the positive one says all, unless they exclude each other.
  const never = rule.protocol !== "" && rule.protocol === rule.notProtocol;
  if (never || rule.ipVersion === 6 || source === null || destination === null) return { rules: [], sets: [] };
  const because: Because = { object: policy.object, path: rule.path };
  const from = new EndSets(source, rule.protocol, because);
  const to = new EndSets(destination, rule.protocol, because);
  const blocks = new MatchBlocks(because);
  const srcPorts = blockPorts(blocks, rule, source, from, "src");
  const dstPorts = blockPorts(blocks, rule, destination, to, "dst");
  const srcNets = source.nets.length > 1 ? (blocks.any(netMatches(source.nets, "src")), []) : source.nets;
  const dstNets = destination.nets.length > 1 ? (blocks.any(netMatches(destination.nets, "dst")), []) : destination.nets;
  const srcNot = srcNets.length + source.notNets.length > 1 ? (blocks.none(netMatches(source.notNets, "src")), []) : source.notNets;
  const dstNot = destination.notNets.length + dstNets.length > 1 ? (blocks.none(netMatches(destination.notNets, "dst")), []) : destination.notNets;
  const matches = [
    ...protocolWords(rule.protocol),
    ...positiveWords({ nets: srcNets, notNets: srcNot, ...srcPorts }, from, "src"),
    ...positiveWords({ nets: dstNets, notNets: dstNot, ...dstPorts }, to, "dst"),
    ...icmpWords(rule.icmp, ""),
    ...(rule.notProtocol === "" || rule.protocol !== "" ? [] : [`! -p ${rule.notProtocol}`]),
    ...negativeWords(srcNot, source, from, "src"),
    ...negativeWords(dstNot, destination, to, "dst"),
    ...icmpWords(rule.notIcmp, "! "),
    ...(blocks.rules.length > 0 ? [match.markSet(MARK.scratch0)] : []),
  ];
  return { rules: [...blocks.rules, ...verdictRules(rule, matches, because)], sets: [...from.all, ...to.all] };
}

/** CalculateRuleMatch's order: source net, set, ports, named port; for the destination alike. */
function positiveWords({ nets, ports, named }: Rest, sets: EndSets, side: Side): string[] {
  return [
    ...nets.map((net) => `${FLAG[side]} ${net}`),
    ...sets.addresses.map((set) => match.inSet(set.name, side)),
    ...ports.map((group) => `-m multiport ${PORTS[side]} ${group}`),
    ...named.map((set) => match.inSet(set.name, PAIR[side])),
  ];
}

function negativeWords(nets: readonly string[], end: FelixEnd, sets: EndSets, side: Side): string[] {
  return [
    ...nets.map((net) => `! ${FLAG[side]} ${net}`),
    ...sets.notAddresses.map((set) => match.notInSet(set.name, side)),
    ...portGroups(end.notPorts).map((group) => `-m multiport ! ${PORTS[side]} ${group}`),
    ...sets.notNamed.map((set) => match.notInSet(set.name, PAIR[side])),
  ];
}

/** CombineMatchAndActionsForProtoRule: a mark where it matches, and what follows from the mark. */
function verdictRules(rule: FelixPolicyRule, matches: readonly string[], because: Because): readonly FelixRule[] {
  if (rule.action === "log") return [felixRule(matches, action.log("calico-packet"), [], because)];
  const bit = rule.action === "allow" ? MARK.accept : rule.action === "pass" ? MARK.pass : MARK.drop;
  const then = rule.action === "deny" ? action.drop : action.return;
  return [felixRule(matches, action.mark(bit), [], because), felixRule([match.markSet(bit)], then, [], because)];
}

/** The chain of a policy for one direction, without the returns at its end, which do nothing. */
export function policyChainRules(policy: FelixPolicy, direction: Direction): { readonly rules: readonly FelixRule[]; readonly sets: readonly FelixSet[] } {
  const made = (policy[direction] ?? []).map((rule) => policyRule(policy, rule));
  const rules = made.flatMap((each) => each.rules);
  while (rules.at(-1)?.action === action.return) rules.pop();
  const called = policy.namespace === "" ? policy.name : `${policy.namespace}/${policy.name}`;
  const comment = `${policy.kind} ${called} ${direction}`;
  const [first, ...others] = rules.length === 0 ? [felixRule([], "", [], { object: policy.object, path: policy.selectorPath })] : rules;
  const head = felixRule(first!.match, first!.action, [...first!.comments, comment], first!.because);
  return { rules: [head, ...others], sets: made.flatMap((each) => each.sets) };
}
