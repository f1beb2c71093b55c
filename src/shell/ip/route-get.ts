/** `ip route get`: the route a packet would take, asked without sending one (inet_rtm_getroute). */
import { SECOND } from "../../base/time.js";
import { deviceName } from "../../linux/device.js";
import { chooseHop, fibLookup, isLocalAddress } from "../../linux/fib.js";
import { RT_TABLE, RTN, type Route } from "../../linux/fib-table.js";
import { preferredSource } from "../../linux/source-address.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { findDevice } from "./device-list.js";
import type { IpOptions } from "./ip-options.js";
import { typeText } from "./route-text.js";
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

export function routeGet(place: Place, _options: IpOptions, reader: WordReader): Output {
  const { s, ns } = place;
  const question: Question = { dst: 0, src: 0, iif: 0, oif: 0, mark: 0 };
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
    else if (["tos", "dsfield", "uid", "ipproto", "sport", "dport", "fibmatch", "vrf", "connected", "notify"].includes(word)) throw new NotModelled(`ip route get ${word}`);
    else question.dst = address(word === "to" ? reader.argument() : word);
  }
  if (question.dst === 0) throw new Ended(255, "need at least a destination address");
  const { dst, src, iif, oif, mark } = question;
  const v6 = s.book.family[dst] === 6;
  if (iif === 0 && src !== 0 && !isLocalAddress(s, ns, src)) return refused("Invalid argument");
  const route = fibLookup(s, ns, dst, src, mark, iif, oif);
  if (route === null) return refused("Network is unreachable");
  if (route.hops.length === 0) return refused(ERRORS[route.type] ?? "Network is unreachable");
  if (iif !== 0 && route.type === RTN.unicast && (v6 ? s.ns.c.ip6Forward[ns] : s.ns.c.ipForward[ns]) === 0) return refused("No route to host");
  return said(v6 ? answer6(place, route, question) : answer4(place, route, question));
}

function answer4({ s, ns }: Place, route: Route, { dst, src, iif, mark }: Question): string {
  const local = route.type === RTN.local;
  const hop = chooseHop(s, route, src, dst);
  const words: string[] = [];
  if (route.type !== RTN.unicast) words.push(local ? "local" : "broadcast");
  words.push(s.book.text(dst as never));
  if (src !== 0) words.push("from", s.book.text(src as never));
  if (!local && hop.via !== 0) words.push("via", s.book.text(hop.via));
  words.push("dev", local ? "lo" : deviceName(s, hop.dev));
  // While a namespace has only the default rules, its local table is part of the main one.
  if (route.table !== RT_TABLE.main && s.fib.rules.has(ns)) words.push("table", tableText(route.table));
  if (iif === 0) {
    if (src === 0) words.push("src", s.book.text(local ? (route.src !== 0 ? route.src : (dst as never)) : preferredSource(s, route, hop, dst)));
    if (mark !== 0) words.push("mark", String(mark >>> 0));
    words.push("uid", "0");
  }
  const cache = ["    cache"];
  if (route.type !== RTN.unicast) cache.push(local ? "<local>" : "<local,brd>");
  const learned = s.fib.mtus.get(ns)?.get(dst as never);
  if (learned !== undefined && learned.expires > s.engine.now && !local) cache.push("expires", `${Math.ceil((learned.expires - s.engine.now) / SECOND) - 1}sec`, "mtu", String(learned.mtu));
  else if (route.mtu !== 0) cache.push("mtu", String(route.mtu));
  if (iif !== 0) cache.push("iif", deviceName(s, iif));
  return `${words.join(" ")} \n${cache.join(" ")} `;
}

function answer6({ s, ns }: Place, route: Route, { dst, src, iif }: Question): string {
  const hop = chooseHop(s, route, src, dst);
  const local = route.type === RTN.local;
  const words: string[] = route.type === RTN.unicast ? [] : [typeText(route.type)];
  words.push(s.book.text(dst as never), "from", src === 0 ? "::" : s.book.text(src as never));
  if (hop.via !== 0) words.push("via", s.book.text(hop.via));
  words.push("dev", local || route.type === RTN.anycast ? "lo" : deviceName(s, hop.dev));
  if (route.table !== RT_TABLE.main) words.push("table", tableText(route.table));
  if (route.proto !== "boot" && route.proto !== "") words.push("proto", route.proto);
  if (src === 0 && iif === 0) words.push("src", s.book.text(local ? (dst as never) : preferredSource(s, route, hop, dst)));
  words.push("metric", String(route.metric));
  const learned = s.fib.mtus.get(ns)?.get(dst as never);
  if (learned !== undefined && learned.expires > s.engine.now) words.push("expires", `${Math.ceil((learned.expires - s.engine.now) / SECOND) - 1}sec`, "mtu", String(learned.mtu));
  else if (route.mtu !== 0) words.push("mtu", String(route.mtu));
  if (iif !== 0) words.push("iif", deviceName(s, iif));
  words.push("pref", "medium");
  return words.join(" ");
}
