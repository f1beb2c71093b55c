/**
 * The flows of a proxy's configuration: one new packet each, sent through a simulated kernel that has the proxy's rules, in
 * a fork for each outcome of each random draw.
 */
import { DROP, ETHERTYPE, PROTO } from "../base/codes.js";
import { InputError, inputError } from "../cluster/input-error.js";
import type { Streams } from "../engine/rng.js";
import { deviceByName } from "../linux/device.js";
import { saveTables } from "../linux/nf/save.js";
import { listFlows } from "../linux/plumbing/flows.js";
import { makeLocal, sendLocal } from "../linux/sock/local-send.js";
import type { Stack } from "../linux/stack.js";
import { buildView, configuredIptablesNode, configuredIpvsNode, configuredNftablesNode, iptablesProxy, IptablesRenderer, ipvsProxy, IpvsRenderer, nftablesProxy, NftablesRenderer, type ProxyConfig, type ProxyFlow, type ProxyObjects } from "../models/proxy/index.js";
import { bracketed, canonicalAddress, readNetwork } from "../models/proxy/sloppy-address.js";
import { TCP_FLAG } from "../packet/columns.js";
import { Packets } from "../packet/packets.js";
import { STEP } from "../trace/kinds.js";
import { TraceRing } from "../trace/ring.js";
import { eachOutcome, ScriptedDraws } from "./rules-draws.js";
import type { RulesMode } from "./rules.js";
import { eachTurn, passTurns, wasRefused } from "./rules-ipvs.js";
import { rulesMachine, type RulesMachine, WIRE_DEVICE } from "./rules-machine.js";

/** What became of a flow: ends in draw order, joined by ", ". */
export interface FlowAnswer {
  readonly name: string;
  /** "ip:port", ACCEPT, DROP, REJECT, or empty where the proxy leaves the packet alone */
  readonly output: string;
  readonly masq: boolean | "mixed";
}

const HEADERS: Readonly<Record<string, number>> = Object.freeze({ tcp: 40, udp: 28, sctp: 32 });
const PROTOCOLS: Readonly<Record<string, number>> = Object.freeze({ tcp: PROTO.TCP, udp: PROTO.UDP, sctp: PROTO.SCTP });
/** by how much the header of IPv6 is longer */
const IPV6_EXTRA = 20;
const SOURCE_PORT = 40000;
/** More endpoints than this in one flow are a mistake. */
const MOST_OUTCOMES = 10_000;
const STEPS_KEPT = 1 << 12;
/** A packet has left the machine long before. */
const FLIGHT: number = 1e6;

/** What became of the packet in one fork. */
interface End {
  readonly output: string;
  readonly masqueraded: boolean;
}

/** Answers every flow of a configuration, in their order; throws an InputError where a flow cannot be sent. */
export function flowsOfConfig(mode: RulesMode, config: ProxyConfig, objects: ProxyObjects): readonly FlowAnswer[] {
  checkFlows(config);
  const draws = new ScriptedDraws(1);
  const machine = MACHINES[mode](config, objects, draws);
  const readEnd = mode === "nftables" ? tracedEnd : countedEnd;
  const { stack } = machine.world;
  const fresh = machine.world.checkpoints.checkpoint();
  const own = new Set(config.nodeLocalIPs.map((text) => canonicalAddress(text)?.text));
  return config.flows.map((flow) => {
    const outcome = (script: readonly number[], turns: number): { end: End; choices: readonly number[] } => {
      machine.world.checkpoints.restore(fresh);
      draws.follow(script);
      stack.trace = new TraceRing(STEPS_KEPT);
      stack.snapshots = new Packets();
      sendFlow(machine, flow, own.has(canonical(flow.sourceIP)), SOURCE_PORT, turns);
      machine.world.engine.run(machine.world.engine.now + FLIGHT);
      return { end: readEnd(machine, flow), choices: draws.choices };
    };
    const ends = mode === "ipvs" ? eachTurn((turns) => outcome([], turns).end, sameEnd, MOST_OUTCOMES) : eachOutcome((script) => outcome(script, 0), MOST_OUTCOMES);
    const masks = new Set(ends.map((end) => end.masqueraded));
    return { name: flow.name, output: ends.map((end) => end.output).join(", "), masq: masks.size === 2 ? "mixed" : masks.has(true) };
  });
}

function checkFlows(config: ProxyConfig): void {
  const missing = config.flows.flatMap((flow, index) =>
    (["sourceIP", "destIP", "destPort"] as const).flatMap((key) => (flow[key] === "" || flow[key] === 0 ? [`flows[${index}].${key}`] : [])),
  );
  if (missing.length > 0) throw new InputError(missing.map((path) => ({ code: "required", severity: "error", path, message: "Required value" })));
}

/** The machine with the rules that its proxy wrote through the node's door. */
export function iptablesMachine(config: ProxyConfig, objects: ProxyObjects, streams?: Streams): RulesMachine {
  const machine = rulesMachine(config, streams);
  const proxy = iptablesProxy(new IptablesRenderer(machine.door.cause), FLIGHT);
  const taken = proxy.sync(machine.door, configuredIptablesNode(config, objects.nodes), buildView(objects.services, objects.slices));
  if (!taken) throw inputError("refused", "", "iptables-restore refuses these rules");
  return machine;
}

