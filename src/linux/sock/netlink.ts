/** What programs hear that watch their kernel's links, addresses and routes (the multicast groups of rtnetlink). */
import { formatCidr, type Words } from "../../base/cidr.js";
import { EV, type Stack } from "../stack.js";

/** Words of `EV.app` that are no program's own. */
export const NETLINK = Object.freeze({ link: -1, route: -2 } as const);

/** A link or an address of the namespace has changed. */
export function linkChanged(s: Stack, ns: number): void {
  for (const app of s.app.watchers.get(ns) ?? []) s.engine.schedule(0, EV.app, app, NETLINK.link);
}

/** The routes of one prefix have changed. */
export function routeChanged(s: Stack, ns: number, family: number, table: number, words: readonly number[], prefix: number): void {
  const watchers = s.app.watchers.get(ns);
  if (watchers === undefined) return;
  const dst = formatCidr({ family: family as 4 | 6, words: words as unknown as Words, prefix });
  for (const app of watchers) if (app !== s.app.quiet) s.engine.scheduleWith(0, EV.app, app, NETLINK.route, Object.freeze({ family, table, dst }));
}
