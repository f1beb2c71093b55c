/** What a match or target extension is made of: its options, its reader, its printer, and what it does with a packet. */
import type { Stack } from "../stack.js";
import type { Match, Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import type { WalkFrame } from "./walk-frame.js";

/** What a target's action answers when the walk goes on with the next rule; else a verdict NF.*. */
export const CONTINUE = -1;

/** What a reader of options may look at. */
export interface SpecContext {
  readonly s: Stack;
  readonly ns: number;
  readonly family: 4 | 6;
  /** TABLE number */
  readonly table: number;
  /** `-p`; 0 any; known once all words are read */
  proto: number;
  protoNot: boolean;
}

/** How many words an option takes, and whether `!` may stand before it. */
export interface OptionShape {
  readonly words: 0 | 1 | 2;
  readonly not: boolean;
  /** the option's main name, if this is another spelling */
  readonly as?: string;
}

/** Options read so far of one use of an extension. */
export interface ReadOption {
  readonly name: string;
  readonly values: readonly string[];
  readonly not: boolean;
}

interface Extension<T> {
  readonly name: string;
  readonly options: Readonly<Record<string, OptionShape>>;
  /** `--name` of options that must be there */
  readonly required?: readonly string[];
  /** Makes the record from the options in their order; throws a SpecFault. */
  read(options: readonly ReadOption[], context: SpecContext): T;
  /** What iptables-save prints after `-m name` or `-j NAME`, each option with a space before it. */
  print(record: T, family: 4 | 6, s: Stack): string;
}

/** Limits that the kernel puts on a use: protocols, tables and hooks it may stand in. */
export interface Limits {
  readonly protocols?: readonly number[];
  readonly tables?: readonly number[];
  readonly hooks?: readonly number[];
}

export interface MatchExtension<M extends Match = Match> extends Extension<M> {
  readonly limits?: Limits;
  /** needs connection tracking */
  readonly tracks?: boolean;
  /** numbers of state a chain keeps for it */
  readonly slots?: number;
  /** Whether packet `p` matches; must not allocate. */
  test(s: Stack, match: M, p: number, frame: WalkFrame): boolean;
}

export interface TargetExtension<T extends Target = Target> extends Extension<T> {
  limits?(target: T): Limits;
  /** needs connection tracking */
  tracks?(target: T): boolean;
  /** Does it to packet `p`: CONTINUE or a verdict NF.*; the packet stays the caller's except after NF.stolen. */
  act(s: Stack, target: T, p: number, frame: WalkFrame): number;
}

/** Shapes from short text: `"dport 1!"` is an option of one word that `!` may stand before, `"sport=source-port 1!"` has a second spelling. */
export function shapes(...texts: readonly string[]): Readonly<Record<string, OptionShape>> {
  const made: Record<string, OptionShape> = {};
  for (const text of texts) {
    const [names, shape] = text.split(" ") as [string, string];
    const [main, ...others] = names.split("=") as [string, ...string[]];
    const words = Number(shape[0]) as 0 | 1 | 2;
    const not = shape.endsWith("!");
    made[main] = { words, not };
    for (const other of others) made[other] = { words, not, as: main };
  }
  return Object.freeze(made);
}

/** The last use of an option; a second use is refused in libxtables' words. */
export function only(options: readonly ReadOption[], name: string, extension: string): ReadOption | undefined {
  const found = options.filter((o) => o.name === name);
  if (found.length > 1) throw parameterFault(`${extension}: option "--${name}" can only be used once.\n`);
  return found[0];
}

/** `! ` before an inverted option. */
export function bang(not: boolean): string {
  return not ? " !" : "";
}
