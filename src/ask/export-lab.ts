/**
 * A whole small cluster as a lab script: the commands that build it on simulated kernels and on a real one alike, then what
 * its programs listen on, then probes.
 *
 * The commands are those that were done, in order: the fabric, then one node after the other. What a real run would leave to
 * chance is settled (see `LabOptions.chance`), so that both runs can be compared to the last counter.
 */
import { PROTO } from "../base/codes.js";
import { formatMac } from "../base/mac.js";
import type { Cluster } from "../cluster/cluster.js";
import { birdOf } from "../models/bgp/bird-program.js";
import { inputError } from "../cluster/input-error.js";
import { carriesIp, deviceByName } from "../linux/device.js";
import type { NftCommand } from "../linux/nf/nft/nft-doc.js";
import type { RestoreDoc } from "../linux/nf/restore-doc.js";
import type { Act } from "../linux/plumbing/act.js";
import { SOCKF, TCP_STATE } from "../linux/sock/socket-table.js";
import type { Stack } from "../linux/stack.js";
import { commandsOf, formatTyped, NamespaceNames } from "../observe/transcript.js";
import { labProbeLine, type LabProbe } from "./export-probe.js";

/** What an exported lab holds. */
/** What an exported lab has beside the cluster. */
export interface LabOptions {
  /** sent one after the other once everything stands */
  readonly probes?: readonly LabProbe[];
  /**
   * "fixed" (default): rules with `statistic --mode random` take turns (`--mode nth`), masquerading keeps ports, ICMP errors
   * are not rationed; "kept": as the cluster has it
   */
  readonly chance?: "fixed" | "kept";
  /** after the probes, print every node's rules with their counters */
  readonly counters?: boolean;
}

/** Seconds; sessions are tried again every one to two. */
const SPEAKERS_WAIT = 10;

/** The real daemon, with the configuration that each simulated one has, in the order in which they began. */
function speakerLines(s: Stack, names: NamesOf): string[] {
  return [...s.app.apps].flatMap(([app, { ns, state }]) => {
    const name = names.get(ns);
    return name === undefined || birdOf(s, ns) !== app ? [] : [`bird ${name} <<CONF`, (state["text"] as string).trimEnd(), "CONF"];
  });
}

/** Labels that name the namespaces of a lab. */
type NamesOf = ReadonlyMap<number, string>;

/** The script; throws an InputError where a cluster keeps no transcripts or a probe cannot be made. */
export function exportLab(cluster: Cluster, options: LabOptions = {}): string {
  const names = labNames(cluster);
  const fixed = options.chance !== "kept";
  const lines: string[] = [...heading(cluster)];
  const write = new ScriptWriter(cluster.stack, names, fixed, cluster.fabric.gateway6 !== undefined, lines);
  lines.push("", "# the network under the nodes, and their root namespaces");
  write.acts(cluster.fabric.acts, cluster.fabric.ns);
  for (const { name, ns } of cluster.fabric.nodes) {
    cluster.control.flush(name);
    const acts = cluster.control.transcript(name);
    if (acts.length === 0) throw inputError("no-transcript", "nodes", `nothing is recorded of node ${name}`, "transcripts are kept of settled clusters of at most 16 nodes");
    lines.push("", `# ${name}`, formatTyped({ words: ["ip", "netns", "exec", name, "sysctl", "-w", `net.bridge.bridge-nf-call-iptables=${cluster.plan.bridgeNf ? 1 : 0}`] }));
    write.acts(acts, ns);
  }
  const speakers = speakerLines(cluster.stack, names);
  if (speakers.length > 0) lines.push("", "# routing daemons", ...speakers);
  lines.push("", "# programs", ...serverLines(cluster.stack, names));
  if (speakers.length > 0) lines.push("", "# until the routing daemons have told each other", `sleep ${SPEAKERS_WAIT}`);
  if (options.probes !== undefined && options.probes.length > 0) lines.push("", "# probes", ...options.probes.map((probe) => labProbeLine(cluster, names, probe)));
  if (options.counters === true) {
    lines.push("", "# what the rules counted", "sleep 0.2", ...cluster.fabric.nodes.map(({ name }) => `ip netns exec ${name} iptables-save -c`));
  }
  return `${lines.join("\n")}\n`;
}

