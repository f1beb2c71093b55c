/** `birdc show route ...`: which tables, which prefixes, which routes of them. */
import { covers, masked, parseCidr, formatCidr } from "../../base/cidr.js";
import type { ChannelFilter } from "../../models/bgp/config/config.js";
import { ConfigError } from "../../models/bgp/config/config-error.js";
import { Cursor } from "../../models/bgp/config/cursor.js";
import { readFilter } from "../../models/bgp/config/read-channel.js";
import type { Daemon } from "../../models/bgp/daemon/daemon.js";
import { routeTo } from "../../models/bgp/daemon/hosts.js";
import { exportView, walkTable } from "../../models/bgp/daemon/tables.js";
import { runFilter } from "../../models/bgp/filter/evaluate.js";
import { mapEntries, mapGet } from "../../models/bgp/persistent-map.js";
import { type BirdRoute, familyOf } from "../../models/bgp/route.js";
import { routeLines } from "./route-lines.js";

interface Asked {
  net: string;
  mode: "all" | "exact" | "for" | "in";
  all: boolean;
  primary: boolean;
  filtered: boolean;
  /** 1: a line of numbers behind each table, 2: nothing but these */
  stats: 0 | 1 | 2;
  tables: string[];
  protocol: string;
  export: "" | "export" | "noexport" | "preexport" | "exported";
  exportTo: string;
  filter: ChannelFilter;
}

/** What is asked, or the words of a refusal. */
function readAsked(d: Daemon, text: string): Asked {
  const c = new Cursor(text);
  for (const name of [...d.order, ...d.tableNames(), ...Object.keys(d.config.constants), ...Object.keys(d.config.functions)]) c.names.add(name);
  const asked: Asked = { net: "", mode: "all", all: false, primary: false, filtered: false, stats: 0, tables: [], protocol: "", export: "", exportTo: "", filter: { kind: "all" } };
  const known = (names: readonly string[], expecting = "CF_SYM_KNOWN"): string => {
    const name = c.token.text;
    if (!names.includes(name)) throw c.unexpected(expecting);
    c.take();
    return name;
  };
  while (c.token.kind !== "end") {
    if (c.token.kind === "ip") {
      asked.mode = "exact";
      asked.net = readNet(c, false);
    } else if (c.accept("for")) {
      asked.mode = "for";
      asked.net = readNet(c);
    } else if (c.accept("in")) {
      asked.mode = "in";
      asked.net = readNet(c);
    } else if (c.accept("all")) asked.all = true;
    else if (c.accept("primary")) asked.primary = true;
    else if (c.accept("filtered")) asked.filtered = true;
    else if (c.accept("count")) asked.stats = 2;
    else if (c.accept("stats")) asked.stats = 1;
    else if (c.accept("table")) asked.tables.push(known(d.tableNames(), "CF_SYM_KNOWN or ALL"));
    else if (c.accept("protocol")) asked.protocol = known(d.order);
    else if (c.is("export") || c.is("noexport") || c.is("preexport") || c.is("exported")) {
      asked.export = c.take().text as "export";
      asked.exportTo = known(d.order);
    } else if (c.is("where") || c.is("filter")) {
      asked.filter = readFilter(c, new Map());
      c.accept(";");
    }
    else throw c.unexpected();
  }
  return asked;
}

/** A prefix, or where one may stand an address. */
function readNet(c: Cursor, address = true): string {
  if (!address || (c.peek(1).kind === "sign" && c.peek(1).text === "/")) return c.prefix();
  return c.ip();
}

/** The prefix whose routes lead to a host or to a whole prefix; null if none does. */
function netFor(d: Daemon, table: string, net: string): string | null {
  if (!net.includes("/")) return routeTo(d.table(table), net)?.net ?? null;
  const wanted = parseCidr(net)!;
  for (let prefix = wanted.prefix; prefix >= 0; prefix--) {
    const key = formatCidr(masked({ ...wanted, prefix }));
    const best = mapGet(d.table(table).nets, key)?.[0];
    if (best !== undefined && !best.filtered) return key;
  }
  return null;
}

function rows(d: Daemon, asked: Asked, table: string): (readonly [string, readonly BirdRoute[]])[] {
  const { nets, family } = d.table(table);
  if (asked.mode === "all") return walkTable(d.table(table));
  const wanted = asked.net.includes("/") ? asked.net : `${asked.net}/${asked.net.includes(":") ? 128 : 32}`;
  if (parseCidr(wanted)!.family !== family) return [];
  if (asked.mode === "in") return walkTable(d.table(table)).filter(([net]) => covers(parseCidr(wanted)!, parseCidr(net)!));
  const net = asked.mode === "for" ? netFor(d, table, asked.net) : wanted;
  const list = net === null ? undefined : mapGet(nets, net);
  return list === undefined ? [] : [[net!, list]];
}

