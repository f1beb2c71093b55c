/** What programs read of their kernel: links with their addresses, and routes, as plain records of text (rtnetlink's dumps). */
import { formatCidr, parseCidr } from "../../base/cidr.js";
import { deviceName, devicesOf } from "../device.js";
import { prefixKey, type Route, RT_TABLE, RTN, type RouteTypeName, tableKey } from "../fib-table.js";
import { DEV, DEVF, type Stack } from "../stack.js";
import { writeNow } from "../write-later.js";

export interface LinkAddress {
  readonly address: string;
  readonly prefix: number;
  readonly scope: "global" | "link" | "host";
  readonly secondary: boolean;
}

export interface LinkRecord {
  readonly name: string;
  readonly index: number;
  /** set up by somebody, and with carrier */
  readonly up: boolean;
  readonly running: boolean;
  readonly loopback: boolean;
  readonly mtu: number;
  readonly addresses: readonly LinkAddress[];
}

export interface RouteRecord {
  readonly dst: string;
  readonly type: RouteTypeName;
  readonly metric: number;
  /** by its RT_SCOPE_* number */
  readonly scope: number;
  readonly proto: string;
  /** "" : none */
  readonly src: string;
  readonly hops: readonly { readonly via: string; readonly dev: string; readonly weight: number; readonly onlink: boolean }[];
}

/** Every link of a namespace, by interface index. */
export function dumpLinks(s: Stack, ns: number): readonly LinkRecord[] {
  return Object.freeze(
    devicesOf(s, ns).map((dev) => {
      const { name, index, addresses } = s.devInfo.get(dev)!;
      const flags = s.dev.c.flags[dev]!;
      return Object.freeze({
        name,
        index,
        up: (flags & DEVF.up) !== 0,
        running: (flags & (DEVF.up | DEVF.carrier)) === (DEVF.up | DEVF.carrier),
        loopback: s.dev.c.kind[dev] === DEV.loopback,
        mtu: s.dev.c.mtu[dev]!,
        addresses: Object.freeze(addresses.map((a) => Object.freeze({ address: s.book.text(a.addr), prefix: a.prefix, scope: a.scope, secondary: a.secondary }))),
      });
    }),
  );
}

const NAMES = Object.freeze(Object.fromEntries(Object.entries(RTN).map(([name, number]) => [number, name]))) as Readonly<Record<number, RouteTypeName>>;

function record(s: Stack, route: Route): RouteRecord {
  return Object.freeze({
    dst: formatCidr(route),
    type: NAMES[route.type]!,
    metric: route.metric,
    scope: route.scope,
    proto: route.proto,
    src: route.src === 0 ? "" : s.book.text(route.src),
    hops: Object.freeze(route.hops.map((hop) => Object.freeze({ via: hop.via === 0 ? "" : s.book.text(hop.via), dev: deviceName(s, hop.dev), weight: hop.weight, onlink: hop.onlink }))),
  });
}

/** Every route of a table. */
export function dumpRoutes(s: Stack, ns: number, family: 4 | 6, table: number = RT_TABLE.main): readonly RouteRecord[] {
  writeNow(s, ns);
  const lists = s.fib.tables.get(tableKey(ns, family, table));
  return lists === undefined ? [] : [...lists.values()].flatMap((list) => list.map((route) => record(s, route)));
}

/** The routes of one prefix, best metric first. */
export function dumpPrefix(s: Stack, ns: number, dst: string, table: number = RT_TABLE.main): readonly RouteRecord[] {
  writeNow(s, ns);
  const cidr = parseCidr(dst)!;
  const list = s.fib.tables.get(tableKey(ns, cidr.family, table))?.get(prefixKey(cidr.family, cidr.words, cidr.prefix));
  return (list ?? []).map((route) => record(s, route));
}
