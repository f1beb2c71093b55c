/**
 * Brings a kernel to what Felix wants: sets first, then each table in one restore, then what is gone. A chain is told to be right
 * by the hashes in its rules, and where it is not, its rules are replaced from the first wrong one on, so that the others go on
 * counting (felix/iptables/table.go, applyUpdates).
 */
import { compareText } from "../../../base/names.js";
import type { TABLE } from "../../../linux/nf/table.js";
import type { RestoreRule, RestoreTable } from "../../../linux/nf/restore-doc.js";
import type { ActResult, IpsetAct } from "../../../linux/plumbing/act.js";
import type { NodeDoor } from "../../node-door.js";
import type { Because } from "../wanted.js";
import { isFelixChain, isFelixSet } from "./felix-names.js";
import { type FelixChain, type FelixRule, hashIn, ruleHashes, ruleWords } from "./felix-rule.js";
import { SET_MARK_PREFIX } from "./mark-chains.js";
import { FELIX, type WantedByFelix, type WantedFelixSet } from "./felix-view.js";
import { type FelixTable, KERNEL_HOOKS, type KernelHook } from "./static-chains.js";

const TABLES: readonly FelixTable[] = Object.freeze(["raw", "mangle", "nat", "filter"] as const);
const NUMBER: { readonly [T in FelixTable]: (typeof TABLE)[T] } = Object.freeze({ raw: 0, mangle: 1, nat: 2, filter: 3 } as const);
const MOST_ELEMENTS = "1048576";

/** A rule with its words and hash. */
interface HashedRule {
  readonly rule: FelixRule;
  readonly hash: string;
  readonly words: string;
}

/** Hashes of chains, by what is in them: most chains of a view are those of the one before. */
export class HashCache {
  private readonly known = new Map<string, readonly HashedRule[]>();

  of(chain: FelixChain): readonly HashedRule[] {
    const key = `${chain.name}\n${chain.rules.map(({ comments, match, action, because }) => `${comments.join("|")} ${match.join(" ")} ${action} ${because?.object ?? ""} ${because?.path ?? ""}`).join("\n")}`;
    let hashed = this.known.get(key);
    if (hashed === undefined) {
      if (this.known.size > MOST_KEPT) this.known.clear();
      const hashes = ruleHashes(chain);
      this.known.set(key, (hashed = chain.rules.map((rule, i) => ({ rule, hash: hashes[i]!, words: ruleWords(rule, hashes[i]!) }))));
    }
    return hashed;
  }
}

const MOST_KEPT = 20_000;

interface Standing {
  readonly hash: string | undefined;
  readonly cause: number;
}

function standingChains(door: NodeDoor, table: FelixTable): ReadonlyMap<string, readonly Standing[]> {
  const chains = door.stack.nf.get(door.ns, 4, NUMBER[table])?.chains.values() ?? [];
  return new Map([...chains].map((chain) => [chain.name, chain.rules.map(({ text, cause }) => ({ hash: hashIn(text), cause }))]));
}

/** Marks that interfaces of a node have now, by the chains that set them. */
export function standingMarks(door: NodeDoor): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const chain of door.stack.nf.get(door.ns, 4, NUMBER.filter)?.chains.values() ?? []) {
    if (!chain.name.startsWith(SET_MARK_PREFIX)) continue;
    const [, mark] = /--set-x?mark 0x([0-9a-f]+)\//.exec(chain.rules[0]?.text ?? "") ?? [];
    if (mark !== undefined) found.set(chain.name.slice(SET_MARK_PREFIX.length), Number.parseInt(mark, 16));
  }
  return found;
}

const causeOf = (door: NodeDoor, { object, path }: Because): number => door.cause(object, path);

/** Null, or the first act that the kernel refused. */
export function bringFelix(door: NodeDoor, wanted: WantedByFelix, cache: HashCache): ActResult {
  return growSets(door, wanted.sets) ?? writeTables(door, wanted, cache) ?? shrinkSets(door, wanted.sets);
}

function writeTables(door: NodeDoor, wanted: WantedByFelix, cache: HashCache): ActResult {
  for (const table of TABLES) {
    const section = tableSection(door, table, wanted.chains[table], cache);
    const refused = section === null ? null : door.plumb({ verb: "iptables-restore", ns: door.ns, family: 4, doc: { tables: [section] }, noflush: true });
    if (refused !== null) return refused;
  }
  return null;
}

