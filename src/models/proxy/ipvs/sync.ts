// What changes on a node from one sync of the IPVS mode to the next, with its patience: a TCP server that still has
// connections is given weight 0 and stays until they end. Read first: kubernetes pkg/proxy/ipvs/graceful_termination.go.

import { canonicalAddress, type Network, networkHolds } from "../sloppy-address.js";
import type { IpSet, IpvsDoc, RealServer, VirtualServer } from "./ipvs-doc.js";

/** A virtual server as the kernel has it. */
export interface KernelServer {
  readonly server: VirtualServer;
  readonly reals: readonly KernelReal[];
}

/** A real server as the kernel has it. */
export interface KernelReal {
  readonly real: RealServer;
  readonly active: number;
  readonly inactive: number;
}

/** What the kernel holds when a sync begins. */
export interface IpvsKernel {
  readonly addresses: readonly string[];
  readonly servers: readonly KernelServer[];
  readonly sets: readonly IpSet[];
}

/** One change that a sync makes. */
export type IpvsCommand =
  | { readonly verb: "addAddress" | "deleteAddress"; readonly text: string }
  | { readonly verb: "addServer" | "editServer" | "deleteServer"; readonly server: VirtualServer }
  | { readonly verb: "addReal" | "editReal" | "deleteReal"; readonly server: VirtualServer; readonly real: RealServer }
  | { readonly verb: "createSet"; readonly set: IpSet }
  | { readonly verb: "addEntry" | "deleteEntry"; readonly set: IpSet; readonly text: string; readonly cause: number };

/** Real servers on their way out, as `VIRTUAL REAL` keys; checked every minute. */
export type Draining = ReadonlySet<string>;

/** One run of the sync loop. */
export interface IpvsSync {
  readonly commands: readonly IpvsCommand[];
  readonly draining: Draining;
}

/** Commands that bring the kernel to `wanted`; virtual servers inside `excluded` are nobody's business. */
export function planIpvsSync(wanted: IpvsDoc, kernel: IpvsKernel, draining: Draining, excluded: readonly Network[]): IpvsSync {
  const commands: IpvsCommand[] = [];
  const stillDraining = new Set(draining);
  syncSets(wanted, kernel, commands);
  const held = new Set(kernel.addresses);
  for (const { text } of wanted.addresses) if (!held.has(text)) commands.push({ verb: "addAddress", text });
  const servers = new Map(kernel.servers.map((each) => [each.server.key, each]));
  for (const server of wanted.virtualServers) {
    const known = servers.get(server.key);
    if (known === undefined) commands.push({ verb: "addServer", server });
    else if (!sameServer(known.server, server)) commands.push({ verb: "editServer", server });
    syncReals(server, known?.reals ?? [], stillDraining, commands);
  }
  const keys = new Set(wanted.virtualServers.map((server) => server.key));
  for (const { server, reals } of kernel.servers) {
    const address = canonicalAddress(server.ip);
    if (keys.has(server.key) || (address !== null && excluded.some((network) => networkHolds(network, address)))) continue;
    commands.push({ verb: "deleteServer", server });
    for (const { real } of reals) stillDraining.delete(drainKey(server, real));
  }
  const bound = new Set(wanted.addresses.map(({ text }) => text));
  for (const text of kernel.addresses) if (!bound.has(text)) commands.push({ verb: "deleteAddress", text });
  return { commands, draining: stillDraining };
}

/** The minute's look at draining servers: those without connections go. */
export function checkDraining(kernel: IpvsKernel, draining: Draining): IpvsSync {
  const commands: IpvsCommand[] = [];
  const left = new Set<string>();
  for (const { server, reals } of kernel.servers) {
    for (const { real, active, inactive } of reals) {
      if (!draining.has(drainKey(server, real))) continue;
      if (active + inactive === 0) commands.push({ verb: "deleteReal", server, real });
      else left.add(drainKey(server, real));
    }
  }
  return { commands, draining: left };
}

function syncReals(server: VirtualServer, known: readonly KernelReal[], draining: Set<string>, commands: IpvsCommand[]): void {
  const held = new Map(known.map((each) => [each.real.text, each]));
  for (const real of server.servers) {
    const now = held.get(real.text);
    const key = drainKey(server, real);
    if (now === undefined) commands.push({ verb: "addReal", server, real });
    else if (draining.has(key)) {
      // It came back: the kernel takes it from its trash, with the connections that still name it.
      commands.push({ verb: "deleteReal", server, real: now.real }, { verb: "addReal", server, real });
      draining.delete(key);
    } else if (now.real.weight !== real.weight) commands.push({ verb: "editReal", server, real });
  }
  const wanted = new Set(server.servers.map((real) => real.text));
  for (const { real, active, inactive } of known) {
    const key = drainKey(server, real);
    if (wanted.has(real.text) || draining.has(key)) continue;
    if (server.protocol !== "tcp" || active + inactive === 0) commands.push({ verb: "deleteReal", server, real });
    else {
      commands.push({ verb: "editReal", server, real: { ...real, weight: 0 } });
      draining.add(key);
    }
  }
}

function syncSets(wanted: IpvsDoc, kernel: IpvsKernel, commands: IpvsCommand[]): void {
  const held = new Map(kernel.sets.map((set) => [set.name, set]));
  for (const set of wanted.sets) {
    const known = held.get(set.name);
    if (known === undefined) commands.push({ verb: "createSet", set });
    const before = new Set((known?.entries ?? []).map(({ text }) => text));
    const after = new Map(set.entries.map(({ text, cause }) => [text, cause]));
    for (const text of before) if (!after.has(text)) commands.push({ verb: "deleteEntry", set, text, cause: 0 });
    for (const [text, cause] of after) if (!before.has(text)) commands.push({ verb: "addEntry", set, text, cause });
  }
}

function sameServer(a: VirtualServer, b: VirtualServer): boolean {
  return a.scheduler === b.scheduler && a.persistence === b.persistence && a.flags === b.flags;
}

function drainKey(server: VirtualServer, real: RealServer): string {
  return `${server.key} ${real.text}`;
}
