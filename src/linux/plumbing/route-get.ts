/** What those who write routes read before: RTM_GETROUTE, for one destination and for the main table. */
import { formatCidr } from "../../base/cidr.js";
import { deviceName } from "../device.js";
import { fibLookup } from "../fib.js";
import { RT_TABLE, tableKey } from "../fib-table.js";
import type { Stack } from "../stack.js";

/** One way out: a device's name, and the gateway, null if there is none. */
export interface RouteHop {
  readonly dev: string;
  readonly via: string | null;
}

/** The next hops of the route to an address; null if there is no way. */
export function routeGet(s: Stack, ns: number, dst: string): readonly RouteHop[] | null {
  const route = fibLookup(s, ns, s.book.ofText(dst), 0, 0, 0, 0);
  return route === null ? null : route.hops.map(({ dev, via }) => ({ dev: deviceName(s, dev), via: via === 0 ? null : s.book.text(via) }));
}

/** The routes of the main table, `dst` as a prefix ("0.0.0.0/0"). */
export function mainRoutes(s: Stack, ns: number, family: 4 | 6): readonly { readonly dst: string; readonly hops: readonly RouteHop[] }[] {
  return [...(s.fib.tables.get(tableKey(ns, family, RT_TABLE.main))?.values() ?? [])].flatMap((routes) =>
    routes.map(({ words, prefix, hops }) => ({ dst: formatCidr({ family, words, prefix }), hops: hops.map(({ dev, via }) => ({ dev: deviceName(s, dev), via: via === 0 ? null : s.book.text(via) })) })),
  );
}
