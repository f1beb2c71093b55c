/** `bridge` of iproute2 6.1: fdb and link. */
import { formatMac, parseMac } from "../../base/mac.js";
import { FDBF } from "../../linux/dev/fdb-table.js";
import { isAged } from "../../linux/dev/bridge-fdb.js";
import { isBridge } from "../../linux/dev/bridge-port.js";
import { deviceByName, deviceName, devicesOf } from "../../linux/device.js";
import type { FdbChange } from "../../linux/plumbing/act.js";
import { DEV, DEVF, type Stack } from "../../linux/stack.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import { flagsText, flagWords } from "../ip/device-text.js";
import { slaveWords } from "../ip/link.js";
import { type Json, jsonText } from "../json-text.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { act, namespaceOf, type Place } from "../place.js";
import { WordReader } from "../word-reader.js";
import { groupMacs } from "./group-macs.js";

interface BridgeOptions {
  readonly details: boolean;
  readonly statistics: boolean;
  readonly json: boolean;
  readonly pretty: boolean;
}

const USAGE = "Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }\n       bridge [ -force ] -batch filename";

export function bridge(place: Place, words: readonly string[]): Output {
  const reader = new WordReader(words);
  let where = place;
  const options = { details: false, statistics: false, json: false, pretty: false };
  while (reader.peek()?.startsWith("-") === true) {
    const option = reader.take().replace(/^--/, "-");
    if (option === "-n" || option === "-netns") where = { ...where, ns: namespaceOf(where, reader.argument()) };
    else if (option === "-d" || option === "-details") options.details = true;
    else if (option === "-s" || option === "-stats" || option === "-statistics") options.statistics = true;
    else if (option === "-j" || option === "-json") options.json = true;
    else if (option === "-p" || option === "-pretty") options.pretty = true;
    else if (option === "-V" || option === "-Version") return said("bridge utility, 6.1.0");
    else if (option !== "-o" && option !== "-oneline") throw new NotModelled(`bridge ${option}`);
  }
  if (reader.done) throw new Ended(255, USAGE);
  const object = reader.take();
  const verb = reader.done ? "show" : reader.take();
  if (object === "fdb") return fdb(where, verb, options, reader);
  if (object === "link") return link(where, verb, options, reader);
  if (["vlan", "mdb", "monitor", "vni"].includes(object)) throw new NotModelled(`bridge ${object}`);
  throw new Ended(255, `Object "${object}" is unknown, try "bridge help".`);
}

function fdb(place: Place, verb: string, options: BridgeOptions, reader: WordReader): Output {
  if (verb === "show" || verb === "list" || verb === "lst") return said(showFdb(place, options, reader));
  if (verb === "get") return getFdb(place, options, reader);
  if (verb !== "add" && verb !== "append" && verb !== "replace" && verb !== "delete" && verb !== "del") throw new NotModelled(`bridge fdb ${verb}`);
  const made: { -readonly [K in keyof FdbChange]: FdbChange[K] } = { verb: verb.startsWith("del") ? "fdb-del" : `fdb-${verb as "add" | "append" | "replace"}`, ns: place.ns, dev: "", mac: "" };
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") made.dev = reader.argument();
    else if (word === "dst") made.dst = reader.argument();
    else if (word === "master") made.master = true;
    else if (word === "self") made.self = true;
    else if (word === "permanent" || word === "local") made.state = "permanent";
    else if (word === "static" || word === "temp") made.state = "static";
    else if (word === "dynamic") made.state = "dynamic";
    else if (["vlan", "vni", "src_vni", "port", "via", "nhid", "router", "use", "extern_learn", "sticky"].includes(word)) throw new NotModelled(`bridge fdb ${word}`);
    else made.mac = word === "to" ? reader.argument() : word;
  }
  if (made.dev === "" || made.mac === "") throw new Ended(255, "Device and address are required arguments.");
  findDevice(place, made.dev);
  return refusedAsBridge(act(place, made));
}

/** The row of a device, or the tool's end. */
function findDevice({ s, ns }: Place, name: string): number {
  const dev = deviceByName(s, ns, name);
  if (dev === 0) throw new Ended(255, `Cannot find device "${name}"`);
  return dev;
}

/** The tool ends with 255 where ip would with 2. */
function refusedAsBridge(done: Output): Output {
  return done.code === 2 ? { ...done, code: 255 } : done;
}

interface FdbLine {
  readonly mac: number;
  readonly dev: number;
  readonly remote: number;
  readonly master: number;
  readonly state: "permanent" | "static" | "";
}

