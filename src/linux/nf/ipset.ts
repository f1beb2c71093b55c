/** What `ipset` does to the sets of a namespace; faults in its words (7.17). */
import { SECOND } from "../../base/time.js";
import type { Stack } from "../stack.js";
import { parseUnsigned } from "./option-values.js";
import { type EntryOptions, parseEntry, setFault } from "./ipset-entry.js";
import { expired, forgetExpired } from "./ipset-index.js";
import { IpSet, SET_TYPES, type SetEntry, setKey, type SetOptions } from "./ipset-table.js";

const LONGEST_NAME = 31;
const NO_SET = "The set with the given name does not exist";
const HELP = "\nTry `ipset help' for more information.";

export function setByName(s: Stack, ns: number, name: string): IpSet | undefined {
  return s.sets.get(ns, s.sets.names.find(name));
}

function existing(s: Stack, ns: number, name: string, message: string = NO_SET): IpSet {
  const set = setByName(s, ns, name);
  if (set === undefined) throw setFault(message, "ENOENT");
  return set;
}

/** Reads `create`'s words; every number has the tool's default. */
function readOptions(type: string, words: readonly string[], family: 4 | 6, cause: number): SetOptions {
  const index = SET_TYPES.findIndex((known) => known.name === type);
  if (index < 0) throw setFault(`Syntax error: typename '${type}' is unknown`);
  const made = { hashsize: 1024, maxelem: 65536, size: 8, timeout: -1, netmask: 0, counters: false, comment: false, family };
  let range: readonly [number, number] | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "counters" || word === "comment") made[word] = true;
    else if (word === "forceadd" || word === "skbinfo") throw setFault(`not modelled: ipset ${word}`, "EOPNOTSUPP");
    else if (["family", "hashsize", "maxelem", "size", "timeout", "netmask", "range", "bucketsize", "initval"].includes(word)) {
      const value = words[++i];
      if (value === undefined) throw setFault(`Missing mandatory argument to option \`${word}'${HELP}`);
      if (word === "family") {
        if (!["inet", "inet6", "ipv4", "ipv6", "-4", "-6"].includes(value)) throw setFault(`Syntax error: unknown inet family ${value}`);
        made.family = value.includes("6") ? 6 : 4;
      } else if (word === "range") range = readRange(value);
      else if (word in made) made[word as "hashsize"] = readNumber(value);
    } else throw setFault(`Unknown argument: \`${word}'${HELP}`);
  }
  if (type === "bitmap:port" && range === null) throw setFault(`Mandatory option \`range' is missing${HELP}`);
  const addressed = type !== "bitmap:port" && type !== "list:set" && type !== "hash:mac";
  return Object.freeze({ ...Object.freeze(made), type: index, family: addressed ? made.family : 0, range: range ?? ([0, 0] as const), cause });
}

function readNumber(text: string): number {
  const value = parseUnsigned(text, 4294967295);
  if (value === null) throw setFault(`Syntax error: '${text}' is invalid as number`);
  return value;
}

function readRange(text: string): readonly [number, number] {
  const [from, to] = text.split("-", 2).map(readNumber) as [number, number | undefined];
  const end = to ?? from;
  return Object.freeze([Math.min(from, end), Math.max(from, end)] as const);
}

/** `ipset create`. */
export function createSet(s: Stack, ns: number, name: string, type: string, words: readonly string[], family: 4 | 6, exist: boolean, cause: number): void {
  if (name.length > LONGEST_NAME) throw setFault(`Syntax error: setname '${name}' is longer than ${LONGEST_NAME} characters`);
  const options = readOptions(type, words, family, cause);
  const known = setByName(s, ns, name);
  if (known !== undefined) {
    if (exist && known.options.type === options.type && known.options.family === options.family) return;
    throw setFault("Set cannot be created: set with the same name already exists", "EEXIST");
  }
  s.sets.sets.set(setKey(ns, s.sets.names.of(name)), new IpSet(options));
}

function readEntryWords(s: Stack, set: IpSet, words: readonly string[], cause: number): EntryOptions {
  let nomatch = false;
  let timeout = set.options.timeout;
  let comment = "";
  const canNomatch = SET_TYPES[set.options.type]!.name.includes("net");
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "nomatch" && canNomatch) nomatch = true;
    else if (word === "timeout") {
      if (set.options.timeout < 0) throw setFault("Timeout cannot be used: set was created without timeout support");
      timeout = readNumber(words[++i] ?? "");
    } else if (word === "comment") {
      if (!set.options.comment) throw setFault("Comment cannot be used: set was created without comment support");
      comment = words[++i] ?? "";
    } else if (word === "packets" || word === "bytes") i++;
    else throw setFault(`Unknown argument: \`${word}'${HELP}`);
  }
  return { nomatch, expires: timeout > 0 ? s.engine.now + timeout * SECOND : 0, comment, cause };
}

/** `ipset add`. */
export function addToSet(s: Stack, ns: number, name: string, entry: string, words: readonly string[], exist: boolean, cause: number): void {
  const set = existing(s, ns, name);
  const more = readEntryWords(s, set, words, cause);
  const made = s.sets.reads.of(entry, set.options, more, () => parseEntry(entry, set.options, s.sets, more));
  if (SET_TYPES[set.options.type]!.name === "list:set") {
    const member = setByName(s, ns, entry);
    if (member === undefined || SET_TYPES[member.options.type]!.name === "list:set") throw setFault("Set to be added/deleted/tested as element does not exist.", "ENOENT");
  }
  forgetExpired(s, set);
  for (const e of made) {
    if (set.entries.has(e.text) && !exist) throw setFault("Element cannot be added to the set: it's already added", "EEXIST");
    if (!set.entries.has(e.text) && set.entries.size >= capacity(set)) throw setFault("Hash is full, cannot add more elements", "ENOSPC");
    putEntry(set, e);
  }
}

