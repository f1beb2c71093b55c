/**
 * Connections that MASQUERADE has translated end when their way out changes: a packet that would leave by another device, the
 * device going down, or its address being taken away (nf_nat_oif_changed, nf_nat_masquerade.c).
 */
import type { Stack } from "../stack.js";
import { killFlow } from "./conntrack.js";

/** The connection of `p` is masqueraded for `dev` from now on. */
export function masqueradeFor(s: Stack, p: number, dev: number): void {
  const row = s.packets.c.ct[p]!;
  if (row !== 0) s.ct.t.c.masquerade[row] = s.devInfo.get(dev)!.index;
}

/** Whether a flow was masqueraded for another device than `dev`. */
export function wayChanged(s: Stack, row: number, dev: number): boolean {
  const index = s.ct.t.c.masquerade[row]!;
  return index !== 0 && index !== s.devInfo.get(dev)!.index;
}

/** Ends what was masqueraded for `dev`, with `addr` if one is given. */
export function endMasquerade(s: Stack, dev: number, addr = 0): void {
  const ns = s.dev.c.ns[dev]!;
  if (s.ns.c.tracking[ns] === 0) return;
  const { index } = s.devInfo.get(dev)!;
  for (let row = 1; row < s.ct.t.top; row++) {
    if (s.ct.t.live[row] !== 1 || s.ct.t.c.masquerade[row] !== index || s.ct.ns(row) !== ns) continue;
    if (addr === 0 || s.ct.dst(row, 1) === addr) killFlow(s, row);
  }
}
