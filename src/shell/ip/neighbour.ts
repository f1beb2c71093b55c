/** `ip neigh`. */
import { formatMac } from "../../base/mac.js";
import { NUD } from "../../linux/neigh-table.js";
import type { NeighChange } from "../../linux/plumbing/act.js";
import { devicesOf } from "../../linux/device.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { findDevice } from "./device-list.js";
import { type IpOptions, verbOf } from "./ip-options.js";

const VERBS = ["add", "change", "replace", "delete", "get", "show", "list", "lst", "flush"] as const;
const STATES: readonly (readonly [number, string])[] = [
  [NUD.incomplete, "INCOMPLETE"], [NUD.reachable, "REACHABLE"], [NUD.stale, "STALE"], [NUD.delay, "DELAY"], [NUD.probe, "PROBE"], [NUD.failed, "FAILED"], [NUD.noarp, "NOARP"], [NUD.permanent, "PERMANENT"],
];

export function ipNeighbour(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "neigh", VERBS, "show");
  if (verb === "show" || verb === "list" || verb === "lst") return said(showNeighbours(place, options, reader).join("\n"));
  if (verb === "flush") return flushNeighbours(place, options, reader);
  if (verb === "get") throw new NotModelled("ip neigh get");
  return changeNeighbour(place, verb === "add" ? "neigh-add" : verb === "delete" ? "neigh-del" : "neigh-replace", reader);
}

function rowsWanted(place: Place, options: IpOptions, dev: number): number[] {
  const { s, ns } = place;
  const c = s.neigh.rows.c;
  const rows: number[] = [];
  for (const family of [4, 6]) {
    if (options.family !== 0 && options.family !== family) continue;
    for (const device of devicesOf(s, ns)) {
      if (dev !== 0 && device !== dev) continue;
      for (const row of s.neigh.of(device)) if (s.book.family[c.addr[row]!] === family && c.state[row] !== NUD.noarp && c.state[row] !== NUD.none) rows.push(row);
    }
  }
  return rows;
}

function showNeighbours(place: Place, options: IpOptions, reader: WordReader): string[] {
  const { s } = place;
  const c = s.neigh.rows.c;
  let dev = 0;
  let to = "";
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") dev = findDevice(place, reader.argument());
    else if (word === "nud" || word === "proxy" || word === "vrf" || word === "master") throw new NotModelled(`ip neigh show ${word}`);
    else to = word === "to" ? reader.argument() : word;
  }
  return rowsWanted(place, options, dev).flatMap((row) => {
    const addr = s.book.text(c.addr[row]!);
    if (to !== "" && to !== addr) return [];
    const where = dev === 0 ? ` dev ${s.devInfo.get(c.dev[row]!)!.name}` : "";
    const mac = (c.state[row]! & NUD.valid) !== 0 ? ` lladdr ${formatMac(c.mac[row]!)}` : "";
    const router = c.router[row] !== 0 && mac !== "" ? " router" : "";
    return [`${addr}${where}${mac}${router} ${STATES.find(([bit]) => bit === c.state[row])?.[1] ?? "NONE"} `];
  });
}

function flushNeighbours(place: Place, options: IpOptions, reader: WordReader): Output {
  const { s, ns } = place;
  if (reader.done) throw new Ended(255, "Flush requires arguments.");
  let dev = 0;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") dev = findDevice(place, reader.argument());
    else if (word !== "all") throw new NotModelled(`ip neigh flush ${word}`);
  }
  const c = s.neigh.rows.c;
  for (const row of rowsWanted(place, options, dev)) {
    if (c.state[row] === NUD.permanent) continue;
    act(place, { verb: "neigh-del", ns, dev: s.devInfo.get(c.dev[row]!)!.name, addr: s.book.text(c.addr[row]!) });
  }
  return said("");
}

function changeNeighbour(place: Place, verb: NeighChange["verb"], reader: WordReader): Output {
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
  findDevice(place, dev);
  return act(place, { verb, ns: place.ns, dev, addr, ...(mac === undefined ? {} : { mac }), ...(state === undefined ? {} : { state: state }) });
}
