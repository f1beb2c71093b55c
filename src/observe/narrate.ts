/** A walk as text for a terminal: names, request, end, reply; one line a device, what happened there behind it. */
import { formatDuration } from "../base/time.js";
import { endpointText } from "./packet-view.js";
import type { CauseView, Hop, LookupWalk, PacketView, Path, Walk, WalkStep } from "./walk-record.js";

/** Colours, or nothing: functions that wrap a text. */
export interface Paint {
  /** what a line is about */
  readonly strong: (text: string) => string;
  /** what went well */
  readonly good: (text: string) => string;
  /** what did not */
  readonly bad: (text: string) => string;
  /** details */
  readonly faint: (text: string) => string;
}

const same = (text: string): string => text;
/** No colours. */
export const PLAIN: Paint = Object.freeze({ strong: same, good: same, bad: same, faint: same });

const INDENT = "    ";

/** "10.244.1.5:41000 > 10.96.0.10:53 tcp S ttl 64". */
export function packetText(p: PacketView): string {
  const ports = p.proto === "tcp" || p.proto === "udp";
  const head = `${endpointText(p.src, ports ? p.sport : 0)} > ${endpointText(p.dst, ports ? p.dport : 0)} ${p.proto}`;
  return `${head}${p.flags === undefined ? "" : ` ${p.flags}`} ttl ${p.ttl}${p.inner === undefined ? "" : ` [${packetText(p.inner)}]`}`;
}

/** "NetworkPolicy shop/deny spec.podSelector (deny.yaml:12)". */
export function causeText(cause: CauseView): string {
  const where = cause.file === undefined ? "" : ` (${cause.file}${cause.line === undefined ? "" : `:${cause.line}`})`;
  return `${cause.object}${cause.path === "" ? "" : ` ${cause.path}`}${where}`;
}

type ChainStep = Extract<WalkStep, { kind: "chain" }>;

/** The way through one table at one hook: "nat PREROUTING: KUBE-SERVICES:3 > KUBE-SVC-X:2 > KUBE-SEP-Y:2 DNAT". */
function chainsText(steps: readonly ChainStep[]): string {
  const first = steps[0]!;
  const rules = steps.filter((step) => step.event === "rule");
  const last = steps[steps.length - 1]!;
  const way = rules.map((step) => `${step.chain}:${step.rule}`).join(" > ");
  const target = last.event === "rule" ? /-j (\S+)/.exec(last.text)?.[1] : undefined;
  const end = last.event === "policy" ? `policy ${last.text}` : (target ?? "");
  // What a rule does to the packet for good, though the way goes on.
  const untracked = rules.some((step) => /-j (NOTRACK|CT --notrack)$/.test(step.text)) ? "NOTRACK" : "";
  return `${first.table} ${first.hook}: ${[way, untracked, end].filter((text) => text !== "").join(" ")}`;
}

function tunnelText({ type, vni }: Extract<WalkStep, { kind: "tunnel" }>): string {
  return type === "vxlan" ? `VXLAN ${vni}` : type === "ipip" ? "IPIP" : "WireGuard";
}

function stepText(step: WalkStep): string {
  switch (step.kind) {
    case "socket":
      return step.action === "send" ? "sent by a socket" : "taken by a socket";
    case "link":
      return `on the wire for ${formatDuration(step.delay)}`;
    case "bridge":
      if (step.action === "learn") return `bridge learns the sender at ${step.port}`;
      if (step.action === "forward") return `bridged to ${step.port}`;
      return step.action === "flood" ? `flooded to ${step.copies} ports` : "bridge passes it up";
    case "route":
      return step.result === "none" ? "no route" : `route ${step.route}`;
    case "neighbour":
      if (step.state === "known") return `neighbour ${step.address} is ${step.mac}`;
      return step.state === "waiting" ? `asks who has ${step.address}` : `nobody has ${step.address}`;
    case "policy":
      return `policy ${step.policy} ${step.path}`;
    case "conntrack":
      if (step.event === "invalid" || step.event === "untracked") return `conntrack ${step.event}`;
      return `conntrack ${step.event}${step.state === undefined ? "" : ` ${step.state}`}`;
    case "ipvs":
      if (step.event === "found") return "IPVS knows the connection";
      return step.event === "new" ? `IPVS chooses a server (${step.scheduler})` : `IPVS has no server to give (${step.scheduler})`;
    case "rewrite":
      return `${step.field} ${step.before} -> ${step.after}`;
    case "tunnel":
      return step.action === "encapsulate" ? `${tunnelText(step)} to ${step.remote}` : `out of ${tunnelText(step)}`;
    case "ttl":
      return `ttl ${step.ttl}`;
    case "fragment":
      return `${step.pieces} fragments`;
    case "answer":
      return step.what === "tcp-reset" ? "answers with RST" : `answers with ICMP ${step.type}/${step.code}`;
    case "end":
      return step.result === "dropped" ? `DROPPED ${step.reason}: ${step.meaning}` : step.result;
    default:
      return "";
  }
}

/** What happened at a hop, one text each, chains of one table joined into one. */
export function hopLines(hop: Hop): string[] {
  const lines: string[] = [];
  let chain: ChainStep[] = [];
  let policies: string[] = [];
  const flush = (): void => {
    const idle = chain.every((step) => step.event === "policy" && step.text === "ACCEPT");
    if (!idle) lines.push(chainsText(chain), ...new Set(policies));
    chain = [];
    policies = [];
  };
  for (const step of hop.steps) {
    if (step.kind === "chain") {
      if (chain.length > 0 && (chain[0]!.table !== step.table || chain[0]!.hook !== step.hook)) flush();
      chain.push(step);
      continue;
    }
    const text = stepText(step);
    if (text === "" || (step.kind === "rewrite" && step.field === "mark")) continue;
    if (step.kind === "policy") {
      policies.push(text);
      continue;
    }
    flush();
    lines.push(text);
  }
  flush();
  return lines;
}

