/** `ip link`. */
import type { LinkAdd, LinkKind, LinkPeer, LinkSet } from "../../linux/plumbing/act.js";
import type { IpipAct, VxlanAct } from "../../linux/plumbing/tunnel-act.js";
import { formatMac } from "../../base/mac.js";
import { deviceName } from "../../linux/device.js";
import type { Stack } from "../../linux/stack.js";
import type { Json } from "../json-text.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import { act, namespaceOf, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { detailLines } from "./device-details.js";
import { devicesWanted, findDevice } from "./device-list.js";
import { addressLine, briefHead, flagsText, flagWords, headLine, statisticsLines } from "./device-text.js";
import { type IpOptions, printed, verbOf } from "./ip-options.js";
import { briefNames, linkJson } from "./link-json.js";

const VERBS = ["add", "set", "replace", "change", "delete", "show", "list", "lst", "xstats", "afstats", "property"] as const;
const SECONDS = 10_000_000;

export function ipLink(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "link", VERBS, "show");
  if (verb === "add") return addLink(place, reader);
  if (verb === "set" || verb === "change") return setLink(place, reader);
  if (verb === "delete") return deleteLink(place, reader);
  if (verb === "show" || verb === "list" || verb === "lst") return said(showLinks(place, options, reader));
  throw new NotModelled(`ip link ${verb}`);
}

function showLinks(place: Place, options: IpOptions, reader: WordReader): string {
  const { s, home } = place;
  const { devices } = devicesWanted(place, reader);
  if (options.json) return printed(options, devices.map((dev) => (options.brief ? briefJson(s, dev) : linkJson(s, dev, "link", home, options))));
  return devices.map((dev) => (options.brief ? briefLine(s, dev) : linkLines(s, dev, home, options).join(options.oneLine ? "\\" : "\n"))).join("\n");
}

function linkLines(s: Stack, dev: number, home: number, options: IpOptions): string[] {
  const all = [headLine(s, dev, "link"), addressLine(s, dev, home)];
  if (options.details) detailLines(s, dev, true).forEach((line, i) => (i === 0 ? (all[1] += line) : all.push(line)));
  if (options.statistics) all.push(...statisticsLines(s, dev));
  return all;
}

function briefLine(s: Stack, dev: number): string {
  return `${briefHead(s, dev, "link")}${formatMac(s.dev.c.mac[dev]!)} <${flagsText(s, dev)}> `;
}

function briefJson(s: Stack, dev: number): { readonly [key: string]: Json } {
  return { ...briefNames(s, dev), address: formatMac(s.dev.c.mac[dev]!), flags: flagWords(s, dev) };
}

function deleteLink(place: Place, reader: WordReader): Output {
  let name = "";
  while (!reader.done) {
    const word = reader.take();
    if (word === "type") reader.argument();
    else name = word === "dev" ? reader.argument() : word;
  }
  findDevice(place, name);
  return act(place, { verb: "link-del", ns: place.ns, name });
}

function numberOf(reader: WordReader, what: string): number {
  const word = reader.argument();
  if (!/^\d+$/.test(word)) throw new Ended(255, `Error: argument "${word}" is wrong: Invalid "${what}" value\n`);
  return Number(word);
}

interface Common {
  name?: string;
  mac?: string;
  mtu?: number;
  up?: boolean;
  netns?: number;
}

/** Words that `add`, `set` and the peer of a veth share; false: not one of them. */
function commonWord(place: Place, reader: WordReader, word: string, to: Common): boolean {
  if (word === "name") to.name = reader.argument();
  else if (word === "address") to.mac = reader.argument();
  else if (word === "mtu") to.mtu = numberOf(reader, "mtu");
  else if (word === "up") to.up = true;
  else if (word === "down") to.up = false;
  else if (word === "netns") to.netns = netnsArgument(place, reader.argument());
  else if (["txqueuelen", "txqlen", "qlen", "numtxqueues", "numrxqueues", "group", "alias"].includes(word)) reader.argument();
  else return false;
  return true;
}

function netnsArgument(place: Place, name: string): number {
  if (name === "1") return place.home;
  try {
    return namespaceOf(place, name);
  } catch {
    throw new Ended(255, `Error: argument "${name}" is wrong: Invalid "netns" value\n`);
  }
}

