/** RTM_GETROUTE: the way that a packet of this host would take, for those who write routes by it. */
import { deviceName } from "../device.js";
import { fibLookup } from "../fib.js";
import type { Stack } from "../stack.js";

/** Devices and gateways (null: none) of the route to an address, one for each next hop; null if there is no way. */
export function routeGet(s: Stack, ns: number, dst: string): readonly { readonly dev: string; readonly via: string | null }[] | null {
  const route = fibLookup(s, ns, s.book.ofText(dst), 0, 0, 0, 0);
  return route === null ? null : route.hops.map(({ dev, via }) => ({ dev: deviceName(s, dev), via: via === 0 ? null : s.book.text(via) }));
}