function heading({ fabric, plan }: Cluster): string[] {
  const { delay, rate, loss } = plan.fabric;
  return [
    `# A cluster of ${fabric.nodes.length} nodes with ${plan.cni.name} and kube-proxy (${plan.proxy}), as the commands that build it.`,
    "# Run it as root with runlab.py, or in simulated kernels with: podwire lab FILE",
    ...(delay !== 0 || rate !== 0 || loss !== 0 ? [`# Left out: the cables' delay (${delay} ns), rate (${rate} bit/s) and loss (${loss}).`] : []),
  ];
}

/** Rows of the namespaces that are there, by the names they get: nodes and pods by theirs. */
export function labNames(cluster: Cluster): NamesOf {
  const names = new Map<number, string>([[cluster.fabric.ns, "fabric"], [cluster.fabric.internet, "internet"], ...cluster.fabric.speakers.filter(({ ns }) => ns !== cluster.fabric.ns).map(({ name, ns }) => [ns, name] as const), ...cluster.fabric.nodes.map(({ name, ns }) => [ns, name] as const)]);
  for (const pod of cluster.objects("Pod")) {
    const { namespace = "default", name } = pod.metadata;
    const ns = cluster.control.podNetns(`${namespace}/${name}`);
    if (ns !== 0 && !names.has(ns)) names.set(ns, `${namespace}.${name}`);
  }
  return names;
}

class ScriptWriter {
  private readonly bySandbox: ReadonlyMap<string, string>;

  constructor(
    private readonly s: Stack,
    names: NamesOf,
    private readonly fixed: boolean,
    /** the cluster has IPv6 */
    private readonly six: boolean,
    private readonly lines: string[],
  ) {
    this.bySandbox = new Map([...names].map(([ns, name]) => [s.nsInfo.get(ns)!.name, name]));
  }

  /** @param root row that is there before the first act */
  acts(acts: readonly Act[], root: number): void {
    const called = (name: string): string => this.bySandbox.get(name) ?? name;
    const made = acts.some((act) => act.verb === "netns-add" && called(act.name) === called(this.s.nsInfo.get(root)!.name));
    const names = new NamespaceNames(made ? new Map() : new Map([[root, called(this.s.nsInfo.get(root)!.name)]]), called);
    for (const act of acts) {
      names.meet(act);
      if (changesSomething(act)) {
        const shown = this.settled(act);
        for (const command of commandsOf(act.verb === "netns-add" ? { ...act, name: called(act.name) } : shown, names)) this.lines.push(formatTyped(command));
        if (act.verb === "netns-add") this.lines.push(...this.baseline(called(act.name)));
        if (act.verb === "link-add" && act.kind === "bridge" && this.fixed) this.lines.push(`ip -n ${names.nameOf(act.ns)} link set ${act.name} type bridge mcast_snooping 0`);
      }
      names.leave(act);
    }
  }

