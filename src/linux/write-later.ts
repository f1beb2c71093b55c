/**
 * Acts that wait. What nobody has looked at need not be written yet: whoever has much to write into a namespace (routes,
 * neighbours and FDB entries for every other node, say) leaves word, and is called before the first look: by a packet to one of
 * the destinations that it concerns, by a reader, or by an act of somebody else.
 *
 * Only what is reached by a route to these destinations may wait so, and only where nothing that happens in between bears on
 * it. What waits is no state of the kernels: a restore forgets it, and whoever left word leaves it again.
 */
import { type Cidr, contains } from "../base/cidr.js";
import { isLocalTable, RT_TABLE } from "./fib-table.js";
import type { Stack } from "./stack.js";

/** Has `write` called before anybody looks at the namespace for a way to `destinations`; what waits there already is forgotten. */
export function writeLater(s: Stack, ns: number, destinations: readonly Cidr[], write: () => void): void {
  s.fib.waiting.set(ns, { destinations, write });
  forgetDerived(s, ns);
}

/** Has what waits for the namespace written now. */
export function writeNow(s: Stack, ns: number): void {
  const waiting = s.fib.waiting.get(ns);
  if (waiting === undefined) return;
  s.fib.waiting.delete(ns);
  forgetDerived(s, ns);
  waiting.write();
}

/** Whether something waits that may bear on the way to an address by a table. */
export function waitsFor(s: Stack, ns: number, table: number, dst: number): boolean {
  if (table === RT_TABLE.local) return false;
  const waiting = s.fib.waiting.get(ns);
  if (waiting === undefined) return false;
  const { family, words } = s.book;
  return waiting.destinations.some((cidr) => cidr.family === family[dst] && contains(cidr, words, dst * 4));
}

function forgetDerived(s: Stack, ns: number): void {
  s.fib.recent.forget();
  for (const key of s.fib.keys.get(ns) ?? []) if (!isLocalTable(key)) s.fib.derived.delete(key);
}
