/**
 * Acts that wait. What nobody has looked at need not be written yet: whoever has much to write into a namespace (routes,
 * neighbours and FDB entries for every other node, say) leaves word, and is called before the first look: by a packet that
 * asks a table other than `local` for a route, by a shell, or by an act of somebody else.
 *
 * Only what is reached by a route may wait so, and only where nothing that happens in between bears on it. What waits is no
 * state of the kernels: a restore forgets it, and whoever left word leaves it again.
 */
import { isLocalTable } from "./fib-table.js";
import type { Stack } from "./stack.js";

/** Has `write` called before anybody looks at the namespace; what waits there already is forgotten. */
export function writeLater(s: Stack, ns: number, write: () => void): void {
  s.fib.waiting.set(ns, write);
  s.fib.recent.forget();
  for (const key of s.fib.keys.get(ns) ?? []) if (!isLocalTable(key)) s.fib.derived.delete(key);
}

/** Has what waits for the namespace written now. */
export function writeNow(s: Stack, ns: number): void {
  const write = s.fib.waiting.get(ns);
  if (write === undefined) return;
  s.fib.waiting.delete(ns);
  write();
}
