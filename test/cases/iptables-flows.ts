/**
 * Sends the flow of a case through the simulated kernel: a node with the case's addresses and rules, one wire that every
 * route leads to, one new packet, once for each outcome of each random draw.
 */
import { ETHERTYPE, PROTO } from "../../src/base/codes.js";
import { deviceByName } from "../../src/linux/device.js";
import { saveTables } from "../../src/linux/nf/save.js";
import { listFlows } from "../../src/linux/plumbing/flows.js";
import { plumb } from "../../src/linux/plumbing.js";
import { makeLocal, sendLocal } from "../../src/linux/sock/local-send.js";
import type { Stack } from "../../src/linux/stack.js";
import type { NodeDoor } from "../../src/models/node-door.js";
import type { ProxyFlow } from "../../src/models/proxy/config.js";
import { configuredIptablesNode } from "../../src/models/proxy/configured-node.js";
import { iptablesProxy } from "../../src/models/proxy/iptables/iptables-proxy.js";
import { IptablesRenderer } from "../../src/models/proxy/iptables/render.js";
import { buildView } from "../../src/models/proxy/view.js";
import { TCP_FLAG } from "../../src/packet/columns.js";
import { act, makeStack, netns } from "../linux/world.js";
import type { ProxyCase } from "./proxy-cases.js";

const HEADERS: Readonly<Record<string, number>> = { tcp: 40, udp: 28, sctp: 32 };
const GATEWAY = "192.168.255.1";

/** What became of the packet in one world. */
interface End {
  readonly output: string;
  readonly masqueraded: boolean;
}

export interface FlowAnswer {
  readonly output: string;
  readonly masq: boolean | "mixed";
}

export function runFlow(of: ProxyCase, flow: ProxyFlow): FlowAnswer {
  const ends: End[] = [];
  // Every draw is a yes or a no; a script says the first answers, the rest are yes. Worlds are tried in draw order.
  const scripts: (readonly boolean[])[] = [[]];
  for (let script = scripts.shift(); script !== undefined; script = scripts.shift()) {
    const { end, drawn } = runOnce(of, flow, script);
    ends.push(end);
    for (let at = drawn - 1; at >= script.length; at--) {
      scripts.unshift([...script, ...Array<boolean>(at - script.length).fill(true), false]);
    }
    scripts.sort((a, b) => b.length - a.length);
    if (ends.length > 100) throw new Error("too many ends");
  }
  const masks = new Set(ends.map((end) => end.masqueraded));
  return { output: ends.map((end) => end.output).join(", "), masq: masks.size === 2 ? "mixed" : masks.has(true) };
}

function runOnce(of: ProxyCase, flow: ProxyFlow, script: readonly boolean[]): { readonly end: End; readonly drawn: number } {
  const { s, ns } = nodeOfCase(of);
  const drawn = scriptDraws(s, script);
  sendFlow(s, ns, flow, of.config.nodeLocalIPs.includes(flow.sourceIP));
  s.engine.run(s.engine.now + 1e6);
  return { end: readEnd(s, ns, flow), drawn: drawn() };
}

/** The case's node with its addresses, and the rules that its proxy wrote through the node's door. */
export function nodeOfCase(
  { config, objects }: Pick<ProxyCase, "config" | "objects">,
  seed = 1,
): { readonly s: Stack; readonly ns: number } {
  const s = makeStack([], seed);
  const ns = nodeWithAddresses(s, config.nodeLocalIPs);
  const door: NodeDoor = {
    stack: s,
    ns,
    node: config.nodeName,
    memory: new Map(),
    plumb: (each) => plumb(s, each),
    below: () => 0,
    cause: () => 1,
  };
  const proxy = iptablesProxy(new IptablesRenderer(() => 1), 30e9);
  const taken = proxy.sync(door, configuredIptablesNode(config, objects.nodes), buildView(objects.services, objects.slices));
  if (!taken) throw new Error("the payload was refused");
  return { s, ns };
}

