/** Acts on namespaces, devices, addresses, neighbours and forwarding tables, as `ip` and `bridge` commands. */
import { SECOND } from "../base/time.js";
import type { AddrChange, AddrFlush, CableAct, FdbChange, LinkAdd, LinkDel, LinkSet, NeighChange } from "../linux/plumbing/act.js";
import type { QdiscAdd, QdiscDel } from "../linux/plumbing/qdisc-act.js";
import type { IpipAct, VxlanAct, WireguardSet } from "../linux/plumbing/tunnel-act.js";
import { execIn, inNetns, type NamespaceWords, netnsWord, type TypedCommand } from "./transcript-words.js";

const MICROSECOND = 1000;
/** Bridges count their ageing in hundredths of a second. */
const CENTISECONDS = 100;

const given = (word: string, value: string | number | undefined): string[] => (value === undefined ? [] : [word, String(value)]);

const onOff = (on: boolean): string => (on ? "on" : "off");

/** An uplink is typed as the veth pair that stands for a cable. */
export function linkAddCommands(act: LinkAdd, at: NamespaceWords): TypedCommand[] {
  if (act.kind === "ipip" && act.ipip === undefined) return fallbackCommands(act, at);
  const kind = act.kind === "uplink" ? "veth" : act.kind;
  const words = ["link", "add", act.name, ...given("address", act.mac), ...given("mtu", act.mtu), ...(act.up === true && kind !== "veth" ? ["up"] : []), "type", kind];
  if (kind === "veth" && act.peer !== undefined) words.push(...peerWords(act, at));
  if (act.vxlan !== undefined) words.push(...vxlanWords(act.vxlan));
  if (act.ipip !== undefined) words.push(...ipipWords(act.ipip));
  if (act.bridge?.ageing !== undefined) words.push("ageing_time", ageingWord(act.bridge.ageing));
  const commands = [inNetns("ip", at, act.ns, words)];
  if (act.up === true && kind === "veth") {
    commands.push(inNetns("ip", at, act.ns, ["link", "set", act.name, "up"]));
    if (act.peer !== undefined) commands.push(inNetns("ip", at, act.peer.ns ?? act.ns, ["link", "set", act.peer.name, "up"]));
  }
  const { peer } = act;
  if (act.link !== undefined) {
    commands.push(...cableCommands(act.link, act.ns, act.name, at));
    if (peer !== undefined) commands.push(...cableCommands(act.link, peer.ns ?? act.ns, peer.name, at));
  }
  return commands;
}

function peerWords({ ns, mtu, peer }: LinkAdd, at: NamespaceWords): string[] {
  const { name = "", ns: peerNs = ns, mac, mtu: peerMtu = mtu } = peer ?? {};
  return ["peer", "name", name, ...(peerNs === ns ? [] : ["netns", netnsWord(at, peerNs)]), ...given("address", mac), ...given("mtu", peerMtu)];
}

function vxlanWords({ id, port = 8472, local, dev, remote, learning, srcport }: VxlanAct): string[] {
  return [
    "id", String(id), "dstport", String(port), ...given("local", local), ...given("remote", remote), ...given("dev", dev),
    ...(srcport === undefined ? [] : ["srcport", String(srcport[0]), String(srcport[1])]), ...(learning === false ? ["nolearning"] : []),
  ];
}

function ipipWords({ local, remote, dev, ttl, tos, pmtudisc }: IpipAct): string[] {
  return [...given("local", local), ...given("remote", remote), ...given("ttl", ttl === 0 ? undefined : ttl), ...given("tos", tos), ...(pmtudisc === false ? ["nopmtudisc"] : []), ...given("dev", dev)];
}

/** `tunl0` comes with the module. */
function fallbackCommands({ ns, name, mtu, up }: LinkAdd, at: NamespaceWords): TypedCommand[] {
  const words = [...given("mtu", mtu), ...(up === true ? ["up"] : [])];
  return [{ words: ["modprobe", "ipip"] }, ...(words.length === 0 ? [] : [inNetns("ip", at, ns, ["link", "set", name, ...words])])];
}

const ageingWord = (ageing: number): string => String(Math.round((ageing / SECOND) * CENTISECONDS));

/** A cable without delay, limit and loss needs no command. */
function cableCommands({ delay = 0, rate = 0, loss = 0 }: CableAct, ns: number, dev: string, at: NamespaceWords): TypedCommand[] {
  if (delay === 0 && rate === 0 && loss === 0) return [];
  const name = at.nameOf(ns);
  return [
    {
      words: [
        "tc", ...(name === "" ? [] : ["-n", name]), "qdisc", "replace", "dev", dev, "root", "netem",
        ...(delay === 0 ? [] : ["delay", `${delay / MICROSECOND}us`]), ...(rate === 0 ? [] : ["rate", `${rate}bit`]), ...(loss === 0 ? [] : ["loss", `${loss * 100}%`]),
      ],
    },
  ];
}

