/** `ip route get`: the route a packet would take, asked without sending one (inet_rtm_getroute). */
import { SECOND } from "../../base/time.js";
import { deviceName } from "../../linux/device.js";
import { chooseHop, fibLookup, isLocalAddress } from "../../linux/fib.js";
import { RT_TABLE, RTN, type Route } from "../../linux/fib-table.js";
import { preferredSource } from "../../linux/source-address.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import type { Json } from "../json-text.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { findDevice } from "./device-list.js";
import { type IpOptions, printed } from "./ip-options.js";
import { routeJson, routeLine, typeText } from "./route-text.js";
import { tableText } from "./route-words.js";

interface Question {
  dst: number;
  src: number;
  iif: number;
  oif: number;
  mark: number;
}

const refused = (words: string): Output => failed(2, `RTNETLINK answers: ${words}`);
/** What netlink answers for routes that are errors. */
const ERRORS: Readonly<Record<number, string>> = Object.freeze({
  [RTN.blackhole]: "Invalid argument",
  [RTN.unreachable]: "No route to host",
  [RTN.prohibit]: "Permission denied",
  [RTN.throw]: "Network is unreachable",
});

export function routeGet(place: Place, options: IpOptions, reader: WordReader): Output {
  const { s, ns } = place;
  const question: Question = { dst: 0, src: 0, iif: 0, oif: 0, mark: 0 };
  let fibMatch = false;
  const address = (text: string): number => {
    const addr = s.book.ofText(text.replace(/\/(32|128)$/, ""));
    if (addr === 0) throw new Ended(1, `Error: any valid prefix is expected rather than "${text}".`);
    return addr;
  };
  while (!reader.done) {
    const word = reader.take();
    if (word === "from") question.src = address(reader.argument());
    else if (word === "iif") question.iif = findDevice(place, reader.argument());
    else if (word === "oif" || word === "dev") question.oif = findDevice(place, reader.argument());
    else if (word === "mark") question.mark = Number(reader.argument()) | 0;
    else if (word === "fibmatch") fibMatch = true;
    // Rules by protocol and ports do not exist here, and paths are chosen by addresses.
    else if (word === "ipproto" || word === "sport" || word === "dport") reader.argument();
    else if (["tos", "dsfield", "uid", "vrf", "connected", "notify"].includes(word)) throw new NotModelled(`ip route get ${word}`);
    else question.dst = address(word === "to" ? reader.argument() : word);
  }
  if (question.dst === 0) throw new Ended(1, "need at least a destination address");
  const { dst, src, iif, oif, mark } = question;
  const v6 = s.book.family[dst] === 6;
  if (iif === 0 && src !== 0 && !isLocalAddress(s, ns, src)) return refused("Invalid argument");
  const route = fibLookup(s, ns, dst, src, mark, iif, oif);
  if (route === null) return refused("Network is unreachable");
  if (fibMatch) {
    const form = { details: options.details, withTable: false, omit: [] };
    return said(options.json ? printed(options, [routeJson(s, route, form)]) : routeLine(s, route, form));
  }
  if (route.hops.length === 0) return refused(ERRORS[route.type] ?? "Network is unreachable");
  if (iif !== 0 && route.type === RTN.unicast && (v6 ? s.ns.c.ip6Forward[ns] : s.ns.c.ipForward[ns]) === 0) return refused("No route to host");
  const fields = v6 ? fields6(place, route, question, options) : fields4(place, route, question, options);
  if (options.json) return said(printed(options, [fieldsObject(fields)]));
  if (v6) return said(fieldsText(fields));
  const at = fields.findIndex(({ key }) => key === "cache");
  return said(`${fieldsText(fields.slice(0, at))} \n    cache ${fields.slice(at).map(({ text }) => (text === "" ? "" : `${text} `)).join("")}`);
}

const field = (key: string, value: Json, text: string): Field => ({ key, value, text });

function learnedFields({ s, ns }: Place, dst: number, route: Route): Field[] {
  const learned = s.fib.mtus.get(ns)?.get(dst as never);
  if (learned !== undefined && learned.expires > s.engine.now && route.type !== RTN.local) {
    const left = Math.ceil((learned.expires - s.engine.now) / SECOND) - 1;
    return [field("expires", left, `expires ${left}sec`), field("metrics", [{ mtu: learned.mtu }], `mtu ${learned.locked === true ? "lock " : ""}${learned.mtu}`)];
  }
  return route.mtu !== 0 ? [field("metrics", [{ mtu: route.mtu }], `mtu ${route.mtu}`)] : [];
}