function pathLines(path: Path, paint: Paint): string[] {
  const lines: string[] = [];
  let place = "";
  const width = Math.max(8, ...path.hops.map((hop) => hop.device.length));
  for (const hop of path.hops) {
    const here = hop.netns === hop.node ? hop.node : `${hop.node}, ${hop.netns}`;
    if (here !== place) lines.push(`  ${paint.strong(here)}`);
    place = here;
    const [first = "", ...rest] = hopLines(hop);
    const arrow = hop.direction === "in" ? "<-" : hop.direction === "out" ? "->" : "  ";
    lines.push(`${INDENT}${hop.device.padEnd(width)} ${arrow} ${paint.faint(packetText(hop.packet))}`);
    for (const line of [first, ...rest]) if (line !== "") lines.push(`${INDENT}${" ".repeat(width + 4)}${line.startsWith("DROPPED") ? paint.bad(line) : line}`);
  }
  return lines;
}

function lookupLine(one: LookupWalk, paint: Paint): string {
  const dropped = one.query.end.result === "dropped" ? paint.bad(`no answer: dropped, ${one.query.end.reason}`) : "no answer";
  const answer = one.rcode === "" ? dropped : one.addresses.length > 0 ? one.addresses.join(", ") : one.rcode === "NOERROR" ? "no such record" : one.rcode;
  return `  ${one.name} ${one.type} -> ${answer}`;
}

/** The whole walk. */
export function narrate(walk: Walk, paint: Paint = PLAIN): string {
  const lines: string[] = [];
  lines.push(verdictLine(walk, paint));
  if (walk.lookups.length > 0) {
    lines.push("", `names, asked of ${walk.lookups[0]!.server}`);
    for (const one of walk.lookups) lines.push(lookupLine(one, paint));
  }
  if (walk.hops.length > 0) {
    const path: Path = { packet: walk.hops[0]!.packet, hops: walk.hops, end: walk.end };
    lines.push("", `request  ${packetText(path.packet)}`, ...pathLines(path, paint));
  }
  if (walk.reply !== undefined) lines.push("", `reply    ${packetText(walk.reply.packet)}`, ...pathLines(walk.reply, paint));
  lines.push("", ...endLines(walk, paint));
  for (const note of walk.notes) lines.push(`note: ${note}`);
  return `${lines.join("\n")}\n`;
}

/** "kind-worker2: cni0 > flannel.1 > eth0; fabric: port3 > port2": the devices of a path, by place. */
function wayText(hops: readonly Hop[]): string {
  const places: { name: string; devices: string[] }[] = [];
  for (const hop of hops) {
    const name = hop.netns === hop.node ? hop.node : hop.netns;
    const last = places[places.length - 1];
    if (last?.name === name) last.devices.push(hop.device);
    else places.push({ name, devices: [hop.device] });
  }
  return places.map(({ name, devices }) => `${name}: ${devices.join(" > ")}`).join("\n           ");
}

/** The walk in a few lines: verdict, devices there and back, end. */
export function summarize(walk: Walk, paint: Paint = PLAIN): string {
  const lines = [verdictLine(walk, paint)];
  if (walk.hops.length > 0) lines.push(`  request  ${wayText(walk.hops)}`);
  if (walk.reply !== undefined) lines.push(`  reply    ${wayText(walk.reply.hops)}`);
  lines.push(...endLines(walk, paint), ...walk.notes.map((note) => `note: ${note}`));
  return `${lines.join("\n")}\n`;
}

function verdictLine(walk: Walk, paint: Paint): string {
  const what = walk.protocol === "icmp" ? "icmp" : `${walk.protocol}/${walk.port}`;
  const verdict = walk.verdict === "delivered" ? paint.good(walk.verdict) : paint.bad(walk.verdict);
  return `${paint.strong(walk.from.name)} -> ${paint.strong(walk.to.asked)} ${what}: ${verdict}${walk.errno === "" ? "" : ` (${walk.errno})`}`;
}

/** The last line of what the peer said; bytes that are no text are counted. */
function saidText(answer: string): string {
  const last = answer.trim().split("\n").pop() ?? "";
  return /[^\x20-\x7e\u00a1-\uffef]|\ufffd/.test(last) ? `${answer.length} bytes` : last;
}

function endLines(walk: Walk, paint: Paint): string[] {
  const { end } = walk;
  const where = [end.node, end.netns === end.node ? "" : end.netns, end.device].filter((text) => text !== "").join(", ");
  if (walk.verdict === "delivered") {
    const said = saidText(walk.answer);
    return [`${paint.good("delivered")} at ${where}${said === "" ? "" : `; it answered: ${said}`}`];
  }
  if (walk.verdict === "timeout") return [`${paint.bad("timeout")}: nothing was lost, nobody answered`];
  const lines = [`${paint.bad(walk.verdict)} at ${where}: ${end.reason}, ${end.meaning}`];
  if (end.rule !== undefined) lines.push(`  rule ${end.rule.table} ${end.rule.chain}:${end.rule.number}  ${end.rule.text}`);
  if (end.cause !== undefined) lines.push(`  because of ${causeText(end.cause)}`);
  for (const other of end.also ?? []) lines.push(`  and of     ${causeText(other)}`);
  return lines;
}
