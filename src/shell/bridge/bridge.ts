/** `bridge` of iproute2 6.1: fdb and link. */
import { formatMac } from "../../base/mac.js";
import { FDBF } from "../../linux/dev/fdb-table.js";
import { isAged } from "../../linux/dev/bridge-fdb.js";
import { isBridge } from "../../linux/dev/bridge-port.js";
import { deviceName, devicesOf } from "../../linux/device.js";
import type { FdbChange } from "../../linux/plumbing/act.js";
import { DEV, DEVF, type Stack } from "../../linux/stack.js";
import { findDevice } from "../ip/device-list.js";
import { flagsText } from "../ip/device-text.js";
import { slaveWords } from "../ip/link.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import { act, namespaceOf, type Place } from "../place.js";
import { WordReader } from "../word-reader.js";
import { groupMacs } from "./group-macs.js";

export function bridge(place: Place, words: readonly string[]): Output {
  const reader = new WordReader(words);
  let where = place;
  let details = false;
  while (reader.peek()?.startsWith("-") === true) {
    const option = reader.take();
    if (option === "-n" || option === "-netns") where = { ...where, ns: namespaceOf(where, reader.argument()) };
    else if (option === "-d" || option === "-details") details = true;
    else throw new NotModelled(`bridge ${option}`);
  }
  const object = reader.done ? "" : reader.take();
  const verb = reader.done ? "show" : reader.take();
  if (object === "fdb") return fdb(where, verb, reader);
  if (object === "link") return link(where, verb, details, reader);
  if (["vlan", "mdb", "monitor", "vni"].includes(object)) throw new NotModelled(`bridge ${object}`);
  throw new Ended(255, `Object "${object}" is unknown, try "bridge help".`);
}

function fdb(place: Place, verb: string, reader: WordReader): Output {
  if (verb === "show" || verb === "list" || verb === "lst") return said(showFdb(place, reader).join("\n"));
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

/** The tool ends with 255 where ip would with 2. */
function refusedAsBridge(done: Output): Output {
  return done.code === 2 ? { ...done, code: 255 } : done;
}

/** A table's entries and the group addresses devices listen to, with the words that `dev` and `br` leave out. */
function showFdb(place: Place, reader: WordReader): string[] {
  const { s, ns } = place;
  let dev = 0;
  let br = 0;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev" || word === "brport") dev = findDevice(place, reader.argument());
    else if (word === "br") br = findDevice(place, reader.argument());
    else throw new NotModelled(`bridge fdb show ${word}`);
  }
  const c = s.fdb.rows.c;
  const lines: string[] = [];
  const line = (mac: number, device: number, more: string): void => {
    if (dev !== 0 && dev !== device) return;
    lines.push(`${formatMac(mac)}${dev !== 0 ? "" : ` dev ${deviceName(s, device)}`} ${more}`);
  };
  const bridgeLines = (owner: number, port: number): void => {
    for (const row of s.fdb.of(owner)) {
      if (c.port[row] !== port || isAged(s, row)) continue;
      const state = (c.flags[row]! & FDBF.permanent) !== 0 ? "permanent" : (c.flags[row]! & FDBF.static) !== 0 ? "static" : "";
      line(c.mac[row]!, port === 0 ? owner : port, `master ${deviceName(s, owner)} ${state}`);
    }
  };
  for (const device of devicesOf(s, ns)) {
    const kind = s.dev.c.kind[device]!;
    const master = s.dev.c.master[device]!;
    if (br !== 0 && br !== device && br !== master) continue;
    if (master !== 0) bridgeLines(master, device);
    if (isBridge(s, device)) {
      for (const mac of groupMacs(s, device)) line(mac, device, "self permanent");
      bridgeLines(device, 0);
    } else if (kind === DEV.vxlan) {
      for (const first of s.fdb.of(device)) for (let row = first; row !== 0; row = c.more[row]!) line(c.mac[row]!, device, `dst ${s.book.text(c.remote[row]! as never)} self${(c.flags[row]! & FDBF.permanent) !== 0 ? " permanent" : ""}`);
    } else if (kind !== DEV.loopback) for (const mac of groupMacs(s, device)) line(mac, device, "self permanent");
  }
  return lines;
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

function link(place: Place, verb: string, details: boolean, reader: WordReader): Output {
  const { s, ns } = place;
  if (verb === "set") {
    if (!reader.takeIf("dev")) throw new NotModelled("bridge link set without dev");
    const name = reader.argument();
    findDevice(place, name);
    return refusedAsBridge(act(place, { verb: "link-set", ns, name, ...slaveWords(reader) }));
  }
  if (verb !== "show" && verb !== "list" && verb !== "lst") throw new NotModelled(`bridge link ${verb}`);
  const only = reader.takeIf("dev") ? findDevice(place, reader.argument()) : 0;
  const lines: string[] = [];
  for (const dev of devicesOf(s, ns)) {
    const master = s.dev.c.master[dev]!;
    if (master === 0 || (only !== 0 && dev !== only)) continue;
    const flags = s.dev.c.flags[dev]!;
    const state = (flags & (DEVF.up | DEVF.carrier)) === (DEVF.up | DEVF.carrier) ? "forwarding" : "disabled";
    lines.push(`${s.devInfo.get(dev)!.index}: ${portName(s, dev)}: <${flagsText(s, dev)}> mtu ${s.dev.c.mtu[dev]!} master ${deviceName(s, master)} state ${state} priority 32 cost 2 `);
    const word = (bit: number): string => ((flags & bit) !== 0 ? "on" : "off");
    if (details) {
      lines.push(`    hairpin ${word(DEVF.hairpin)} guard off root_block off fastleave off learning ${word(DEVF.learning)} flood ${word(DEVF.flood)} mcast_flood on bcast_flood on mcast_router 1 mcast_to_unicast off neigh_suppress off vlan_tunnel off isolated off locked off `);
    }
  }
  return said(lines.join("\n"));
}
