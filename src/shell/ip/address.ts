/** `ip addr`. */
import type { AddrChange } from "../../linux/plumbing/act.js";
import type { InterfaceAddress, Stack } from "../../linux/stack.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { devicesWanted, findDevice } from "./device-list.js";
import { addressLine, headLine, otherPlace, statisticsLines } from "./device-text.js";
import { type IpOptions, verbOf } from "./ip-options.js";

const VERBS = ["add", "change", "replace", "delete", "show", "list", "lst", "flush", "save", "showdump", "restore"] as const;

export function ipAddress(place: Place, options: IpOptions, reader: WordReader): Output {
  const verb = verbOf(reader, "address", VERBS, "show");
  if (verb === "show" || verb === "list" || verb === "lst") return said(showAddresses(place, options, reader));
  if (verb === "add" || verb === "delete" || verb === "replace" || verb === "change") return changeAddress(place, verb === "add" ? "addr-add" : verb === "delete" ? "addr-del" : "addr-replace", reader);
  if (verb === "flush") {
    const { devices } = devicesWanted(place, reader);
    if (devices.length !== 1) throw new Ended(255, 'Flush requires arguments.\n');
    return act(place, { verb: "addr-flush", ns: place.ns, dev: place.s.devInfo.get(devices[0]!)!.name });
  }
  throw new NotModelled(`ip address ${verb}`);
}

function showAddresses(place: Place, options: IpOptions, reader: WordReader): string {
  const { s, home } = place;
  const { devices, named, scope } = devicesWanted(place, reader);
  const lines: string[] = [];
  for (const dev of devices) {
    const shown = s.devInfo.get(dev)!.addresses.filter((a) => (options.family === 0 || s.book.family[a.addr] === options.family) && (scope === "" || a.scope === scope));
    if (options.family !== 0 && shown.length === 0) continue;
    const brief = options.family === 6 && !named;
    const all = [headLine(s, dev, brief ? "inet6" : "addr") + (options.family !== 0 && !brief ? otherPlace(s, dev, home) : "")];
    if (options.family === 0) all.push(addressLine(s, dev, home));
    for (const family of [4, 6]) for (const a of shown) if (s.book.family[a.addr] === family) all.push(...addressLines(s, dev, a));
    if (options.statistics && options.family === 0) all.push(...statisticsLines(s, dev));
    if (options.oneLine) throw new NotModelled("ip -o addr");
    lines.push(all.join("\n"));
  }
  return lines.join("\n");
}

function addressLines(s: Stack, dev: number, a: InterfaceAddress): string[] {
  const v6 = s.book.family[a.addr] === 6;
  const words = [`    inet${v6 ? "6" : ""} ${s.book.text(a.addr)}/${a.prefix}`];
  if (a.broadcast !== undefined && a.broadcast !== 0) words.push(`brd ${s.book.text(a.broadcast)}`);
  words.push(`scope ${a.scope}`);
  if (a.secondary) words.push("secondary");
  if (a.nodad === true) words.push("nodad");
  words.push(v6 ? "" : s.devInfo.get(dev)!.name);
  return [words.join(" "), "       valid_lft forever preferred_lft forever"];
}

function changeAddress(place: Place, verb: AddrChange["verb"], reader: WordReader): Output {
  let addr = "";
  let dev = "";
  let scope: AddrChange["scope"];
  let broadcast: string | undefined;
  let nodad = false;
  while (!reader.done) {
    const word = reader.take();
    if (word === "dev") dev = reader.argument();
    else if (word === "scope") {
      const name = reader.argument();
      if (name !== "global" && name !== "link" && name !== "host") throw new Ended(255, `Error: argument "${name}" is wrong: invalid scope value.\n`);
      scope = name;
    } else if (word === "brd" || word === "broadcast") broadcast = reader.argument();
    else if (word === "nodad") nodad = true;
    else if (word === "home" || word === "noprefixroute") {
      if (word === "noprefixroute") throw new NotModelled("ip addr add noprefixroute");
    } else if (["label", "peer", "remote", "anycast", "valid_lft", "preferred_lft", "metric"].includes(word)) throw new NotModelled(`ip addr add ${word}`);
    else addr = word === "local" ? reader.argument() : word;
  }
  if (!/^[\d.:a-fA-F]+(\/\d+)?$/.test(addr) || place.s.book.ofText(addr.split("/")[0]!) === 0) return failed(1, `Error: any valid prefix is expected rather than "${addr}".`);
  if (dev === "") throw new Ended(255, 'Not enough information: "dev" argument is required.');
  findDevice(place, dev);
  const v6 = addr.includes(":");
  if (v6 && place.s.ns.c.disableIp6[place.ns] !== 0) return failed(2, "RTNETLINK answers: Permission denied");
  return act(place, { verb, ns: place.ns, dev, addr, ...(scope === undefined ? {} : { scope }), ...(broadcast === undefined ? {} : { broadcast }), ...(nodad ? { nodad } : {}) });
}