/** The same in the nftables mode. */
export function nftablesMachine(config: ProxyConfig, objects: ProxyObjects, streams?: Streams): RulesMachine {
  const machine = rulesMachine(config, streams);
  const proxy = nftablesProxy(new NftablesRenderer(machine.door.cause));
  const taken = proxy.sync(machine.door, configuredNftablesNode(config, objects.nodes), buildView(objects.services, objects.slices));
  if (!taken) throw inputError("refused", "", "nft refuses these rules");
  return machine;
}

/** The same in the IPVS mode. */
export function ipvsMachine(config: ProxyConfig, objects: ProxyObjects, streams?: Streams): RulesMachine {
  const machine = rulesMachine(config, streams);
  const excluded = config.excludeCIDRs.flatMap((text) => readNetwork(text) ?? []);
  const proxy = ipvsProxy(new IpvsRenderer(machine.door.cause), excluded);
  const taken = proxy.sync(machine.door, configuredIpvsNode(config, objects.nodes), buildView(objects.services, objects.slices));
  if (!taken) throw inputError("refused", "", "the kernel refuses these virtual servers, sets or rules");
  return machine;
}

const MACHINES: Readonly<Record<RulesMode, typeof iptablesMachine>> = Object.freeze({ iptables: iptablesMachine, nftables: nftablesMachine, ipvs: ipvsMachine });

const sameEnd = (a: End, b: End): boolean => a.output === b.output && a.masqueraded === b.masqueraded;

/** One new packet: from a process of the machine, or from the wire. Before it, so many others have had their turn at its virtual server. */
export function sendFlow({ world, ns }: RulesMachine, flow: ProxyFlow, local: boolean, sourcePort: number = SOURCE_PORT, turns = 0): void {
  const { stack: s } = world;
  const p = makeLocal(s, s.book.ofText(flow.sourceIP), s.book.ofText(flow.destIP), PROTOCOLS[flow.protocol]!, 0);
  const c = s.packets.c;
  c.sport[p] = sourcePort;
  c.dport[p] = flow.destPort;
  const isIPv6 = s.book.family[c.dst[p]!] === 6;
  c.ipLen[p] = HEADERS[flow.protocol]! + (isIPv6 ? IPV6_EXTRA : 0);
  if (flow.protocol === "tcp") c.flags[p] = TCP_FLAG.SYN;
  passTurns(s, ns, p, turns);
  if (local) {
    sendLocal(s, p, ns, "fits");
    return;
  }
  const dev = deviceByName(s, ns, WIRE_DEVICE);
  c.etherType[p] = isIPv6 ? ETHERTYPE.IPV6 : ETHERTYPE.IPV4;
  c.macDst[p] = s.dev.c.mac[dev]!;
  s.op.receive(p, dev);
}

const canonical = (text: string): string => canonicalAddress(text)!.text;

/** Where a translated flow leads to; undefined for one that was not. */
function translated({ world, ns }: RulesMachine, flow: ProxyFlow): string | undefined {
  const tracked = listFlows(world.stack, ns).find(
    ({ original }) => original.src === canonical(flow.sourceIP) && original.dst === canonical(flow.destIP) && original.dport === flow.destPort,
  );
  if (tracked === undefined || (tracked.reply.src === tracked.original.dst && tracked.reply.sport === tracked.original.dport)) return undefined;
  return `${bracketed({ family: tracked.family, text: tracked.reply.src })}:${tracked.reply.sport}`;
}

/** A translated flow, else the verdict of the rule of the filter table that counted the packet, else what IPVS said, else nothing. */
function countedEnd(machine: RulesMachine, flow: ProxyFlow): End {
  const { world, ns } = machine;
  const output = translated(machine, flow);
  const family = world.stack.book.family[world.stack.book.ofText(flow.destIP)] as 4 | 6;
  // Masquerading a node's own address may choose that address again, so the rule is asked, not the translation.
  if (output !== undefined) return { output, masqueraded: countedVerdicts(world.stack, ns, family, "nat").includes("MASQUERADE") };
  const counted = countedVerdicts(world.stack, ns, family, "filter")[0];
  return { output: counted ?? (wasRefused((world.stack.trace as TraceRing).steps()) ? "REJECT" : ""), masqueraded: false };
}

/** The same of rules that count nothing: what the recording tells. */
function tracedEnd(machine: RulesMachine, flow: ProxyFlow): End {
  const { stack: s } = machine.world;
  const output = translated(machine, flow);
  const steps = (s.trace as TraceRing).steps();
  if (output !== undefined) return { output, masqueraded: steps.some((step) => step.kind === STEP.RULE && /\bmasquerade /.test(s.nf.places.get(step.a)!.text)) };
  const drop = steps.find((step) => step.kind === STEP.DROP && step.packet === steps[0]!.packet && step.a === DROP.NETFILTER_DROP);
  if (drop === undefined) return { output: "", masqueraded: false };
  const isAnswered = steps.some((step) => step.kind === STEP.ICMP_ERROR && step.packet === drop.packet);
  return { output: isAnswered ? "REJECT" : "DROP", masqueraded: false };
}

/** Verdicts of the proxy's rules that counted a packet, in the order of the rules. */
function countedVerdicts(s: Stack, ns: number, family: 4 | 6, table: "filter" | "nat"): readonly string[] {
  const lines = saveTables(s, ns, family, { counters: true, table }).split("\n");
  const rules = lines.map((line) => /^\[([0-9]+):[0-9]+\] -A KUBE-.* -j (ACCEPT|DROP|REJECT|MASQUERADE)\b/.exec(line));
  return rules.flatMap((rule) => (rule !== null && Number(rule[1]) > 0 ? [rule[2]!] : []));
}
