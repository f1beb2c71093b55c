/** A device as `ip link show` prints it (ipaddress.c print_linkinfo). */
import { isBridge } from "../../linux/dev/bridge-port.js";
import { carriesIp, deviceName, devicesOf, isRunning, portsOf } from "../../linux/device.js";
import { DEV, DEVF, type Stack } from "../../linux/stack.js";
import { linkLayer, tunnelEnd, tunnelFlags, tunnelKind } from "./tunnel-text.js";

const BRIEF_NAME = 16;
const BRIEF_STATE = 14;
const COLUMNS = [10, 7, 6, 7, 7, 7] as const;

/** How the device is named in a list: `vetha@if2`, `vethb@vetha`. */
export function linkedName(s: Stack, dev: number): string {
  const { name } = s.devInfo.get(dev)!;
  const peer = otherEnd(s, dev);
  if (peer === 0) return `${name}${tunnelEnd(s, dev)}`;
  return s.dev.c.ns[peer] === s.dev.c.ns[dev] ? `${name}@${deviceName(s, peer)}` : `${name}@if${s.devInfo.get(peer)!.index}`;
}

/** The other end of a veth pair, 0 for other kinds. An uplink looks like one. */
export function otherEnd(s: Stack, dev: number): number {
  const kind = s.dev.c.kind[dev]!;
  return kind === DEV.veth || kind === DEV.uplink ? s.dev.c.peer[dev]! : 0;
}

/** `BROADCAST,MULTICAST,UP,LOWER_UP`. */
export function flagsText(s: Stack, dev: number): string {
  return flagWords(s, dev).join(",");
}

/** In the order of print_link_flags; `link` is the device that the tool takes for the other end. */
export function flagWords(s: Stack, dev: number, link: number = neighbourEnd(s, dev)): string[] {
  const flags = s.dev.c.flags[dev]!;
  const kind = s.dev.c.kind[dev]!;
  const up = (flags & DEVF.up) !== 0;
  const carrier = (flags & DEVF.carrier) !== 0;
  const words: string[] = [];
  if (up && !carrier) words.push("NO-CARRIER");
  if (kind === DEV.loopback) words.push("LOOPBACK");
  else words.push(...(tunnelFlags(s, dev) ?? ["BROADCAST", "MULTICAST"]));
  if ((flags & DEVF.promisc) !== 0) words.push("PROMISC");
  if (up) words.push("UP");
  if (up && carrier) words.push("LOWER_UP");
  if (link !== 0 && (s.dev.c.flags[link]! & DEVF.up) === 0) words.push("M-DOWN");
  return words;
}

/** The other end where it is in the same namespace, else 0. */
function neighbourEnd(s: Stack, dev: number): number {
  const peer = otherEnd(s, dev);
  return peer !== 0 && s.dev.c.ns[peer] === s.dev.c.ns[dev] ? peer : 0;
}

/** The kernel looks for the other end by its index among the devices here, wherever that end is (default_operstate). */
function lowerIsDown(s: Stack, dev: number): boolean {
  const peer = otherEnd(s, dev);
  if (peer === 0) return false;
  const { index } = s.devInfo.get(peer)!;
  const found = devicesOf(s, s.dev.c.ns[dev]!).find((other) => s.devInfo.get(other)!.index === index);
  return found !== undefined && found !== dev && (s.dev.c.flags[found]! & DEVF.carrier) === 0;
}

/** operstate */
export function stateText(s: Stack, dev: number): string {
  const flags = s.dev.c.flags[dev]!;
  if ((flags & DEVF.up) === 0) return "DOWN";
  const kind = s.dev.c.kind[dev]!;
  if ((flags & DEVF.carrier) === 0) return lowerIsDown(s, dev) ? "LOWERLAYERDOWN" : "DOWN";
  if (isBridge(s, dev) && !portsOf(s, dev).some((port) => isRunning(s, port))) return "UNKNOWN";
  return kind === DEV.loopback || kind === DEV.vxlan || kind === DEV.dummy || kind === DEV.ifb || carriesIp(kind) ? "UNKNOWN" : "UP";
}

/** What frames wait in; a device that was never up has not got it yet. */
export function queueText(s: Stack, dev: number): string {
  if (s.devInfo.get(dev)!.tbf !== undefined) return "tbf";
  return (s.dev.c.flags[dev]! & DEVF.used) === 0 ? "noop" : "noqueue";
}