function tableSection(door: NodeDoor, table: FelixTable, chains: readonly FelixChain[], cache: HashCache): RestoreTable | null {
  const standing = standingChains(door, table);
  const names = new Set(chains.map(({ name }) => name));
  const made = chains.filter(({ name }) => !standing.has(name));
  const stale = [...standing.keys()].filter((name) => isFelixChain(name) && !names.has(name)).sort(compareText);
  const rules = [
    ...chains.flatMap((chain) => chainEdits(door, chain.name, cache.of(chain), standing.get(chain.name) ?? [])),
    ...KERNEL_HOOKS.filter((hook) => hook.table === table).flatMap((hook) => hookEdits(door, hook, standing.get(hook.chain) ?? [], cache)),
  ];
  if (made.length === 0 && stale.length === 0 && rules.length === 0) return null;
  // A stale chain is emptied first: another one that goes with it may stand in its way.
  return { name: table, chains: [...made.map(({ name }) => name), ...stale].map((name) => ({ name, policy: "-" })), rules, deletes: stale };
}

const appended = (door: NodeDoor, chain: string, { rule, words }: HashedRule): RestoreRule => ({ chain, spec: words, cause: causeOf(door, rule.because ?? FELIX) });

function chainEdits(door: NodeDoor, chain: string, wanted: readonly HashedRule[], standing: readonly Standing[]): readonly RestoreRule[] {
  const edits: RestoreRule[] = [];
  wanted.forEach((each, i) => {
    const is = standing[i];
    const edit = appended(door, chain, each);
    if (is === undefined) edits.push(edit);
    else if (is.hash !== each.hash || is.cause !== edit.cause) edits.push({ ...edit, op: "R", at: i + 1 });
  });
  for (let i = standing.length; i > wanted.length; i--) edits.push({ chain, op: "D", at: i, spec: "" });
  return edits;
}

/** Rules of Felix in a chain of everybody's: taken out and put back where one is not in its place. */
function hookEdits(door: NodeDoor, { chain, insert, append }: KernelHook, standing: readonly Standing[], cache: HashCache): readonly RestoreRule[] {
  const first = cache.of({ name: chain, rules: insert });
  const last = cache.of({ name: `${chain}*appends*`, rules: append });
  const own = standing.flatMap(({ hash }, i) => (hash === undefined ? [] : [i]));
  const from = standing.length - last.length;
  const right =
    own.length === first.length + last.length && first.every(({ hash }, i) => standing[i]?.hash === hash) && last.every(({ hash }, i) => standing[from + i]?.hash === hash);
  if (right) return [];
  return [
    ...own.reverse().map((i): RestoreRule => ({ chain, op: "D", at: i + 1, spec: "" })),
    ...first.map((each, i): RestoreRule => ({ ...appended(door, chain, each), op: "I", at: i + 1 })),
    ...last.map((each) => appended(door, chain, each)),
  ];
}

type SetOp = Omit<IpsetAct, "verb" | "ns">;

function run(door: NodeDoor, ops: readonly SetOp[]): ActResult {
  for (const op of ops) {
    const refused = door.plumb({ verb: "ipset", ns: door.ns, ...op });
    if (refused !== null) return refused;
  }
  return null;
}

function held(door: NodeDoor, name: string): ReadonlyMap<string, { readonly cause: number }> | null {
  const { sets } = door.stack;
  return sets.get(door.ns, sets.names.find(name))?.entries ?? null;
}

function growSets(door: NodeDoor, sets: readonly WantedFelixSet[]): ActResult {
  for (const { name, type, elements, because } of sets) {
    const cause = causeOf(door, because);
    const entries = held(door, name);
    const create: SetOp[] = entries === null ? [{ op: "create", name, type, family: 4, options: ["maxelem", MOST_ELEMENTS], cause }] : [];
    const missing = [...elements].filter((entry) => entries?.get(entry)?.cause !== cause);
    const refused = run(door, [...create, ...missing.map((entry): SetOp => ({ op: "add", name, entry, exist: true, cause }))]);
    if (refused !== null) return refused;
  }
  return null;
}

function shrinkSets(door: NodeDoor, sets: readonly WantedFelixSet[]): ActResult {
  const names = new Set(sets.map(({ name }) => name));
  for (const { name, elements, because } of sets) {
    const gone = [...(held(door, name)?.keys() ?? [])].filter((entry) => !elements.has(entry));
    const refused = run(door, gone.map((entry): SetOp => ({ op: "del", name, entry, cause: causeOf(door, because) })));
    if (refused !== null) return refused;
  }
  const { stack, ns } = door;
  const stale = stack.sets.of(ns).map((id) => stack.sets.names.name(id)).filter((name) => isFelixSet(name) && !names.has(name));
  return run(door, stale.map((name): SetOp => ({ op: "destroy", name, cause: causeOf(door, FELIX) })));
}