function nodeWithAddresses(s: Stack, addresses: readonly string[]): number {
  const ns = netns(s, "node");
  const wire = netns(s, "wire", 2);
  act(s, { verb: "link-add", ns, name: "eth0", kind: "veth", peer: { ns: wire, name: "eth0" } });
  act(s, { verb: "link-set", ns, name: "eth0", up: true });
  act(s, { verb: "link-set", ns: wire, name: "eth0", up: true });
  for (const key of ["net.ipv4.ip_forward", "net.ipv4.conf.all.route_localnet"]) act(s, { verb: "sysctl", ns, key, value: "1" });
  for (const text of addresses) {
    if (!text.includes(":") && text !== "127.0.0.1") act(s, { verb: "addr-add", ns, dev: "eth0", addr: `${text}/32` });
  }
  act(s, { verb: "neigh-add", ns, dev: "eth0", addr: GATEWAY, mac: "02:00:00:00:00:99" });
  act(s, { verb: "route-add", ns, dst: "default", via: GATEWAY, dev: "eth0", onlink: true });
  return ns;
}

/** Answers the draws of balancing chains by the script; returns how many were asked for. */
function scriptDraws(s: Stack, script: readonly boolean[]): () => number {
  const balancing = new Set<number>();
  let drawn = 0;
  const { stream, u32 } = s.streams;
  s.streams.stream = (name) => {
    const id = stream.call(s.streams, name);
    if (/\/KUBE-SV[CL]-/.test(name)) balancing.add(id);
    return id;
  };
  s.streams.u32 = (id) => (balancing.has(id) ? ((script[drawn++] ?? true) ? 0 : 0x7fffffff) : u32.call(s.streams, id));
  return () => drawn;
}

/** One new packet: from a process of the node, or from the wire. */
export function sendFlow(s: Stack, ns: number, flow: ProxyFlow, local: boolean, sourcePort = 40000): void {
  const proto = { tcp: PROTO.TCP, udp: PROTO.UDP, sctp: PROTO.SCTP }[flow.protocol]!;
  const p = makeLocal(s, s.book.ofText(flow.sourceIP), s.book.ofText(flow.destIP), proto, 0);
  const c = s.packets.c;
  c.sport[p] = sourcePort;
  c.dport[p] = flow.destPort;
  c.ipLen[p] = HEADERS[flow.protocol]!;
  if (flow.protocol === "tcp") c.flags[p] = TCP_FLAG.SYN;
  if (local) {
    sendLocal(s, p, ns, "fits");
    return;
  }
  const dev = deviceByName(s, ns, "eth0");
  c.etherType[p] = ETHERTYPE.IPV4;
  c.macDst[p] = s.dev.c.mac[dev]!;
  s.op.receive(p, dev);
}

/** A translated flow, else the verdict of the rule of the filter table that counted the packet, else nothing. */
function readEnd(s: Stack, ns: number, flow: ProxyFlow): End {
  const tracked = listFlows(s, ns).find(
    ({ original }) => original.src === flow.sourceIP && original.dst === flow.destIP && original.dport === flow.destPort,
  );
  if (tracked !== undefined && (tracked.reply.src !== tracked.original.dst || tracked.reply.sport !== tracked.original.dport)) {
    // Masquerading a node's own address may choose that address again, so the rule is asked, not the translation.
    return { output: `${tracked.reply.src}:${tracked.reply.sport}`, masqueraded: countedVerdicts(s, ns, "nat").includes("MASQUERADE") };
  }
  return { output: countedVerdicts(s, ns, "filter")[0] ?? "", masqueraded: false };
}

/** Verdicts of the proxy's rules that counted a packet, in the order of the rules. */
function countedVerdicts(s: Stack, ns: number, table: "filter" | "nat"): readonly string[] {
  const lines = saveTables(s, ns, 4, { counters: true, table }).split("\n");
  const rules = lines.map((line) => /^\[([0-9]+):[0-9]+\] -A KUBE-.* -j (ACCEPT|DROP|REJECT|MASQUERADE)\b/.exec(line));
  return rules.flatMap((rule) => (rule !== null && Number(rule[1]) > 0 ? [rule[2]!] : []));
}
