/** What `ipvsadm -L` and `ip addr` know, for models that bring a namespace's virtual servers to a wanted state. */
import { PROTO_NAME } from "../../base/codes.js";
import { SERVERF } from "../ipvs/ipvs-table.js";
import { SCHEDULERS } from "../ipvs/schedule.js";
import type { Stack } from "../stack.js";

/** A real server of a virtual one, with the connections that name it. */
export interface ListedReal {
  readonly addr: string;
  readonly port: number;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
}

/** A virtual server by address; those by mark are nobody's but their maker's. */
export interface ListedServer {
  readonly protocol: string;
  readonly addr: string;
  readonly port: number;
  readonly scheduler: string;
  /** s, 0: not persistent */
  readonly persistent: number;
  /** IP_VS_SVC_F_* bits */
  readonly flags: number;
  /** the one added last first */
  readonly reals: readonly ListedReal[];
}

/** Virtual servers of one family, in the order in which they were made or took the place of others. */
export function listVirtualServers(s: Stack, ns: number, family: 4 | 6): readonly ListedServer[] {
  const { servers, reals, lists } = s.ipvs;
  const c = servers.c;
  const rows = s.ipvs.of(ns).filter((row) => c.family[row] === family && c.fwmark[row] === 0);
  return rows.map((row) => ({
    protocol: PROTO_NAME[c.proto[row]!]!,
    addr: s.book.text(c.addr[row]!),
    port: c.port[row]!,
    scheduler: SCHEDULERS[c.scheduler[row]!]!,
    persistent: (c.flags[row]! & SERVERF.persistent) === 0 ? 0 : c.timeout[row]!,
    flags: c.flags[row]!,
    reals: lists.get(row)!.map((real) => ({
      addr: s.book.text(reals.c.addr[real]!),
      port: reals.c.port[real]!,
      weight: reals.c.weight[real]!,
      active: reals.c.active[real]!,
      inactive: reals.c.inactive[real]!,
    })),
  }));
}

/** Addresses of a family on the devices of a namespace but one, in the devices' order. */
export function listAddresses(s: Stack, ns: number, family: 4 | 6, except: string): readonly string[] {
  return [...s.nsInfo.get(ns)!.devices].flatMap(([name, dev]) => (name === except ? [] : addressesOn(s, dev, family)));
}

/** Addresses of a family on one device; null where there is no such device. */
export function listDevice(s: Stack, ns: number, family: 4 | 6, name: string): readonly string[] | null {
  const dev = s.nsInfo.get(ns)!.devices.get(name);
  return dev === undefined ? null : addressesOn(s, dev, family);
}

function addressesOn(s: Stack, dev: number, family: 4 | 6): string[] {
  return s.devInfo.get(dev)!.addresses.filter(({ addr }) => s.book.family[addr] === family).map(({ addr }) => s.book.text(addr));
}

/** Texts of a set's entries, null where there is no such set. */
export function listSet(s: Stack, ns: number, name: string): readonly string[] | null {
  const set = s.sets.get(ns, s.sets.names.find(name));
  return set === undefined ? null : [...set.entries.keys()];
}