  /** IPv6 chatter, redirects and rationed errors come when they like, as do the reports of bridges that snoop; none of them is the cluster's. */
  private baseline(name: string): string[] {
    const quiet = ["net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.router_solicitations=0"];
    const keys = [...(this.six ? quiet : ["net.ipv6.conf.all.disable_ipv6=1"]), ...(this.fixed ? ["net.ipv4.icmp_ratemask=0", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0"] : [])];
    return keys.map((key) => formatTyped({ words: ["ip", "netns", "exec", name, "sysctl", "-w", key] }));
  }

  /** The act with what the simulation chose written out, and what chance would choose settled. */
  private settled(act: Act): Act {
    if (act.verb === "link-add") return this.withMacs(withoutCable(act));
    if (act.verb === "iptables" && act.spec !== undefined) return { ...act, spec: this.spec(act.spec) };
    if (act.verb === "iptables-restore") return { ...act, doc: this.doc(act.doc) };
    if (act.verb === "nft" && this.fixed) return { ...act, commands: act.commands.map(settledCommand) };
    return act;
  }

  /** Without the accounting object of nfacct, which takes every packet and which no command of a lab can make. */
  private spec(spec: string): string {
    const plain = spec.replace(/-m nfacct --nfacct-name \S+ ?/, "");
    return this.fixed ? settledSpec(plain) : plain;
  }

  private doc(doc: RestoreDoc): RestoreDoc {
    return { tables: doc.tables.map((table) => ({ ...table, rules: table.rules.map((rule) => ({ ...rule, spec: this.spec(rule.spec) })) })) };
  }

  /** A bridge takes its MAC from its ports, by the same rule everywhere. */
  private withMacs(act: Extract<Act, { verb: "link-add" }>): Act {
    if (act.kind === "bridge") return act;
    const mac = act.mac ?? this.macOf(act.ns, act.name);
    const peerMac = act.peer === undefined ? undefined : (act.peer.mac ?? this.macOf(act.peer.ns ?? act.ns, act.peer.name));
    return {
      ...act,
      ...(mac === undefined ? {} : { mac }),
      ...(act.peer === undefined ? {} : { peer: { ...act.peer, ...(peerMac === undefined ? {} : { mac: peerMac }) } }),
    };
  }

  /** undefined for what is no longer there. */
  private macOf(ns: number, name: string): string | undefined {
    const dev = this.s.nsInfo.has(ns) ? deviceByName(this.s, ns, name) : 0;
    return dev === 0 || carriesIp(this.s.dev.c.kind[dev]!) ? undefined : formatMac(this.s.dev.c.mac[dev]!);
  }
}

function withoutCable(act: Extract<Act, { verb: "link-add" }>): Extract<Act, { verb: "link-add" }> {
  const { link: _link, ...rest } = act;
  return rest;
}

/** Questions, and the end of flows that nobody has begun. */
function changesSomething(act: Act): boolean {
  return act.verb !== "conntrack-delete" && !(act.verb === "iptables" && act.op === "check");
}

/** `--probability P` of one in k becomes every k-th packet, the first of them being packet 0. */
function settledSpec(spec: string): string {
  return spec
    .replace(/--mode random --probability ([\d.]+)/g, (_whole, p: string) => `--mode nth --every ${Math.round(1 / Number(p))} --packet 0`)
    .replace(/ --random-fully/g, "");
}

/** nft's words for the same: `numgen inc`, and masquerading that keeps ports. */
function settledCommand(command: NftCommand): NftCommand {
  if (command.verb !== "addRule") return command;
  const text = command.rule.text.replace("numgen random mod", "numgen inc mod").replace(/ fully-random\b/, "");
  return { ...command, rule: { ...command.rule, text } };
}

/** What listens becomes a server that answers with its namespace's name and who asked. */
function serverLines(s: Stack, names: NamesOf): string[] {
  const { rows } = s.sock;
  const { c } = rows;
  const lines: { readonly place: number; readonly text: string }[] = [];
  const order = [...names.keys()];
  for (let row = 1; row < rows.top; row++) {
    if (rows.live[row] === 0) continue;
    const name = names.get(c.ns[row]!);
    const listens = c.proto[row] === PROTO.TCP ? c.state[row] === TCP_STATE.listen : c.proto[row] === PROTO.UDP && (c.flags[row]! & (SOCKF.bound | SOCKF.connected)) === SOCKF.bound;
    if (name === undefined || !listens || birdOf(s, c.ns[row]!) === c.app[row]!) continue;
    const addr = c.localAddr[row] === 0 ? "" : ` addr=${s.book.text(c.localAddr[row]!)}`;
    lines.push({ place: order.indexOf(c.ns[row]!), text: `serve ${name} ${c.proto[row] === PROTO.TCP ? "tcp" : "udp"} ${c.localPort[row]!}${addr}` });
  }
  return lines.sort((a, b) => a.place - b.place).map(({ text }) => text);
}
