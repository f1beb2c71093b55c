/** A stack as parts of a checkpoint: what it is saved, taken back and compared by. */
import type { Digest } from "../base/hash.js";
import type { Part } from "../engine/checkpoint.js";
import type { Schema, Table, TableState } from "../engine/table.js";
import type { DeviceInfo, NetnsInfo, Stack } from "./stack.js";

interface State {
  save(): unknown;
  restore(state: never): void;
  fold(digest: Digest): void;
}

function part(name: string, state: State): Part {
  return {
    name,
    save: () => state.save(),
    restore: (saved) => state.restore(saved as never),
    fold: (digest) => state.fold(digest),
  };
}

function foldTable<S extends Schema>(table: Table<S>, digest: Digest): void {
  const { live, top, c } = table;
  digest.i32(table.count);
  for (const name of Object.keys(c)) {
    const column = (c as Readonly<Record<string, ArrayLike<number>>>)[name]!;
    for (let r = 1; r < top; r++) if (live[r] === 1) digest.f64(column[r]!);
  }
}

interface NamespacesState {
  readonly rows: TableState;
  readonly info: Map<number, NetnsInfo>;
}

interface DevicesState {
  readonly rows: TableState;
  readonly info: Map<number, DeviceInfo>;
}

function replaceMap<K, V>(map: Map<K, V>, by: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of by) map.set(key, value);
}

function namespaces(s: Stack): State {
  return {
    save: (): NamespacesState => ({ rows: s.ns.save(), info: new Map(s.nsInfo) }),
    restore(state: NamespacesState): void {
      s.ns.restore(state.rows);
      replaceMap(s.nsInfo, state.info);
      s.nsByName.clear();
      s.ipipNodes.clear();
      for (const [ns, { name, fallback }] of s.nsInfo) {
        s.nsByName.set(`${s.ns.c.node[ns]!}/${name}`, ns);
        if (fallback !== undefined) s.ipipNodes.add(s.ns.c.node[ns]!);
      }
    },
    fold(digest: Digest): void {
      foldTable(s.ns, digest);
      for (const [ns, info] of s.nsInfo) {
        digest.i32(ns);
        digest.text(info.name);
        for (const [key, value] of Object.entries(info.sysctls)) digest.text(`${key}=${value}`);
      }
    },
  };
}

function devices(s: Stack): State {
  return {
    save: (): DevicesState => ({ rows: s.dev.save(), info: new Map(s.devInfo) }),
    restore(state: DevicesState): void {
      s.dev.restore(state.rows);
      replaceMap(s.devInfo, state.info);
    },
    fold(digest: Digest): void {
      foldTable(s.dev, digest);
      for (const [dev, info] of s.devInfo) {
        digest.i32(dev);
        digest.text(info.name);
        for (const own of info.addresses) digest.text(`${s.book.text(own.addr)}/${own.prefix} ${own.scope}`);
        for (const port of info.ports ?? []) digest.i32(port);
      }
    },
  };
}

/** The parts of a stack's own state, in the order in which they are to be added; the world adds engine, chance, addresses and packets. */
export function stackParts(s: Stack): Part[] {
  return [
    part("linux/namespaces", namespaces(s)),
    part("linux/devices", devices(s)),
    part("linux/fib", s.fib),
    part("linux/neigh", s.neigh),
    part("linux/fdb", s.fdb),
    part("linux/fragments", s.frag),
    part("linux/cells", s.cells),
    part("linux/nf", s.nf),
    part("linux/nft", s.nft),
    part("linux/sets", s.sets),
    part("linux/conntrack", s.ct),
    part("linux/ipvs", s.ipvs),
    part("linux/sockets", s.sock),
    part("linux/apps", s.app),
  ];
}
