import type { Addr } from "../base/address-book.js";

/** One way out of a route. */
export interface Nexthop {
  /** output device row, 0 for routes that end here (blackhole ...) */
  readonly dev: number;
  /** gateway, 0 if the destination is a neighbour itself */
  readonly via: Addr;
  readonly weight: number;
  readonly onlink: boolean;
}