/** What `ip link set` says at once comes first, then what a bridge port is told. */
export function linkSetCommands(act: LinkSet, at: NamespaceWords): TypedCommand[] {
  const words = [
    ...(act.netns === undefined ? [] : ["netns", netnsWord(at, act.netns)]), ...given("name", act.rename), ...given("address", act.mac), ...given("mtu", act.mtu),
    ...(act.master === undefined ? [] : act.master === null ? ["nomaster"] : ["master", act.master]), ...(act.promisc === undefined ? [] : ["promisc", onOff(act.promisc)]),
  ];
  const state = act.up === undefined ? [] : [act.up ? "up" : "down"];
  const port = (["hairpin", "learning", "flood"] as const).flatMap((word) => (act[word] === undefined ? [] : [word, onOff(act[word])]));
  const name = act.rename ?? act.name;
  const ns = act.netns ?? act.ns;
  const later = port.length > 0 || act.ageing !== undefined || act.link !== undefined;
  const commands: TypedCommand[] = [];
  if (words.length > 0 || (state.length > 0 && !later)) commands.push(inNetns("ip", at, act.ns, ["link", "set", act.name, ...words, ...(later ? [] : state)]));
  if (port.length > 0) commands.push(inNetns("bridge", at, ns, ["link", "set", "dev", name, ...port]));
  if (act.ageing !== undefined) commands.push(inNetns("ip", at, ns, ["link", "set", name, "type", "bridge", "ageing_time", ageingWord(act.ageing)]));
  if (act.link !== undefined) commands.push(...cableCommands(act.link, ns, name, at));
  if (later && state.length > 0) commands.push(inNetns("ip", at, ns, ["link", "set", name, ...state]));
  return commands;
}

export function linkDelCommand(act: LinkDel, at: NamespaceWords): TypedCommand {
  return inNetns("ip", at, act.ns, ["link", "del", act.name]);
}

export function addressCommand(act: AddrChange | AddrFlush, at: NamespaceWords): TypedCommand {
  if (act.verb === "addr-flush") return inNetns("ip", at, act.ns, ["addr", "flush", "dev", act.dev]);
  return inNetns("ip", at, act.ns, ["addr", act.verb.slice(5), act.addr, ...given("brd", act.broadcast), ...given("scope", act.scope), "dev", act.dev, ...(act.nodad === true ? ["nodad"] : [])]);
}

export function neighbourCommand(act: NeighChange, at: NamespaceWords): TypedCommand {
  return inNetns("ip", at, act.ns, ["neigh", act.verb.slice(6), act.addr, ...given("lladdr", act.mac), "dev", act.dev, ...given("nud", act.state)]);
}

export function fdbCommand(act: FdbChange, at: NamespaceWords): TypedCommand {
  const { dev, mac, dst, master, self, state } = act;
  const words = [mac, "dev", dev, ...given("dst", dst), ...(self === true ? ["self"] : []), ...(master === true ? ["master"] : []), ...(state === undefined ? [] : [state])];
  return inNetns("bridge", at, act.ns, ["fdb", act.verb.slice(4), ...words]);
}

/** A private key is read from a file, so it is fed; then one command for the device and each peer. */
export function wireguardCommands({ ns, dev, privateKey, listenPort, peers = [] }: WireguardSet, at: NamespaceWords): TypedCommand[] {
  const words = ["wg", "set", dev, ...given("listen-port", listenPort), ...(privateKey === undefined ? [] : ["private-key", "/dev/stdin"])];
  return [
    ...(words.length === 3 ? [] : [execIn(at, ns, words, privateKey)]),
    ...peers.map(({ publicKey, endpoint, allowedIps, remove }) => execIn(at, ns, ["wg", "set", dev, "peer", publicKey, ...(remove === true ? ["remove"] : [...given("endpoint", endpoint), ...given("allowed-ips", allowedIps?.join(","))])])),
  ];
}

/** Rates in bits; a queue at the way in needs a filter that sends everything on. */
export function qdiscCommands(act: QdiscAdd | QdiscDel, at: NamespaceWords): TypedCommand[] {
  const name = at.nameOf(act.ns);
  const tc = (...words: readonly string[]): TypedCommand => ({ words: ["tc", ...(name === "" ? [] : ["-n", name]), ...words] });
  if (act.verb === "qdisc-del") return [tc("qdisc", "del", "dev", act.dev, act.at)];
  const { dev, tbf, redirect } = act;
  return [
    ...(tbf === undefined ? [] : [tc("qdisc", "add", "dev", dev, "root", "handle", "1:", "tbf", "rate", `${tbf.rate * 8}bit`, "burst", `${tbf.burst}b`, "limit", `${tbf.limit}b`)]),
    ...(redirect === undefined
      ? []
      : [tc("qdisc", "add", "dev", dev, "handle", "ffff:", "ingress"), tc("filter", "add", "dev", dev, "parent", "ffff:", "protocol", "all", "prio", "1", "u32", "match", "u32", "0", "0", "action", "mirred", "egress", "redirect", "dev", redirect)]),
  ];
}
