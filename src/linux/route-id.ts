/** Numbers for routes in traces: a route is a record, a trace holds integers. Only asked while somebody records. */
import type { Route } from "./fib-table.js";
import type { Stack } from "./stack.js";

/** The number of a route in this stack's list of routes seen by traces; 0 for none. */
export function routeId(s: Stack, route: Route | null): number {
  if (route === null) return 0;
  let id = s.fib.seen.indexOf(route);
  if (id < 0) id = s.fib.seen.push(route) - 1;
  return id + 1;
}

/** The route behind a number. */
export function routeOfId(s: Stack, id: number): Route | undefined {
  return s.fib.seen[id - 1];
}
