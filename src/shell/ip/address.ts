/** `ip addr`. */
import { contains } from "../../base/cidr.js";
import { deviceName } from "../../linux/device.js";
import type { AddrChange } from "../../linux/plumbing/act.js";
import type { InterfaceAddress, Stack } from "../../linux/stack.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import type { Json } from "../json-text.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { act, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { detailLines } from "./device-details.js";
import { type DeviceFilter, devicesWanted, findDevice } from "./device-list.js";
import { addressLine, briefHead, headLine, otherPlace, statisticsLines } from "./device-text.js";
import { type IpOptions, printed, verbOf } from "./ip-options.js";
import { briefNames, type LinkMode, linkJson, statisticsJson } from "./link-json.js";

/** no end: the lifetime of all ones */
const FOREVER = 4294967295;
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

interface Shown {
  readonly dev: number;
  readonly addresses: readonly InterfaceAddress[];
}

/** Devices that have an address asked for; one without any address belongs to a list of all families (ipaddr_filter). */
function shownOf({ s }: Place, { devices, scope, to }: DeviceFilter, family: 0 | 4 | 6): Shown[] {
  return devices.flatMap((dev) => {
    const all = s.devInfo.get(dev)!.addresses;
    const kept = all.filter((a) => (family === 0 || s.book.family[a.addr] === family) && (scope === "" || a.scope === scope) && (to === null || contains(to, s.book.words, a.addr * 4)));
    const addresses = [...kept.filter((a) => s.book.family[a.addr] === 4), ...kept.filter((a) => s.book.family[a.addr] === 6)];
    return addresses.length > 0 || (all.length === 0 && family === 0) ? [{ dev, addresses }] : [];
  });
}

function showAddresses(place: Place, options: IpOptions, reader: WordReader): string {
  const { s, home } = place;
  const filter = devicesWanted(place, reader);
  const family = filter.to !== null ? filter.to.family : options.family;
  const mode = family === 6 && !filter.named ? "inet6" : family === 0 ? "addr" : "family";
  const shown = shownOf(place, filter, family);
  if (options.json) return printed(options, shown.map((one) => addressesJson(place, one, mode, options)));
  if (options.brief) return shown.map(({ dev, addresses }) => `${briefHead(s, dev, mode === "inet6" ? mode : "addr")}${addresses.map((a) => `${s.book.text(a.addr)}/${a.prefix} `).join("")}`).join("\n");
  if (options.oneLine) return shown.flatMap(({ dev, addresses }) => addresses.map((a) => `${s.devInfo.get(dev)!.index}: ${deviceName(s, dev)}${addressLines(s, dev, a).join("\\")}`)).join("\n");
  return shown
    .map(({ dev, addresses }) => {
      const all = [headLine(s, dev, mode === "inet6" ? mode : "addr")];
      const details = options.details && mode !== "inet6";
      if (mode === "addr" || details) all.push(addressLine(s, dev, home));
      else if (mode === "family") all[0] += otherPlace(s, dev, home);
      if (details) detailLines(s, dev, false).forEach((line, i) => (i === 0 ? (all[1] += line) : all.push(line)));
      for (const a of addresses) all.push(...addressLines(s, dev, a));
      if (options.statistics && mode !== "inet6") all.push(...statisticsLines(s, dev));
      return all.join("\n");
    })
    .join("\n");
}

function addressFields(s: Stack, dev: number, a: InterfaceAddress): Field[] {
  const v6 = s.book.family[a.addr] === 6;
  const text = s.book.text(a.addr);
  const name = deviceName(s, dev);
  return [
    { key: "family", value: v6 ? "inet6" : "inet", text: v6 ? "inet6" : "inet" },
    { key: "local", value: text, text: `${text}/${a.prefix}` },
    { key: "prefixlen", value: a.prefix, text: "" },
    ...(a.broadcast === undefined || a.broadcast === 0 ? [] : [{ key: "broadcast", value: s.book.text(a.broadcast), text: `brd ${s.book.text(a.broadcast)}` }]),
    { key: "scope", value: a.scope, text: `scope ${a.scope}` },
    ...(a.secondary ? [{ key: "secondary", value: true, text: "secondary" }] : []),
    ...(a.nodad === true ? [{ key: "nodad", value: true, text: "nodad" }] : []),
    ...(v6 ? [] : [{ key: "label", value: name, text: name }]),
    { key: "valid_life_time", value: FOREVER, text: "" },
    { key: "preferred_life_time", value: FOREVER, text: "" },
  ];
}

function addressLines(s: Stack, dev: number, a: InterfaceAddress): string[] {
  return [`    ${fieldsText(addressFields(s, dev, a))}${s.book.family[a.addr] === 6 ? " " : ""}`, "       valid_lft forever preferred_lft forever"];
}

function addressesJson({ s, home }: Place, { dev, addresses }: Shown, mode: LinkMode, options: IpOptions): { readonly [key: string]: Json } {
  if (options.brief) return { ...briefNames(s, dev), addr_info: addresses.map((a) => ({ local: s.book.text(a.addr), prefixlen: a.prefix })) };
  const { index, name } = s.devInfo.get(dev)!;
  const own = addresses.map((a) => fieldsObject(addressFields(s, dev, a)));
  if (options.oneLine) return { addr_info: own.map((one) => ({ index, dev: name, ...one })) };
  return { ...linkJson(s, dev, mode, home, options), addr_info: own, ...(options.statistics && mode !== "inet6" ? { stats64: statisticsJson(s, dev) } : {}) };
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
