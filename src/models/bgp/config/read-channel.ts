/** `ipv4 { ... }` of a protocol: where its routes go and what passes. */
import type { ChannelConfig, ChannelFilter } from "./config.js";
import type { Cursor } from "./cursor.js";
import type { Statement } from "./expression-tree.js";
import { readExpression } from "./read-expression.js";
import { readFilterBody } from "./read-statement.js";

/** Named filters that have been read so far. */
export type Filters = ReadonlyMap<string, readonly Statement[]>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A filter that has not been given. */
export const NOT_GIVEN: ChannelFilter = Object.freeze({ kind: "none" });

export function newChannel(family: 4 | 6, importFilter: ChannelFilter): ChannelConfig {
  return Object.freeze({ family, table: "", importFilter, exportFilter: NOT_GIVEN, preference: 0, keepFiltered: false, nextHopSelf: "", nextHopKeep: "", gateway: "", igpTable: "", cost: 0, addPaths: Object.freeze({ rx: false, tx: false }) });
}

/** `all`, `none`, `where ...`, `filter NAME`, `filter { ... }`. */
export function readFilter(c: Cursor, filters: Filters): ChannelFilter {
  if (c.accept("all")) return Object.freeze({ kind: "all" });
  if (c.accept("none")) return Object.freeze({ kind: "none" });
  if (c.accept("where")) {
    const test = readExpression(c);
    c.endExpression();
    return Object.freeze({ kind: "where", test });
  }
  c.expect("filter");
  const { token } = c;
  if (token.kind !== "symbol" || c.is("int")) return Object.freeze({ kind: "filter", name: "", body: readFilterBody(c) });
  const body = filters.get(token.text);
  if (body === undefined) throw c.unexpected();
  c.take();
  return Object.freeze({ kind: "filter", name: token.text, body });
}

function whom(c: Cursor): "all" | "ebgp" | "ibgp" | "" {
  if (c.accept("ebgp")) return "ebgp";
  if (c.accept("ibgp")) return "ibgp";
  return c.bool() ? "all" : "";
}

/** Options that a simulation has nothing to do for. */
const IGNORED: readonly (readonly string[])[] = [
  ["debug"],
  ["import", "limit"],
  ["receive", "limit"],
  ["export", "limit"],
  ["import", "table"],
  ["export", "table"],
  ["rpki", "reload"],
  ["mandatory"],
  ["missing", "lladdr"],
  ["extended", "next", "hop"],
  ["graceful", "restart"],
  ["long", "lived", "graceful", "restart"],
  ["long", "lived", "stale", "time"],
  ["validate"],
  ["require", "extended", "next", "hop"],
];

/** Options whose meaning is not modelled: a configuration that turns one on is refused. */
const REFUSED: readonly (readonly string[])[] = [["secondary"], ["aigp"]];

/** One option of a channel; false if the next words are none. */
export function readChannelOption(c: Cursor, made: Mutable<ChannelConfig>, filters: Filters): boolean {
  if (c.phrase(["import", "keep", "filtered"])) made.keepFiltered = c.bool();
  else if (IGNORED.some((words) => c.phrase(words))) c.skipOption();
  else if (c.phrase(["import"])) made.importFilter = readFilter(c, filters);
  else if (c.phrase(["export"])) made.exportFilter = readFilter(c, filters);
  else if (c.phrase(["table"])) made.table = readTable(c);
  else if (c.phrase(["preference"])) made.preference = c.number();
  else if (c.phrase(["next", "hop", "self"])) made.nextHopSelf = whom(c);
  else if (c.phrase(["next", "hop", "keep"])) made.nextHopKeep = whom(c);
  else if (c.phrase(["gateway", "direct"])) made.gateway = "direct";
  else if (c.phrase(["gateway", "recursive"])) made.gateway = "recursive";
  else if (c.phrase(["igp", "table"])) made.igpTable = readTable(c);
  else if (c.phrase(["cost"])) made.cost = c.number();
  else if (c.phrase(["add", "paths"])) made.addPaths = readPaths(c);
  else {
    const { token } = c;
    const refused = REFUSED.find((words) => c.phrase(words));
    if (refused === undefined) return false;
    if (c.bool()) throw c.fail(`not modelled: ${refused.join(" ")}`, token);
    c.skipOption();
  }
  return true;
}

/** `rx`, `tx`, or a switch for both. */
function readPaths(c: Cursor): ChannelConfig["addPaths"] {
  if (c.accept("rx")) return Object.freeze({ rx: true, tx: false });
  if (c.accept("tx")) return Object.freeze({ rx: false, tx: true });
  const on = c.bool();
  return Object.freeze({ rx: on, tx: on });
}

function readTable(c: Cursor): string {
  if (c.token.kind !== "symbol" || !c.names.has(c.token.text)) throw c.unexpected("CF_SYM_KNOWN");
  return c.take().text;
}

/** Behind `ipv4`: its options if there are any. */
export function readChannel(c: Cursor, before: ChannelConfig, filters: Filters): ChannelConfig {
  const made: Mutable<ChannelConfig> = { ...before };
  if (c.accept("{")) {
    while (!c.accept("}")) {
      if (!readChannelOption(c, made, filters)) throw c.unexpected();
      c.expect(";");
    }
  }
  return Object.freeze(made);
}
