/**
 * Runs the few words of a recorded lab (`../shared/oracle/runlab.py` on the real kernel) that device tests need, and prints what
 * the simulated kernel says to them in the same form.
 */
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { ETHERTYPE, PROTO } from "../../src/base/codes.js";
import { formatMac } from "../../src/base/mac.js";
import { MS, SECOND } from "../../src/base/time.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { FDBF } from "../../src/linux/dev/fdb-table.js";
import { vxlanReceive } from "../../src/linux/dev/vxlan.js";
import { deviceByName, deviceName } from "../../src/linux/device.js";
import { NUD } from "../../src/linux/neigh-table.js";
import { netnsByName } from "../../src/linux/netns.js";
import { isAged } from "../../src/linux/dev/bridge-fdb.js";
import type { Act } from "../../src/linux/plumbing/act.js";
import { plumb } from "../../src/linux/plumbing.js";
import { DEVF, type Stack } from "../../src/linux/stack.js";
import { IP_FLAG } from "../../src/packet/columns.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import { decodeFrame } from "../../src/packet/wire/frame-reader.js";
import { STEP } from "../../src/trace/kinds.js";
import type { TraceSink } from "../../src/trace/sink.js";

export interface Step {
  readonly time: number;
  readonly kind: number;
  readonly packet: number;
  readonly ns: number;
  readonly dev: number;
  readonly a: number;
  readonly b: number;
  readonly text: string;
}

/** A stack with a recorder; UDP is taken by VXLAN devices or noted in `delivered`. */
export class Lab {
  readonly stack: Stack;
  readonly steps: Step[] = [];
  readonly delivered: string[] = [];
  /** what the sockets would have done in `localDeliver`'s place */
  readonly toSockets: Stack["op"]["localDeliver"];
  private from = 0;

  constructor(seed = 1) {
    const book = new AddressBook();
    const s = createStack({ engine: new Engine(seed), streams: new Streams(seed), book, causes: new CauseTable(), packets: new Packets(), payloads: new Payloads() });
    this.stack = s;
    const packets = s.packets;
    const now = { p: 0 };
    s.snapshots = { copyFrom: (_from: Packets, p: number) => (now.p = p) } as unknown as Packets;
    const sink: TraceSink = {
      step: (time, kind, packet, ns, dev, a, b) => {
        this.steps.push({ time, kind, packet, ns, dev, a, b, text: decode(s, packets, now.p) });
      },
    };
    s.trace = sink;
    this.toSockets = s.op.localDeliver;
    s.op.localDeliver = (p, ns, dev) => {
      if (s.packets.c.proto[p] === PROTO.UDP && vxlanReceive(s, p, ns)) return;
      this.delivered.push(`${s.nsInfo.get(ns)!.name} ${deviceName(s, dev)} ${decode(s, packets, p)}`);
      s.packets.release(p);
    };
  }

  ns(name: string): number {
    return netnsByName(this.stack, 1, name);
  }

  dev(ns: string, name: string): number {
    return deviceByName(this.stack, this.ns(ns), name);
  }

  /** Does an act that must succeed. */
  act(act: Act): void {
    const refused = plumb(this.stack, act);
    if (refused !== null) throw new Error(`${act.verb}: ${refused.message}`);
  }

  run(ns: number): void {
    this.stack.engine.run(this.stack.engine.now + ns);
  }

  /** The packet of some bytes. */
  frame(hex: string): number {
    const s = this.stack;
    const bytes = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
    const p = decodeFrame(s.packets, s.payloads, s.book, bytes, 0, bytes.length);
    if (p < 0) throw new Error(`malformed frame ${p}`);
    return p;
  }

  /** A frame as if a program behind `dev` had sent it; takes 10 ms. */
  inject(ns: string, dev: string, hex: string): void {
    this.stack.op.transmit(this.frame(hex), this.dev(ns, dev));
    this.run(10 * MS);
  }

  /** Frames seen at devices since the last asking. */
  captured(): string[] {
    const seen = this.steps.slice(this.from).filter((step) => step.kind === STEP.DEVICE_IN || step.kind === STEP.DEVICE_OUT);
    this.from = this.steps.length;
    return seen.map((step) => `${this.stack.nsInfo.get(step.ns)!.name} ${deviceName(this.stack, step.dev)} ${step.kind === STEP.DEVICE_IN ? "in" : "out"} ${step.text}`);
  }
}