/** Every entry of the tables, and the group addresses that devices listen to. */
function fdbLines({ s, ns }: Place): FdbLine[] {
  const c = s.fdb.rows.c;
  const lines: FdbLine[] = [];
  const stateOf = (row: number): FdbLine["state"] => ((c.flags[row]! & FDBF.permanent) !== 0 ? "permanent" : (c.flags[row]! & FDBF.static) !== 0 ? "static" : "");
  // The kernel lists the newest first.
  const bridgeLines = (owner: number, port: number): void => {
    for (const row of [...s.fdb.of(owner)].reverse()) if (c.port[row] === port && !isAged(s, row)) lines.push({ mac: c.mac[row]!, dev: port === 0 ? owner : port, remote: 0, master: owner, state: stateOf(row) });
  };
  for (const dev of devicesOf(s, ns)) {
    const groups = groupMacs(s, dev).map((mac): FdbLine => ({ mac, dev, remote: 0, master: 0, state: "permanent" }));
    if (s.dev.c.master[dev] !== 0) bridgeLines(s.dev.c.master[dev]!, dev);
    if (isBridge(s, dev)) {
      lines.push(...groups);
      bridgeLines(dev, 0);
    } else if (s.dev.c.kind[dev] === DEV.vxlan) {
      for (const first of s.fdb.of(dev)) for (let row = first; row !== 0; row = c.more[row]!) lines.push({ mac: c.mac[row]!, dev, remote: c.remote[row]!, master: 0, state: (c.flags[row]! & FDBF.permanent) !== 0 ? "permanent" : "" });
    } else if (s.dev.c.kind[dev] !== DEV.loopback) lines.push(...groups);
  }
  return lines;
}

function fdbFields(s: Stack, line: FdbLine, withDevice: boolean): Field[] {
  const field = (key: string, value: Json, text: string): Field => ({ key, value, text });
  const name = deviceName(s, line.dev);
  const dst = line.remote === 0 ? "" : s.book.text(line.remote as never);
  const master = deviceName(s, line.master);
  return [
    field("mac", formatMac(line.mac), formatMac(line.mac)),
    ...(withDevice ? [field("ifname", name, `dev ${name}`)] : []),
    ...(dst === "" ? [] : [field("dst", dst, `dst ${dst}`)]),
    field("flags", line.master === 0 ? ["self"] : [], line.master === 0 ? "self" : ""),
    ...(line.master === 0 ? [] : [field("master", master, `master ${master}`)]),
    field("state", line.state, line.state),
  ];
}

function fdbText(s: Stack, lines: readonly FdbLine[], withDevice: boolean, options: BridgeOptions): string {
  if (options.statistics && lines.length > 0) throw new NotModelled("bridge -s fdb");
  const entries = lines.map((line) => fdbFields(s, line, withDevice));
  if (options.json) return jsonText(entries.map(fieldsObject), options.pretty);
  return entries.map((fields) => fieldsText(fields) + (fields[fields.length - 1]!.text === "" ? " " : "")).join("\n");
}

function showFdb(place: Place, options: BridgeOptions, reader: WordReader): string {
  const { s } = place;
  let dev = 0;
  let br = 0;
  let state = "";
  let notPermanent = false;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev" || word === "brport") dev = findDevice(place, reader.argument());
    else if (word === "br") br = findDevice(place, reader.argument());
    else if (word === "dynamic") notPermanent = true;
    else if (word === "state") {
      state = reader.argument();
      if (!["permanent", "static", "dynamic", "temp"].includes(state)) throw new Ended(255, `Error: argument "${state}" is wrong: invalid state\n`);
    } else if (word === "vlan" || word === "vni") throw new NotModelled(`bridge fdb show ${word}`);
  }
  const wanted = state === "dynamic" ? "" : state === "temp" ? "static" : state;
  const lines = fdbLines(place).filter((line) => {
    if (dev !== 0 && line.dev !== dev) return false;
    if (br !== 0 && line.dev !== br && s.dev.c.master[line.dev] !== br) return false;
    return (!notPermanent || line.state !== "permanent") && (state === "" || line.state === wanted);
  });
  return fdbText(s, lines, dev === 0, options);
}