function fields4(place: Place, route: Route, { dst, src, iif, mark }: Question, { details }: IpOptions): Field[] {
  const { s, ns } = place;
  const local = route.type === RTN.local;
  const hop = chooseHop(s, route, src, dst);
  const fields: Field[] = [];
  const text = (addr: number): string => s.book.text(addr as never);
  if (route.type !== RTN.unicast || details) fields.push(field("type", typeText(route.type), typeText(route.type)));
  fields.push(field("dst", text(dst), text(dst)));
  if (src !== 0) fields.push(field("from", text(src), `from ${text(src)}`));
  if (!local && hop.via !== 0) {
    const via6 = s.book.family[hop.via] === 6;
    fields.push(via6 ? field("via", { family: "inet6", host: text(hop.via) }, `via inet6 ${text(hop.via)}`) : field("gateway", text(hop.via), `via ${text(hop.via)}`));
  }
  const dev = local ? "lo" : deviceName(s, hop.dev);
  fields.push(field("dev", dev, `dev ${dev}`));
  // While a namespace has only the default rules, its local table is part of the main one.
  const table = route.table !== RT_TABLE.main && s.fib.rules.has(ns) ? route.table : details ? RT_TABLE.main : 0;
  if (table !== 0) fields.push(field("table", tableText(table), `table ${tableText(table)}`));
  if (iif === 0 && src === 0) {
    const source = text(local ? (route.src !== 0 ? route.src : dst) : preferredSource(s, route, hop, dst));
    fields.push(field("prefsrc", source, `src ${source}`));
  }
  fields.push(field("flags", [], ""));
  if (iif === 0 && mark !== 0) fields.push(field("mark", mark >>> 0, `mark ${mark >>> 0}`));
  if (iif === 0) fields.push(field("uid", 0, "uid 0"));
  const kinds = route.type === RTN.unicast ? [] : local ? ["local"] : ["local", "brd"];
  fields.push(field("cache", kinds, kinds.length === 0 ? "" : `<${kinds.join(",")}>`), ...learnedFields(place, dst, route));
  if (iif !== 0) fields.push(field("iif", deviceName(s, iif), `iif ${deviceName(s, iif)}`));
  return fields;
}

function fields6(place: Place, route: Route, { dst, src, iif }: Question, { details }: IpOptions): Field[] {
  const { s } = place;
  const hop = chooseHop(s, route, src, dst);
  const local = route.type === RTN.local;
  const text = (addr: number): string => s.book.text(addr as never);
  const fields: Field[] = route.type === RTN.unicast && !details ? [] : [field("type", typeText(route.type), typeText(route.type))];
  fields.push(field("dst", text(dst), text(dst)), field("from", src === 0 ? "::" : text(src), `from ${src === 0 ? "::" : text(src)}`));
  if (hop.via !== 0) fields.push(field("gateway", text(hop.via), `via ${text(hop.via)}`));
  const dev = local || route.type === RTN.anycast ? "lo" : deviceName(s, hop.dev);
  fields.push(field("dev", dev, `dev ${dev}`));
  if (route.table !== RT_TABLE.main || details) fields.push(field("table", tableText(route.table), `table ${tableText(route.table)}`));
  if ((route.proto !== "boot" || details) && route.proto !== "") fields.push(field("protocol", route.proto, `proto ${route.proto}`));
  if (details) fields.push(field("scope", "global", "scope global"));
  if (src === 0 && iif === 0) {
    const source = text(local ? dst : preferredSource(s, route, hop, dst));
    fields.push(field("prefsrc", source, `src ${source}`));
  }
  fields.push(field("metric", route.metric, `metric ${route.metric}`), field("flags", [], ""), ...learnedFields(place, dst, route));
  if (iif !== 0) fields.push(field("iif", deviceName(s, iif), `iif ${deviceName(s, iif)}`));
  fields.push(field("pref", "medium", "pref medium"));
  return fields;
}