function addLink(place: Place, reader: WordReader): Output {
  const own: Common = {};
  let kind: LinkKind | null = null;
  let peer: LinkPeer | undefined;
  let vxlan: VxlanAct | undefined;
  let ipip: IpipAct | undefined;
  let ageing: number | undefined;
  let lower = "";
  while (!reader.done) {
    const word = reader.take();
    if (word === "type") {
      const type = reader.argument();
      if (!["veth", "bridge", "vxlan", "dummy", "ipip", "wireguard", "ifb"].includes(type)) throw new NotModelled(`ip link add type ${type}`);
      kind = type as LinkKind;
      if (kind === "veth") peer = peerWords(place, reader);
      else if (kind === "bridge") ageing = bridgeWords(reader);
      else if (kind === "vxlan") vxlan = vxlanWords(reader);
      else if (kind === "ipip") ipip = ipipWords(reader);
    } else if (word === "link") lower = reader.argument();
    else if (word === "dev") own.name = reader.argument();
    else if (!commonWord(place, reader, word, own)) own.name = word;
  }
  if (kind === null) throw new Ended(255, 'Not enough information: "type" argument is required');
  if (lower !== "") throw new NotModelled(`ip link add link ... type ${kind}`);
  const made: LinkAdd = {
    verb: "link-add",
    ns: own.netns ?? place.ns,
    name: own.name ?? "",
    kind,
    ...(own.mac === undefined ? {} : { mac: own.mac }),
    ...(own.mtu === undefined ? {} : { mtu: own.mtu }),
    ...(own.up === undefined ? {} : { up: own.up }),
    ...(peer === undefined ? {} : { peer }),
    ...(vxlan === undefined ? {} : { vxlan }),
    ...(ipip === undefined ? {} : { ipip }),
    ...(ageing === undefined ? {} : { bridge: { ageing } }),
  };
  return act(place, made);
}

function peerWords(place: Place, reader: WordReader): LinkPeer {
  const peer: Common = {};
  if (reader.takeIf("peer")) {
    while (!reader.done) {
      const word = reader.take();
      if (!commonWord(place, reader, word, peer)) peer.name = word;
    }
  }
  return {
    name: peer.name ?? "veth0",
    ...(peer.netns === undefined ? {} : { ns: peer.netns }),
    ...(peer.mac === undefined ? {} : { mac: peer.mac }),
    ...(peer.mtu === undefined ? {} : { mtu: peer.mtu }),
  };
}

/** Options of a bridge; the ageing time in ns if it is among them. */
function bridgeWords(reader: WordReader): number | undefined {
  let ageing: number | undefined;
  while (!reader.done) {
    const word = reader.take();
    const value = reader.argument();
    if (word === "ageing_time") ageing = Number(value) * SECONDS;
    else if (word === "mcast_snooping" || word === "stp_state" || word === "vlan_filtering") {
      if (word !== "mcast_snooping" && value !== "0") throw new NotModelled(`bridge ${word} ${value}`);
    } else if (word !== "forward_delay" && word !== "nf_call_iptables") throw new NotModelled(`bridge option ${word}`);
    else if (word === "nf_call_iptables" && value !== "0") throw new NotModelled(`bridge ${word} ${value}`);
  }
  return ageing;
}

function vxlanWords(reader: WordReader): VxlanAct {
  const vxlan: { -readonly [K in keyof VxlanAct]: VxlanAct[K] } = { id: -1 };
  while (!reader.done) {
    const word = reader.take();
    if (word === "id" || word === "vni") vxlan.id = numberOf(reader, "id");
    else if (word === "dstport") vxlan.port = numberOf(reader, "dstport");
    else if (word === "local") vxlan.local = reader.argument();
    else if (word === "remote") vxlan.remote = reader.argument();
    else if (word === "dev") vxlan.dev = reader.argument();
    else if (word === "srcport") vxlan.srcport = [numberOf(reader, "srcport"), numberOf(reader, "srcport")];
    else if (word === "learning" || word === "nolearning") vxlan.learning = word === "learning";
    else if (word === "ttl" || word === "tos" || word === "ageing") reader.argument();
    else if (word !== "udpcsum" && word !== "noproxy" && word !== "norsc") throw new NotModelled(`vxlan ${word}`);
  }
  if (vxlan.port === undefined) vxlan.port = 8472;
  return vxlan;
}