/** `bridge fdb get MAC dev PORT | br BRIDGE`. */
function getFdb(place: Place, options: BridgeOptions, reader: WordReader): Output {
  let mac = "";
  let dev = 0;
  let br = 0;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev" || word === "brport") dev = findDevice(place, reader.argument());
    else if (word === "br") br = findDevice(place, reader.argument());
    else if (word === "master" || word === "dynamic") continue;
    else if (word === "self" || word === "vlan" || word === "vni") throw new NotModelled(`bridge fdb get ${word}`);
    else mac = word === "to" ? reader.argument() : word;
  }
  if ((dev === 0 && br === 0) || mac === "") throw new Ended(255, "Device or master and address are required arguments.");
  const wanted = parseMac(mac);
  if (wanted === null) throw new Ended(255, `Invalid mac address ${mac}`);
  const { s } = place;
  const bridge = br !== 0 ? br : s.dev.c.master[dev]!;
  if (bridge === 0) return failed(254, "Error: Device is not a bridge port.");
  const found = fdbLines(place).find((line) => line.mac === wanted && (line.master === bridge || line.dev === bridge));
  return found === undefined ? failed(254, "Error: Fdb entry not found.") : said(fdbText(s, [found], true, options));
}

/** The dump of ports does not say in which namespace the other end is: its index is looked up among the devices here. */
function portName(s: Stack, dev: number): string {
  const kind = s.dev.c.kind[dev]!;
  const peer = kind === DEV.veth || kind === DEV.uplink ? s.dev.c.peer[dev]! : 0;
  if (peer === 0) return deviceName(s, dev);
  const { index } = s.devInfo.get(peer)!;
  const same = devicesOf(s, s.dev.c.ns[dev]!).find((other) => s.devInfo.get(other)!.index === index);
  return `${deviceName(s, dev)}@${same === undefined ? `if${index}` : deviceName(s, same)}`;
}

function link(place: Place, verb: string, options: BridgeOptions, reader: WordReader): Output {
  const { s, ns } = place;
  if (verb === "set") {
    if (!reader.takeIf("dev")) throw new NotModelled("bridge link set without dev");
    const name = reader.argument();
    findDevice(place, name);
    return refusedAsBridge(act(place, { verb: "link-set", ns, name, ...slaveWords(reader) }));
  }
  if (verb !== "show" && verb !== "list" && verb !== "lst") throw new NotModelled(`bridge link ${verb}`);
  const only = reader.takeIf("dev") ? findDevice(place, reader.argument()) : 0;
  if (!reader.done) throw new NotModelled(`bridge link show ${reader.take()}`);
  const ports = devicesOf(s, ns).filter((dev) => s.dev.c.master[dev] !== 0 && (only === 0 || dev === only));
  if (options.json) return said(jsonText(ports.map((dev) => portJson(s, dev, options.details)), options.pretty));
  return said(ports.map((dev) => portLines(s, dev, options.details)).join("\n"));
}

/** Settings of a port in the order of print_protinfo. */
function portSettings(s: Stack, dev: number): readonly (readonly [key: string, value: boolean | number])[] {
  const flags = s.dev.c.flags[dev]!;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  return [
    ["hairpin", has(DEVF.hairpin)], ["guard", false], ["root_block", false], ["fastleave", false], ["learning", has(DEVF.learning)], ["flood", has(DEVF.flood)], ["mcast_flood", true], ["bcast_flood", true],
    ["mcast_router", 1], ["mcast_to_unicast", false], ["neigh_suppress", false], ["vlan_tunnel", false], ["isolated", false], ["locked", false],
  ];
}

function portState(s: Stack, dev: number): string {
  const flags = s.dev.c.flags[dev]!;
  return (flags & (DEVF.up | DEVF.carrier)) === (DEVF.up | DEVF.carrier) ? "forwarding" : "disabled";
}

function portLines(s: Stack, dev: number, details: boolean): string {
  const line = `${s.devInfo.get(dev)!.index}: ${portName(s, dev)}: <${flagsText(s, dev)}> mtu ${s.dev.c.mtu[dev]!} master ${deviceName(s, s.dev.c.master[dev]!)} state ${portState(s, dev)} priority 32 cost 2 `;
  if (!details) return line;
  const words = portSettings(s, dev).map(([key, value]) => `${key} ${typeof value === "number" ? value : value ? "on" : "off"} `);
  return `${line}\n    ${words.join("")}`;
}

function portJson(s: Stack, dev: number, details: boolean): Json {
  const [name = "", link] = portName(s, dev).split("@");
  return {
    ifindex: s.devInfo.get(dev)!.index,
    ...(link === undefined ? {} : { link }),
    ifname: name,
    flags: flagWords(s, dev),
    mtu: s.dev.c.mtu[dev]!,
    master: deviceName(s, s.dev.c.master[dev]!),
    state: portState(s, dev),
    priority: 32,
    cost: 2,
    ...(details ? Object.fromEntries(portSettings(s, dev)) : {}),
  };
}
