/**
 * Brings a kernel from whatever it holds to what is wanted, touching nothing that is right already: first new sets and new
 * elements, then all changed chains in one restore, then what is gone. So no rule ever speaks of a set that is not there,
 * and counters of unchanged chains go on.
 */
import { compareText } from "../../base/names.js";
import type { TABLE } from "../../linux/nf/table.js";
import type { ActResult, IpsetAct } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { isOwnChain, isOwnSet } from "./names.js";
import type { Because, Wanted, WantedChain, WantedRule, WantedSet } from "./wanted.js";

export const FILTER: (typeof TABLE)["filter"] = 3;
/** How many elements a set may grow to; the kernel's default of 65536 is too few for a large cluster. */
const MOST_ELEMENTS = "1048576";

/** Null, or the first act that the kernel refused. */
export function bring(door: NodeDoor, family: 4 | 6, wanted: Wanted): ActResult {
  return growSets(door, family, wanted.sets) ?? writeChains(door, family, wanted.chains) ?? shrinkSets(door, family, wanted.sets);
}

type SetOp = Omit<IpsetAct, "verb" | "ns" | "cause"> & { readonly cause: number };

function run(door: NodeDoor, ops: readonly SetOp[]): ActResult {
  for (const op of ops) {
    const refused = door.plumb({ verb: "ipset", ns: door.ns, ...op });
    if (refused !== null) return refused;
  }
  return null;
}

function held(door: NodeDoor, name: string): ReadonlyMap<string, { readonly nomatch: boolean; readonly cause: number }> | null {
  const { sets } = door.stack;
  return sets.get(door.ns, sets.names.find(name))?.entries ?? null;
}

const causeOf = (door: NodeDoor, { object, path }: Because): number => door.cause(object, path);

function growSets(door: NodeDoor, family: 4 | 6, sets: readonly WantedSet[]): ActResult {
  for (const set of sets) {
    const cause = causeOf(door, set);
    const entries = held(door, set.name);
    const missing = [...set.elements].filter(([text, nomatch]) => {
      const entry = entries?.get(text);
      return entry === undefined || entry.nomatch !== nomatch || entry.cause !== cause;
    });
    const gone = entries !== null && [...entries.keys()].some((text) => !set.elements.has(text));
    if (entries !== null && missing.length === 0 && !gone) continue;
    // A net without its excepts would let through what it must not: such a set is exchanged whole.
    const ops =
      entries === null
        ? [create(set, set.name, family, cause), ...add(set.name, missing, cause)]
        : set.type === "hash:net"
          ? exchange(set, family, cause)
          : add(set.name, missing, cause);
    const refused = run(door, ops);
    if (refused !== null) return refused;
  }
  return null;
}

function create({ type }: WantedSet, name: string, family: 4 | 6, cause: number): SetOp {
  return { op: "create", name, type, family, options: ["maxelem", MOST_ELEMENTS], cause };
}

function add(name: string, elements: Iterable<readonly [string, boolean]>, cause: number): readonly SetOp[] {
  return [...elements].map(([entry, nomatch]) => ({ op: "add", name, entry, exist: true, cause, ...(nomatch ? { options: ["nomatch"] } : {}) }));
}

function exchange(set: WantedSet, family: 4 | 6, cause: number): readonly SetOp[] {
  const name = `NETPOL${family}-NEXT`;
  const made = [{ ...create(set, name, family, cause), exist: true }, { op: "flush", name, cause }] as const;
  return [...made, ...add(name, set.elements, cause), { op: "swap", name, to: set.name, cause }, { op: "destroy", name, cause }];
}

function shrinkSets(door: NodeDoor, family: 4 | 6, sets: readonly WantedSet[]): ActResult {
  const { stack, ns } = door;
  const wanted = new Set<string>();
  for (const set of sets) {
    wanted.add(set.name);
    const cause = causeOf(door, set);
    const gone = [...(held(door, set.name) ?? new Map<string, never>()).keys()].filter((text) => !set.elements.has(text));
    const refused = run(door, gone.map((entry) => ({ op: "del", name: set.name, entry, cause })));
    if (refused !== null) return refused;
  }
  const own = stack.sets.of(ns).map((id) => stack.sets.names.name(id));
  const stale = own.filter((name) => isOwnSet(name, family) && !wanted.has(name));
  return run(door, stale.map((name) => ({ op: "destroy", name, cause: door.cause("network-policy", "") })));
}

function writeChains(door: NodeDoor, family: 4 | 6, chains: readonly WantedChain[]): ActResult {
  const table = door.stack.nf.get(door.ns, family, FILTER);
  const standing = new Map([...(table?.chains.values() ?? [])].filter(({ name }) => isOwnChain(name)).map((chain) => [chain.name, chain]));
  const names = new Set(chains.map(({ name }) => name));
  const stale = [...standing.keys()].filter((name) => !names.has(name)).sort(compareText);
  const changed = chains
    .map(({ name, rules }) => ({ name, rules: rules.map((rule) => ({ chain: name, spec: rule.spec, cause: causeOf(door, rule) })) }))
    .filter(({ name, rules }) => !sameRules(rules, standing.get(name)?.rules));
  if (changed.length === 0 && stale.length === 0) return null;
  const doc = {
    tables: [
      {
        name: "filter",
        chains: [...changed.map(({ name }) => name), ...stale].map((name) => ({ name, policy: "-" as const })),
        rules: changed.flatMap(({ rules }) => rules),
        deletes: stale,
      },
    ],
  };
  return door.plumb({ verb: "iptables-restore", ns: door.ns, family, doc, noflush: true });
}

function sameRules(wanted: readonly (Pick<WantedRule, "spec"> & { readonly cause: number })[], standing: readonly { readonly text: string; readonly cause: number }[] | undefined): boolean {
  return standing !== undefined && standing.length === wanted.length && wanted.every((rule, i) => rule.spec === standing[i]!.text && rule.cause === standing[i]!.cause);
}