/** One line for a frame, in the words of the recorder. */
export function decode(s: Stack, packets: Packets, p: number): string {
  const c = packets.c;
  const text = (addr: number): string => s.book.text(addr as never);
  const macs = `${formatMac(c.macSrc[p]!)}>${formatMac(c.macDst[p]!)} `;
  if (c.etherType[p] === ETHERTYPE.ARP) {
    return macs + (c.arpOp[p] === 1 ? `ARP who-has ${text(c.dst[p]!)} tell ${text(c.src[p]!)}` : `ARP ${text(c.src[p]!)} is-at ${formatMac(c.arpSha[p]!)} to ${text(c.dst[p]!)}`);
  }
  const ip = `${text(c.src[p]!)}>${text(c.dst[p]!)} ttl${c.ttl[p]} len${c.ipLen[p]}${(c.frag[p]! & IP_FLAG.DF) !== 0 ? " DF" : ""}`;
  if (c.proto[p] === PROTO.UDP && c.vni[p] !== 0) {
    return `${macs}VXLAN vni${c.vni[p]} flags08 udp ${c.sport[p]}>${c.dport[p]} ${ip} [ ${decode(s, packets, c.inner[p]!)} ]`;
  }
  if (c.proto[p] === PROTO.ICMP) {
    const quoted = c.inner[p] === 0 ? "" : ` ( ${decode(s, packets, c.inner[p]!).replace(/^\S+ /, "")} )`;
    return `${macs}ICMP ${c.icmpType[p]}/${c.icmpCode[p]} ${ip}${quoted}`;
  }
  return `${macs}UDP ${c.sport[p]}>${c.dport[p]} ${ip}`;
}

/** What a recorded transcript says to one command. */
export interface Recorded {
  readonly command: string;
  readonly said: readonly string[];
}

export function readRecorded(text: string): Recorded[] {
  const all: { command: string; said: string[] }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("$ ")) all.push({ command: line.slice(2), said: [] });
    else if (line !== "") all.at(-1)!.said.push(line.trimEnd());
  }
  return all;
}

/** Carries out one recorded command; null where there is nothing to compare. Tables come sorted, `link show` in its decisive parts. */
export function carryOut(lab: Lab, command: string): string[] | null {
  const words = command.split(" ");
  if (words[0] === "inject") lab.inject(words[1]!, words[2]!, words[3]!);
  else if (words[0] === "sleep") lab.run(Number(words[1]) * SECOND);
  else if (words[0] === "captured") return lab.captured();
  else if (words[0] === "bridge") return bridge(lab, words.slice(1));
  else if (words[0] === "ip" && words[1] === "netns") netns(lab, words.slice(2));
  else if (words[0] === "ip") return ip(lab, words.slice(1));
  else if (words[0] !== "capture") throw new Error(`no such word in these labs: ${command}`);
  return null;
}

function netns(lab: Lab, [verb, name, , , ...settings]: string[]): void {
  if (verb === "add") {
    lab.act({ verb: "netns-add", node: 1, name: name! });
    return;
  }
  for (const setting of settings) {
    if (!setting.includes("=")) continue;
    const [key, value] = setting.split("=");
    lab.act({ verb: "sysctl", ns: lab.ns(name!), key: key!, value: value! });
  }
}

/** Words after a name as a map: `address X mtu Y`. */
const after = (words: readonly string[], key: string): string | undefined => {
  const at = words.indexOf(key);
  return at < 0 ? undefined : words[at + 1];
};

function ip(lab: Lab, words: string[]): string[] | null {
  const stats = words.includes("-s");
  const [, name, object, verb, ...rest] = words.filter((word) => word !== "-s") as [string, string, string, string, ...string[]];
  const ns = lab.ns(name);
  if (object === "addr") lab.act({ verb: "addr-add", ns, dev: after(rest, "dev")!, addr: rest[0]! });
  else if (object === "neigh" && verb === "show") return neighbours(lab, ns);
  else if (object === "neigh") lab.act({ verb: "neigh-add", ns, addr: rest[0]!, mac: after(rest, "lladdr")!, dev: after(rest, "dev")! });
  else if (verb === "show") return link(lab, name, rest.at(-1)!, stats);
  else if (verb === "del") lab.act({ verb: "link-del", ns, name: rest[0]! });
  else if (verb === "add") addLink(lab, ns, rest);
  else setLink(lab, ns, rest.filter((word) => word !== "dev"));
  return null;
}

function addLink(lab: Lab, ns: number, words: string[]): void {
  const type = words.indexOf("type");
  const own = words.slice(0, type);
  const rest = words.slice(type + 1);
  const mac = after(own, "address");
  const base = { verb: "link-add", ns, name: own[0]!, ...(mac === undefined ? {} : { mac }) } as const;
  if (rest[0] === "bridge") lab.act({ ...base, kind: "bridge" });
  else if (rest[0] === "veth") {
    const peer = { name: after(rest, "name")!, mac: after(rest, "address")!, ns: lab.ns(after(rest, "netns")!) };
    lab.act({ ...base, kind: "veth", peer });
  } else {
    const at = rest.indexOf("srcport");
    const option = (key: string): Record<string, string> => (after(rest, key) === undefined ? {} : { [key]: after(rest, key)! });
    const vxlan = { id: Number(after(rest, "id")), port: Number(after(rest, "dstport")), srcport: [Number(rest[at + 1]), Number(rest[at + 2])] as const, learning: !rest.includes("nolearning") };
    lab.act({ ...base, kind: "vxlan", vxlan: { ...vxlan, ...option("local"), ...option("remote"), ...option("dev") } });
  }
}