function ipipWords(reader: WordReader): IpipAct {
  const ipip: { -readonly [K in keyof IpipAct]: IpipAct[K] } = {};
  while (!reader.done) {
    const word = reader.take();
    if (word === "local" || word === "remote") {
      const end = reader.argument();
      if (end !== "any") ipip[word] = end;
    } else if (word === "dev") ipip.dev = reader.argument();
    else if (word === "ttl" || word === "hoplimit") ipip.ttl = reader.takeIf("inherit") ? 0 : numberOf(reader, "ttl");
    else if (word === "tos" || word === "dsfield") ipip.tos = reader.takeIf("inherit") ? "inherit" : Number(reader.argument());
    else if (word === "pmtudisc" || word === "nopmtudisc") ipip.pmtudisc = word === "pmtudisc";
    else if (word !== "mode" || !["ipip", "ip4ip4", "ipv4/ipv4"].includes(reader.argument())) throw new NotModelled(`ipip ${word}`);
  }
  return ipip;
}

function setLink(place: Place, reader: WordReader): Output {
  const own: Common = {};
  let target = "";
  let rename: string | undefined;
  let master: string | null | undefined;
  let ageing: number | undefined;
  let promisc: boolean | undefined;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") target = reader.argument();
    else if (word === "name") rename = reader.argument();
    else if (word === "master") master = reader.argument();
    else if (word === "nomaster") master = null;
    else if (word === "promisc") promisc = reader.argument() === "on";
    else if (word === "type") {
      const type = reader.argument();
      if (type === "bridge") ageing = bridgeWords(reader);
      else if (type === "bridge_slave") return act(place, { verb: "link-set", ns: place.ns, name: target, ...slaveWords(reader) });
      else throw new NotModelled(`ip link set type ${type}`);
    } else if (["arp", "multicast", "allmulticast", "addrgenmode"].includes(word)) reader.argument();
    else if (!commonWord(place, reader, word, own)) target = word;
  }
  if (target === "") throw new Ended(255, 'Not enough of information: "dev" argument is required.');
  findDevice(place, target);
  if (typeof master === "string" && !place.s.nsInfo.get(place.ns)!.devices.has(master)) throw new Ended(255, `Error: argument "${master}" is wrong: Device does not exist\n`);
  const wanted: LinkSet = {
    verb: "link-set",
    ns: place.ns,
    name: target,
    ...(own.up === undefined ? {} : { up: own.up }),
    ...(own.mac === undefined ? {} : { mac: own.mac }),
    ...(own.mtu === undefined ? {} : { mtu: own.mtu }),
    ...(own.netns === undefined ? {} : { netns: own.netns }),
    ...(rename === undefined ? {} : { rename }),
    ...(master === undefined ? {} : { master }),
    ...(ageing === undefined ? {} : { ageing }),
    ...(promisc === undefined ? {} : { promisc }),
  };
  return act(place, wanted);
}

/** `hairpin on`, `learning off`, `flood off` of a bridge port, here and in `bridge link set`. */
export function slaveWords(reader: WordReader): { hairpin?: boolean; learning?: boolean; flood?: boolean } {
  const made: { hairpin?: boolean; learning?: boolean; flood?: boolean } = {};
  while (!reader.done) {
    const word = reader.take();
    const value = reader.argument();
    if (value !== "on" && value !== "off") throw new Ended(255, `Error: argument of "${word}" must be one of "on off", not "${value}"\n`);
    if (word === "hairpin" || word === "learning" || word === "flood") made[word] = value === "on";
    else if (!["guard", "root_block", "mcast_flood", "bcast_flood", "mcast_to_unicast", "neigh_suppress", "isolated", "fastleave"].includes(word) || value === "on") throw new NotModelled(`bridge port ${word} ${value}`);
  }
  return made;
}

/** Name of a bridge, for lines about its ports. */
export const masterName = ({ s }: Place, dev: number): string => deviceName(s, s.dev.c.master[dev]!);