interface Counted {
  shown: number;
  routes: number;
  nets: number;
}

/** Whether the kernel has refused what it was told of a prefix. */
function isUnsynced(d: Daemon, table: string, net: string): boolean {
  const family = familyOf(net);
  return d.order.some((name) => d.configOf(name).kind === "kernel" && d.channel(name, family)?.table === table && mapGet(d.channel(name, family)!.unsynced, net) !== undefined);
}

/** Lines of one prefix. */
function netLines(d: Daemon, asked: Asked, table: string, net: string, list: readonly BirdRoute[], counted: Counted): string[] {
  const lines: string[] = [];
  let first = true;
  let passed = false;
  if (list.some((one) => one.filtered === asked.filtered)) counted.nets++;
  for (const one of list) {
    if (one.filtered !== asked.filtered) continue;
    counted.routes++;
    const shown = passed ? null : viewOf(d, asked, one, () => {
      passed = true;
    });
    const wanted = shown !== null && (asked.protocol === "" || asked.protocol === one.proto) && runFilter(d.config, asked.filter, shown).accepted;
    if (wanted) {
      counted.shown++;
      if (asked.stats < 2) lines.push(...routeLines(shown, first ? net : "", one === list[0] && !one.filtered ? (isUnsynced(d, table, net) ? " !" : " *") : "", asked.all));
      first = false;
    }
    if (asked.primary) break;
  }
  return lines;
}

/** The route as the export mode has it, null if it is left out; `done` says that no further route of the prefix counts. */
function viewOf(d: Daemon, asked: Asked, route: BirdRoute, done: () => void): BirdRoute | null {
  if (asked.export === "") return route;
  const family = parseCidr(route.net)!.family;
  if (asked.export === "exported") return isExported(d, asked.exportTo, family, route) ? route : null;
  // Only the best route is exported, or every one.
  if (d.configOf(asked.exportTo).kind !== "bgp" || !d.bgp(asked.exportTo).paths.tx.includes(family)) done();
  const view = exportView(d, asked.exportTo, family, route);
  if (!view.allowed) return null;
  if (asked.export === "preexport") return route;
  if (asked.export === "export") return view.route;
  return view.route === null ? route : null;
}

function isExported(d: Daemon, name: string, family: 4 | 6, route: BirdRoute): boolean {
  const { exported } = d.channel(name, family)!;
  if (d.configOf(name).kind !== "bgp" || !d.bgp(name).paths.tx.includes(family)) return mapGet(exported, route.net)?.proto === route.proto;
  return mapEntries(exported).some(([, one]) => one.net === route.net && one.proto === route.proto && one.path === route.path);
}

function tablesOf(d: Daemon, asked: Asked): readonly string[] {
  if (asked.tables.length > 0) return asked.tables;
  if (asked.exportTo !== "") return d.protocol(asked.exportTo).channels.filter((one) => one.up).map((one) => one.table);
  if (asked.protocol !== "") return d.protocol(asked.protocol).channels.map((one) => one.table);
  return ["master4", "master6"];
}

/** What `show route WORDS` prints. */
export function showRoute(d: Daemon, words: string): string[] {
  let asked: Asked;
  try {
    asked = readAsked(d, words);
  } catch (fault) {
    if (fault instanceof ConfigError) return [fault.words];
    throw fault;
  }
  const tables = tablesOf(d, asked);
  if (tables.length === 0) return ["No valid tables"];
  const total: Counted = { shown: 0, routes: 0, nets: 0 };
  const lines: string[] = [];
  for (const table of tables) {
    const counted: Counted = { shown: 0, routes: 0, nets: 0 };
    const found = rows(d, asked, table).flatMap(([net, list]) => netLines(d, asked, table, net, list, counted));
    if (asked.stats < 2 && (found.length > 0 || asked.tables.length > 0 || asked.stats === 1)) lines.push(...(lines.length > 0 ? [""] : []), `Table ${table}:`, ...found);
    if (asked.stats > 0) lines.push(`${counted.shown} of ${counted.routes} routes for ${counted.nets} networks in table ${table}`);
    total.shown += counted.shown;
    total.routes += counted.routes;
    total.nets += counted.nets;
  }
  if (asked.stats > 0 && tables.length > 1) lines.push(...(asked.stats === 1 ? [""] : []), `Total: ${total.shown} of ${total.routes} routes for ${total.nets} networks in ${tables.length} tables`);
  if ((asked.mode === "for" || asked.mode === "exact") && total.routes === 0) return ["Network not found"];
  return lines;
}

