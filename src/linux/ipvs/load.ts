/** What real servers carry, and which carries the least: what several schedulers go by. */
import type { Stack } from "../stack.js";

/** Real servers of a virtual one, the one added last first. */
export const listOf = (s: Stack, server: number): readonly number[] => s.ipvs.lists.get(server)!;

export const weightOf = (s: Stack, real: number): number => s.ipvs.reals.c.weight[real]!;

/** ip_vs_dest_conn_overhead. */
export const overhead = (s: Stack, real: number): number => s.ipvs.reals.c.active[real]! * 256 + s.ipvs.reals.c.inactive[real]!;

/** The least loaded of a list, by weight or not; the earliest of equal ones; 0 where none weighs anything. */
export function leastOf(s: Stack, list: readonly number[], load: (s: Stack, real: number) => number, weighted: boolean): number {
  let best = 0;
  for (const real of list) {
    if (weightOf(s, real) === 0) continue;
    if (best === 0 || (weighted ? load(s, best) * weightOf(s, real) > load(s, real) * weightOf(s, best) : load(s, best) > load(s, real))) best = real;
  }
  return best;
}
