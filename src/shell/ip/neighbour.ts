/** `ip neigh`. */
import { formatMac, parseMac } from "../../base/mac.js";
import { NUD } from "../../linux/neigh-table.js";
import type { NeighChange } from "../../linux/plumbing/act.js";
import { devicesOf } from "../../linux/device.js";
import { type Cidr, contains } from "../../base/cidr.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import type { Json } from "../json-text.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { findDevice, prefixOf } from "./device-list.js";
import { type IpOptions, printed, verbOf } from "./ip-options.js";

const VERBS = ["add", "change", "replace", "delete", "get", "show", "list", "lst", "flush"] as const;
const STATES: readonly (readonly [number, string])[] = [
  [NUD.incomplete, "INCOMPLETE"], [NUD.reachable, "REACHABLE"], [NUD.stale, "STALE"], [NUD.delay, "DELAY"], [NUD.probe, "PROBE"], [NUD.failed, "FAILED"], [NUD.noarp, "NOARP"], [NUD.permanent, "PERMANENT"],
];
const ANY_STATE = 255;

export function ipNeighbour(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "neigh", VERBS, "show");
  if (verb === "show" || verb === "list" || verb === "lst") return said(showNeighbours(place, options, reader));
  if (verb === "flush") return flushNeighbours(place, options, reader);
  if (verb === "get") return getNeighbour(place, options, reader);
  return changeNeighbour(place, verb === "add" ? "neigh-add" : verb === "delete" ? "neigh-del" : "neigh-replace", reader, verb === "change");
}

interface Filter {
  readonly dev: number;
  readonly to: Cidr | null;
  /** bits of the states asked for, 0: those that are neither noarp nor permanent for flush, not noarp for show */
  readonly states: number;
}

function readFilter(place: Place, reader: WordReader): Filter {
  let dev = 0;
  let states = 0;
  let to: Cidr | null = null;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") dev = findDevice(place, reader.argument());
    else if (word === "nud") states |= stateBits(reader.argument());
    else if (word === "unused") continue;
    else if (word === "proxy" || word === "vrf" || word === "master" || word === "nomaster") throw new NotModelled(`ip neigh ${word}`);
    else to = prefixOf(word === "to" ? reader.argument() : word);
  }
  return { dev, to, states };
}

function stateBits(word: string): number {
  if (word === "all") return ANY_STATE;
  const found = STATES.find(([, name]) => name.toLowerCase() === word);
  if (found === undefined) throw new Ended(255, `Error: argument "${word}" is wrong: nud state is bad\n`);
  return found[0];
}

function rowsWanted({ s, ns }: Place, options: IpOptions, { dev, to, states }: Filter): number[] {
  const c = s.neigh.rows.c;
  const rows: number[] = [];
  for (const family of [4, 6]) {
    if (options.family !== 0 && options.family !== family) continue;
    for (const device of devicesOf(s, ns)) {
      if (dev !== 0 && device !== dev) continue;
      for (const row of s.neigh.of(device)) {
        const addr = c.addr[row]!;
        const state = c.state[row]!;
        if (s.book.family[addr] !== family || state === NUD.none || (states === 0 ? state === NUD.noarp : (state & states) === 0)) continue;
        if (to === null || (to.family === family && contains(to, s.book.words, addr * 4))) rows.push(row);
      }
    }
  }
  return rows;
}

function fieldsOf({ s }: Place, row: number, withDevice: boolean): Field[] {
  const c = s.neigh.rows.c;
  const field = (key: string, value: Json, text: string): Field => ({ key, value, text });
  const state = c.state[row]!;
  const addr = s.book.text(c.addr[row]!);
  const dev = s.devInfo.get(c.dev[row]!)!.name;
  const valid = (state & NUD.valid) !== 0;
  const word = STATES.find(([bit]) => bit === state)?.[1] ?? "NONE";
  return [
    field("dst", addr, addr),
    ...(withDevice ? [field("dev", dev, `dev ${dev}`)] : []),
    ...(valid ? [field("lladdr", formatMac(c.mac[row]!), `lladdr ${formatMac(c.mac[row]!)}`)] : []),
    ...(valid && c.router[row] !== 0 ? [field("router", null, "router")] : []),
    field("state", [word], word),
  ];
}

function listed(place: Place, options: IpOptions, rows: readonly number[], withDevice: boolean): string {
  const entries = rows.map((row) => fieldsOf(place, row, withDevice));
  if (options.statistics && entries.length > 0) throw new NotModelled("ip -s neigh");
  return options.json ? printed(options, entries.map(fieldsObject)) : entries.map((fields) => `${fieldsText(fields)} `).join("\n");
}

function showNeighbours(place: Place, options: IpOptions, reader: WordReader): string {
  const filter = readFilter(place, reader);
  return listed(place, options, rowsWanted(place, options, filter), filter.dev === 0);
}

function getNeighbour(place: Place, options: IpOptions, reader: WordReader): Output {
  const { s } = place;
  let dev = 0;
  let addr = "";
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") dev = findDevice(place, reader.argument());
    else if (word === "proxy") throw new NotModelled("ip neigh get proxy");
    else addr = word === "to" ? reader.argument() : word;
  }
  if (dev === 0 || addr === "") throw new Ended(1, "Device and address are required arguments.");
  const row = s.neigh.of(dev).find((known) => s.neigh.rows.c.addr[known] === s.book.ofText(addr) && s.neigh.rows.c.state[known] !== NUD.none);
  return row === undefined ? failed(2, "Error: Neighbour entry not found.") : said(listed(place, options, [row], true));
}

function flushNeighbours(place: Place, options: IpOptions, reader: WordReader): Output {
  const { s, ns } = place;
  if (reader.done) throw new Ended(255, "Flush requires arguments.");
  if (options.statistics) throw new NotModelled("ip -s neigh flush");
  const filter = reader.takeIf("all") ? { dev: 0, to: null, states: 0 } : readFilter(place, reader);
  const c = s.neigh.rows.c;
  for (const row of rowsWanted(place, options, filter)) {
    if (filter.states === 0 && c.state[row] === NUD.permanent) continue;
    act(place, { verb: "neigh-del", ns, dev: s.devInfo.get(c.dev[row]!)!.name, addr: s.book.text(c.addr[row]!) });
  }
  return said("");
}

function changeNeighbour(place: Place, verb: NeighChange["verb"], reader: WordReader, mustExist: boolean): Output {
  let addr = "";
  let dev = "";
  let mac: string | undefined;
  let state: NeighChange["state"];
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") dev = reader.argument();
    else if (word === "lladdr") mac = reader.argument();
    else if (word === "nud") {
      const name = reader.argument();
      if (!["permanent", "reachable", "stale", "noarp"].includes(name)) throw new NotModelled(`ip neigh nud ${name}`);
      state = name as NeighChange["state"];
    } else if (word === "proxy" || word === "router" || word === "use" || word === "managed") throw new NotModelled(`ip neigh ${word}`);
    else addr = word === "to" ? reader.argument() : word;
  }
  if (dev === "" || addr === "") throw new Ended(255, 'Device and destination are required arguments.');
  const row = findDevice(place, dev);
  if (mustExist && place.s.neigh.find(row, place.s.book.ofText(addr)) === 0) return failed(2, "RTNETLINK answers: No such file or directory");
  if (mac !== undefined && parseMac(mac) === null) throw new Ended(1, `"${mac}" is invalid lladdr.`);
  return act(place, { verb, ns: place.ns, dev, addr, ...(mac === undefined ? {} : { mac }), ...(state === undefined ? {} : { state: state }) });
}