/** The first line; `brief` is the form of `ip -6 addr`, whose dump holds less. */
export function headLine(s: Stack, dev: number, mode: "link" | "addr" | "inet6"): string {
  const { index } = s.devInfo.get(dev)!;
  const master = s.dev.c.master[dev]!;
  const words = [`${index}: ${mode === "inet6" ? misreadName(s, dev) : linkedName(s, dev)}: <${(mode === "inet6" ? flagWords(s, dev, misreadEnd(s, dev)) : flagWords(s, dev)).join(",")}> mtu ${s.dev.c.mtu[dev]!}`];
  if (mode !== "inet6") words.push(`qdisc ${queueText(s, dev)}`);
  if (master !== 0) words.push(`master ${deviceName(s, master)}`);
  words.push(`state ${stateText(s, dev)}`);
  if (mode === "link") words.push("mode DEFAULT");
  if (mode !== "inet6") words.push("group default");
  return `${words.join(" ")} qlen 1000`;
}

/** The second line: the link-layer address, and where the other end is. */
export function addressLine(s: Stack, dev: number, home: number): string {
  const { type, address, other, broadcast } = linkLayer(s, dev);
  return `    link/${type} ${address === "" ? "" : `${address} ${other} ${broadcast}`}${otherPlace(s, dev, home)}`;
}

/** Where the other end is, if it is in another namespace: it ends the last line about the link itself. */
export function otherPlace(s: Stack, dev: number, home: number): string {
  const peer = otherEnd(s, dev);
  const there = peer === 0 ? 0 : s.dev.c.ns[peer]!;
  if (there === 0 || there === s.dev.c.ns[dev]) return "";
  return there === home ? " link-netnsid 0" : ` link-netns ${s.nsInfo.get(there)!.name}`;
}

/** The dump of IPv6 addresses does not say in which namespace the other end is, so the tool looks its index up in its own. */
export function misreadName(s: Stack, dev: number): string {
  const { name, index } = s.devInfo.get(dev)!;
  const peer = otherEnd(s, dev);
  const other = peer === 0 ? index : s.devInfo.get(peer)!.index;
  if (other === index) return name;
  const known = misreadEnd(s, dev);
  return `${name}@${known === 0 ? `if${other}` : deviceName(s, known)}`;
}

/** The device of this namespace that has the index of the other end, 0 if there is none. */
export function misreadEnd(s: Stack, dev: number): number {
  const peer = otherEnd(s, dev);
  if (peer === 0) return 0;
  const { index } = s.devInfo.get(peer)!;
  return devicesOf(s, s.dev.c.ns[dev]!).find((candidate) => candidate !== dev && s.devInfo.get(candidate)!.index === index) ?? 0;
}

/** `-br`: name and state in columns of their own. */
export function briefHead(s: Stack, dev: number, mode: "link" | "addr" | "inet6"): string {
  const name = mode === "inet6" ? misreadName(s, dev) : linkedName(s, dev);
  return `${name.padEnd(BRIEF_NAME)} ${stateText(s, dev).padEnd(BRIEF_STATE)} `;
}

function columns(values: readonly (number | string)[]): string {
  return values.map((value, i) => String(value).padStart(i === 0 ? COLUMNS[0] : COLUMNS[i]!)).join(" ");
}

/** `-s`: packets and bytes both ways. */
export function statisticsLines(s: Stack, dev: number): string[] {
  const c = s.dev.c;
  const space = " ".repeat(11);
  return [
    `    RX:  bytes packets errors dropped  missed   mcast${space}`,
    `    ${columns([c.rxBytes[dev]!, c.rxPackets[dev]!, 0, c.rxDropped[dev]!, 0, 0])} `,
    `    TX:  bytes packets errors dropped carrier collsns${space}`,
    `    ${columns([c.txBytes[dev]!, c.txPackets[dev]!, c.txErrors[dev]!, c.txDropped[dev]!, c.txCarrier[dev]!, c.collisions[dev]!])} `,
  ];
}

/** Word of a device's kind, as `type` takes it; "" for `lo`. */
export function kindText(s: Stack, dev: number): string {
  const kind = s.dev.c.kind[dev]!;
  if (isBridge(s, dev)) return "bridge";
  if (kind === DEV.veth || kind === DEV.uplink) return "veth";
  return kind === DEV.vxlan ? "vxlan" : kind === DEV.dummy ? "dummy" : (tunnelKind(s, dev)?.kind ?? "");
}
