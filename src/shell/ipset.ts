/** `ipset` 7.17: create, add, del, test, list, save, restore, flush, destroy, swap, rename. */
import { parseEntry, SetFault } from "../linux/nf/ipset-entry.js";
import { saveSet, setByName, setEntries, setReferences } from "../linux/nf/ipset.js";
import { SET_TYPES } from "../linux/nf/ipset-table.js";
import { plumb } from "../linux/plumbing.js";
import type { IpsetAct } from "../linux/plumbing/act.js";
import { failed, NotModelled, type Output, said } from "./output.js";
import type { Place } from "./place.js";
import { splitWords } from "./words.js";

const COMMANDS: readonly (readonly [string, string])[] = [
  ["create", "-N"], ["add", "-A"], ["del", "-D"], ["test", "-T"], ["destroy", "-X"], ["list", "-L"], ["save", "-S"], ["restore", "-R"], ["flush", "-F"], ["rename", "-E"], ["swap", "-W"],
];
const FAMILIES: Readonly<Record<string, 4 | 6>> = Object.freeze({ inet: 4, inet6: 6, "-4": 4, "-6": 6 });

export function ipset(place: Place, words: readonly string[], stdin: string): Output {
  const rest = words.filter((word) => !["-exist", "--exist", "-!", "-q", "-quiet"].includes(word));
  const exist = words.some((word) => word === "-exist" || word === "--exist" || word === "-!");
  const [word = "", ...args] = rest;
  const command = COMMANDS.find(([name, letter]) => word === letter || (word !== "" && name.startsWith(word)) || word === `-${name}` || word === `--${name}`)?.[0] ?? (word === "-n" ? "list" : undefined);
  switch (command) {
    case "create":
      return create(place, args, exist);
    case "add":
    case "del":
      return change(place, { verb: "ipset", ns: place.ns, op: command, name: args[0] ?? "", entry: args[1] ?? "", options: args.slice(2), exist });
    case "flush":
    case "destroy":
      return change(place, { verb: "ipset", ns: place.ns, op: command, ...(args[0] === undefined ? {} : { name: args[0] }) });
    case "swap":
    case "rename":
      return change(place, { verb: "ipset", ns: place.ns, op: command, name: args[0] ?? "", to: args[1] ?? "" });
    case "save":
      return save(place, args[0]);
    case "list":
      return list(place, args);
    case "test":
      return test(place, args);
    case "restore":
      return restore(place, exist, stdin);
    default:
      return failed(1, `ipset v7.17: No command specified: unknown argument ${word}\nTry \`ipset help' for more information.`);
  }
}

function change(place: Place, act: IpsetAct): Output {
  const refused = plumb(place.s, act);
  return refused === null ? said("") : failed(1, refused.message);
}

function create(place: Place, args: readonly string[], exist: boolean): Output {
  const [name = "", type = "", ...more] = args;
  const options: string[] = [];
  let family: 4 | 6 = 4;
  for (let i = 0; i < more.length; i++) {
    if (more[i] === "family") family = FAMILIES[more[++i] ?? ""] ?? 4;
    else options.push(more[i]!);
  }
  return change(place, { verb: "ipset", ns: place.ns, op: "create", name, type, options, family, exist });
}

/** Names of the namespace's sets, the oldest first. */
function names({ s, ns }: Place): string[] {
  return s.sets.of(ns).map((id) => s.sets.names.name(id));
}

function missing(): Output {
  return failed(1, "ipset v7.17: The set with the given name does not exist");
}

function save(place: Place, only: string | undefined): Output {
  const { s, ns } = place;
  if (only !== undefined && setByName(s, ns, only) === undefined) return missing();
  const lines = (only === undefined ? names(place) : [only]).flatMap((name) => saveSet(s, ns, name));
  return said(lines.join("\n"));
}

function list(place: Place, args: readonly string[]): Output {
  const { s, ns } = place;
  const only = args.find((word) => !word.startsWith("-"));
  const nameOnly = args.includes("-n") || args.includes("-name");
  const terse = args.includes("-t") || args.includes("-terse");
  const other = args.find((word) => word.startsWith("-") && !["-n", "-name", "-t", "-terse"].includes(word));
  if (other !== undefined) throw new NotModelled(`ipset list ${other}`);
  if (only !== undefined && setByName(s, ns, only) === undefined) return missing();
  const wanted = only === undefined ? names(place) : [only];
  if (nameOnly) return said(wanted.join("\n"));
  return said(wanted.map((name) => listOne(place, name, terse)).join("\n\n"));
}

/** What the kernel draws or measures (initval, bucketsize, memory) is left out. */
function listOne({ s, ns }: Place, name: string, terse: boolean): string {
  const set = setByName(s, ns, name)!;
  const type = SET_TYPES[set.options.type]!.name;
  const [head = "", ...entries] = saveSet(s, ns, name);
  const lines = [
    `Name: ${name}`,
    `Type: ${type}`,
    `Header: ${head.split(" ").slice(3).join(" ")}`,
    `References: ${setReferences(s, ns, name)}`,
    `Number of entries: ${setEntries(s, set).length}`,
  ];
  if (!terse) lines.push("Members:", ...entries.map((entry) => entry.slice(`add ${name} `.length)));
  return lines.join("\n");
}

function test({ s, ns }: Place, args: readonly string[]): Output {
  const [name = "", entry = ""] = args;
  const set = setByName(s, ns, name);
  if (set === undefined) return missing();
  try {
    const wanted = parseEntry(entry, set.options, s.sets, { nomatch: false, expires: 0, comment: "", cause: 0 });
    const there = setEntries(s, set);
    const found = wanted.every((one) => there.some((known) => known.text === one.text));
    const shown = wanted.length === 1 ? wanted[0]!.text : entry;
    return found ? said(`Warning: ${shown} is in set ${name}.`) : failed(1, `${shown} is NOT in set ${name}.`);
  } catch (fault) {
    if (!(fault instanceof SetFault)) throw fault;
    return failed(1, `ipset v7.17: ${fault.message}`);
  }
}

function restore(place: Place, exist: boolean, stdin: string): Output {
  const lines = stdin.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const words = splitWords(lines[i]!);
    if (words === null || words.length === 0) continue;
    const done = ipset(place, exist ? ["-exist", ...words] : words, "");
    if (done.code !== 0) return failed(1, done.text.replace("ipset v7.17: ", `ipset v7.17: Error in line ${i + 1}: `));
  }
  return said("");
}
