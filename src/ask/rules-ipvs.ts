/**
 * The IPVS mode in the questions about rules: the machine that runs it, the ends of a flow, and what a node's kernel holds.
 * A virtual server's scheduler does not draw: the real server that a flow gets is the one whose turn it is.
 */
import { STEP } from "../trace/kinds.js";
import { findServer } from "../linux/ipvs/ipvs-schedule.js";
import { schedule } from "../linux/ipvs/schedule.js";
import { listDevice, listSet, listVirtualServers } from "../linux/plumbing/ipvs-list.js";
import type { Stack } from "../linux/stack.js";
import { bracketed } from "../models/proxy/sloppy-address.js";

/** As many others as `turns` have begun a connection to where packet `p` goes: their turns are over, and the connections too. */
export function passTurns(s: Stack, ns: number, p: number, turns: number): void {
  const server = findServer(s, ns, p);
  if (server !== 0) for (let turn = 0; turn < turns; turn++) schedule(s, server, p);
}

/**
 * The ends of a flow for each turn at its virtual server, the first in the list first, until they come round again; `run` sends
 * it after so many turns. Throws a RangeError beyond `limit` ends.
 */
export function eachTurn<T>(run: (turns: number) => T, same: (a: T, b: T) => boolean, limit: number): readonly T[] {
  const ends: T[] = [run(0)];
  for (let turns = 1; ; turns++) {
    const end = run(turns);
    if (ends.some((known) => same(known, end))) return ends;
    ends.push(end);
    if (ends.length > limit) throw new RangeError(`more than ${limit} outcomes`);
  }
}

/** Whether a recorded flow met a virtual server without a real one to give. */
export function wasRefused(steps: readonly { readonly kind: number }[]): boolean {
  return steps.some((step) => step.kind === STEP.IPVS_NO_SERVER);
}

/** Addresses, virtual servers and sets that stand in a node's kernel, in its order, in the words of the rules' payload. */
export function ipvsLists(s: Stack, ns: number, device: string): string {
  const sets = s.sets.of(ns).map((id) => s.sets.names.name(id)).filter((name) => name.startsWith("KUBE-"));
  const end = (text: string, port: number): string => `${bracketed({ family: 4, text })}:${port}`;
  const lines = [
    ...(listDevice(s, ns, 4, device) ?? []).map((text) => `${device} ${text}/32`),
    ...listVirtualServers(s, ns, 4).flatMap(({ protocol, addr, port, scheduler, persistent, reals }) => [
      `${protocol.toUpperCase()} ${end(addr, port)} ${scheduler}${persistent === 0 ? "" : ` persistent ${persistent}`}`,
      ...reals.map((real) => `  ${end(real.addr, real.port)} w${real.weight} masq`),
    ]),
    ...sets.flatMap((name) => listSet(s, ns, name)!.map((text) => `${name} ${text}`)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}