function setLink(lab: Lab, ns: number, words: string[]): void {
  const act = { verb: "link-set", ns, name: words[0]! } as const;
  if (words.includes("up")) lab.act({ ...act, up: true });
  else if (words.includes("down")) lab.act({ ...act, up: false });
  else if (words.includes("nomaster")) lab.act({ ...act, master: null });
  else if (words.includes("master")) lab.act({ ...act, master: after(words, "master")! });
  else lab.act({ ...act, mac: after(words, "address")! });
}

function bridge(lab: Lab, words: string[]): string[] | null {
  const [, name, object, verb, ...rest] = words as [string, string, string, string, ...string[]];
  const ns = lab.ns(name);
  if (object === "fdb" && verb === "show") return fdb(lab, name, rest.at(-1)!, rest[0] === "br");
  if (object === "fdb") lab.act({ verb: "fdb-append", ns, mac: rest[0]!, dev: after(rest, "dev")!, dst: after(rest, "dst")! });
  else lab.act({ verb: "link-set", ns, name: rest[1]!, [rest[2]!]: rest[3] === "on" } as Act);
  return null;
}

function fdb(lab: Lab, ns: string, device: string, ofBridge: boolean): string[] {
  const s = lab.stack;
  const c = s.fdb.rows.c;
  const owner = lab.dev(ns, device);
  const lines: string[] = [];
  for (let row = 1; row < s.fdb.rows.top; row++) {
    if (s.fdb.rows.live[row] !== 1 || c.owner[row] !== owner || isAged(s, row)) continue;
    const kept = (c.flags[row]! & FDBF.permanent) !== 0 ? " permanent" : "";
    const mac = formatMac(c.mac[row]!);
    lines.push(ofBridge ? `${mac} dev ${deviceName(s, c.port[row]! === 0 ? owner : c.port[row]!)} master ${device}${kept}` : `${mac} dst ${s.book.text(c.remote[row]! as never)} self${kept}`);
  }
  return lines.sort();
}

const STATES = new Map<number, string>([
  [NUD.reachable, "REACHABLE"], [NUD.stale, "STALE"], [NUD.delay, "DELAY"], [NUD.probe, "PROBE"], [NUD.failed, "FAILED"], [NUD.permanent, "PERMANENT"],
]);

function neighbours(lab: Lab, ns: number): string[] {
  const s = lab.stack;
  const { c, live, top } = s.neigh.rows;
  const lines: string[] = [];
  for (let row = 1; row < top; row++) {
    if (live[row] !== 1 || s.dev.c.ns[c.dev[row]!] !== ns || c.state[row] === NUD.noarp) continue;
    const mac = (c.state[row]! & NUD.valid) !== 0 ? ` lladdr ${formatMac(c.mac[row]!)}` : "";
    lines.push(`${s.book.text(c.addr[row]! as never)} dev ${deviceName(s, c.dev[row]!)}${mac} ${STATES.get(c.state[row]!) ?? "INCOMPLETE"}`);
  }
  return lines.sort();
}

function link(lab: Lab, ns: string, name: string, stats: boolean): string[] {
  const s = lab.stack;
  const dev = lab.dev(ns, name);
  const c = s.dev.c;
  const up = (c.flags[dev]! & DEVF.up) !== 0;
  const carrier = (c.flags[dev]! & DEVF.carrier) !== 0;
  const lines = [`${up ? (carrier ? "UP,LOWER_UP" : "NO-CARRIER,UP") : "down"} mtu ${c.mtu[dev]} ${formatMac(c.mac[dev]!)}`];
  if (stats) lines.push(`rx ${c.rxBytes[dev]} ${c.rxPackets[dev]} tx ${c.txBytes[dev]} ${c.txPackets[dev]} ${c.txDropped[dev]}`);
  return lines;
}

/** The decisive parts of a recorded answer, in the form of `carryOut`. */
export function decisive(recorded: Recorded): string[] {
  const { command, said } = recorded;
  if (command.includes("fdb show") || command.includes("neigh show")) return [...said].sort();
  if (!command.includes("link show")) return [...said];
  const head = said[0]!;
  const up = /[<,]UP[,>]/.test(head) ? (head.includes("NO-CARRIER") ? "NO-CARRIER,UP" : "UP,LOWER_UP") : "down";
  const lines = [`${up} mtu ${/mtu (\d+)/.exec(head)![1]} ${/ether (\S+)/.exec(said[1]!)![1]}`];
  if (said.length > 2) {
    const numbers = (line: string): string[] => line.trim().split(/\s+/);
    const rx = numbers(said[3]!);
    const tx = numbers(said[5]!);
    lines.push(`rx ${rx[0]} ${rx[1]} tx ${tx[0]} ${tx[1]} ${tx[3]}`);
  }
  return lines;
}