function capacity(set: IpSet): number {
  const { name } = SET_TYPES[set.options.type]!;
  return name.startsWith("hash:") ? Math.max(1, set.options.maxelem) : Number.MAX_SAFE_INTEGER;
}

/** Writes an element over what was there. */
export function putEntry(set: IpSet, entry: SetEntry): void {
  set.own().set(entry.text, entry);
  set.index = null;
}

/** `ipset del`. */
export function deleteFromSet(s: Stack, ns: number, name: string, entry: string, exist: boolean): void {
  const set = existing(s, ns, name);
  forgetExpired(s, set);
  for (const e of parseEntry(entry, set.options, s.sets, { nomatch: false, expires: 0, comment: "", cause: 0 })) {
    if (!set.own().delete(e.text) && !exist) throw setFault("Element cannot be deleted from the set: it's not added", "ENOENT");
    set.index = null;
  }
}

/** `ipset flush`; without a name every set. */
export function flushSet(s: Stack, ns: number, name: string | undefined): void {
  const sets = name === undefined ? s.sets.of(ns).map((id) => s.sets.get(ns, id)!) : [existing(s, ns, name)];
  for (const set of sets) {
    set.own().clear();
    set.index = null;
  }
}

/** How many rules and lists speak of a set. */
export function setReferences(s: Stack, ns: number, name: string): number {
  const id = s.sets.names.find(name);
  let count = 0;
  for (const table of s.nf.tables.values()) {
    if (table.ns !== ns) continue;
    for (const chain of table.chains.values()) for (const rule of chain.rules) for (const set of rule.sets) if (set === id) count++;
  }
  for (const other of s.sets.of(ns)) for (const entry of s.sets.get(ns, other)!.entries.values()) if (entry.set === id) count++;
  return count;
}

/** `ipset destroy`; without a name every set, all or none. */
export function destroySet(s: Stack, ns: number, name: string | undefined): void {
  const ids = name === undefined ? s.sets.of(ns) : [s.sets.names.find(name)];
  if (name !== undefined) existing(s, ns, name);
  const used = ids.some((id) => {
    const all = setReferences(s, ns, s.sets.names.name(id));
    return name === undefined ? usedByRules(s, ns, id) : all > 0;
  });
  if (used) throw setFault("Set cannot be destroyed: it is in use by a kernel component", "EBUSY");
  for (const id of ids) s.sets.sets.delete(setKey(ns, id));
}

function usedByRules(s: Stack, ns: number, id: number): boolean {
  for (const table of s.nf.tables.values()) {
    if (table.ns === ns && [...table.chains.values()].some((chain) => chain.rules.some((rule) => rule.sets.includes(id)))) return true;
  }
  return false;
}

/** `ipset swap`: contents change places, names and the rules that speak of them stay. */
export function swapSets(s: Stack, ns: number, name: string, other: string): void {
  const a = existing(s, ns, name);
  const b = existing(s, ns, other, "Sets cannot be swapped: the second set does not exist");
  if (a.options.type !== b.options.type || a.options.family !== b.options.family) throw setFault("The sets cannot be swapped: their type does not match");
  s.sets.sets.set(setKey(ns, s.sets.names.of(name)), b);
  s.sets.sets.set(setKey(ns, s.sets.names.of(other)), a);
}

/** `ipset rename`. */
export function renameSet(s: Stack, ns: number, name: string, to: string): void {
  const set = existing(s, ns, name);
  if (setReferences(s, ns, name) > 0) throw setFault("Set cannot be renamed: it is in use by another system", "EBUSY");
  if (setByName(s, ns, to) !== undefined) throw setFault("Set cannot be renamed: a set with the new name already exists", "EEXIST");
  const renamed = [...s.sets.sets].map(([key, value]): [number, IpSet] => [value === set ? setKey(ns, s.sets.names.of(to)) : key, value]);
  s.sets.sets.clear();
  for (const [key, value] of renamed) s.sets.sets.set(key, value);
}

/** Elements that have not timed out, in the order of their adding. */
export function setEntries(s: Stack, set: IpSet): SetEntry[] {
  return [...set.entries.values()].filter((entry) => !expired(s, entry));
}

const QUOTED = (text: string): string => `"${text}"`;

/** Lines of `ipset save` for one set, without what the kernel draws (initval). */
export function saveSet(s: Stack, ns: number, name: string): string[] {
  const set = existing(s, ns, name);
  const { options } = set;
  const type = SET_TYPES[options.type]!.name;
  let head = `create ${name} ${type}`;
  if (type === "list:set") head += ` size ${options.size}`;
  else if (type === "bitmap:port") head += ` range ${options.range[0]}-${options.range[1]}`;
  else {
    if (options.family !== 0) head += ` family ${options.family === 4 ? "inet" : "inet6"}`;
    head += ` hashsize ${options.hashsize} maxelem ${options.maxelem}`;
    if (options.netmask !== 0) head += ` netmask ${options.netmask}`;
  }
  if (options.timeout >= 0) head += ` timeout ${options.timeout}`;
  if (options.counters) head += " counters";
  if (options.comment) head += " comment";
  const lines = setEntries(s, set).map((entry) => {
    let line = `add ${name} ${entry.text}`;
    if (options.timeout >= 0) line += ` timeout ${entry.expires === 0 ? 0 : Math.floor((entry.expires - s.engine.now) / SECOND)}`;
    if (entry.nomatch) line += " nomatch";
    if (options.counters) line += " packets 0 bytes 0";
    return entry.comment === "" ? line : `${line} comment ${QUOTED(entry.comment)}`;
  });
  return [head, ...lines];
}
