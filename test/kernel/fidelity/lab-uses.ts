/** What the recorded labs use: their commands with the namespace taken off, and the rules in them. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { readScript } from "../../../src/shell/lab/script.js";
import { splitWords } from "../../../src/shell/words.js";
import { root } from "../../support/shared.js";

export const LABS: string = resolve(root, "test/kernel/labs");

/** A command as if typed in its own namespace, and whether the real kernel or tool refused it. */
export interface CommandUse {
  readonly words: readonly string[];
  readonly refused: boolean;
}

/** One rule as a command or a restore writes it. */
export interface RuleUse {
  readonly tool: string;
  readonly table: string;
  readonly words: readonly string[];
}

export interface Lab {
  readonly name: string;
  /** its first comment */
  readonly fact: string;
  /** the lines of `ipset restore` and `nft -f` are commands too, and so is `ip netns exec` itself */
  readonly commands: readonly CommandUse[];
  /** rules that were taken */
  readonly rules: readonly RuleUse[];
}

const isTables = (tool: string): boolean => /^ip6?tables/.test(tool);

/** `ip netns exec NS` and `-n NS` taken off. */
function inItsNamespace(words: readonly string[]): readonly string[] {
  if (words[0] === "ip" && words[1] === "netns" && words[2] === "exec") return inItsNamespace(words.slice(4));
  if (words[0] !== "ip" && words[0] !== "bridge") return words;
  const at = words.findIndex((word, i) => i > 0 && word === "-n");
  return at < 0 ? words : [...words.slice(0, at), ...words.slice(at + 2)];
}

function ruleOf(tool: string, words: readonly string[], table: string): RuleUse[] {
  return words.some((word) => /^-[AIRDC]$|^--(append|insert|replace|delete|check)$/.test(word)) ? [{ tool, table, words }] : [];
}

function rulesOf(words: readonly string[], stdin: string): RuleUse[] {
  const [tool = ""] = words;
  const at = words.indexOf("-t");
  if (!tool.endsWith("-restore")) return ruleOf(tool, words, at < 0 ? "filter" : words[at + 1]!);
  let table = "filter";
  return stdin.split("\n").flatMap((line) => {
    if (line.startsWith("*")) table = line.slice(1).trim();
    return ruleOf(tool, splitWords(line) ?? [], table);
  });
}

/** Whether each command of a recording ended with an exit code other than 0. */
function refusals(name: string): boolean[] {
  const recorded = readFileSync(resolve(LABS, name.replace(/\.lab$/, ".expected")), "utf8");
  return `\n${recorded}`.split("\n$ ").slice(1).map((said) => /\n\[exit \d+\]\s*$/.test(said));
}

function readLab(name: string): Lab {
  const text = readFileSync(resolve(LABS, name), "utf8");
  const script = readScript(text);
  const ends = refusals(name);
  if (ends.length !== script.length) throw new Error(`${name} has ${script.length} commands, its recording ${ends.length}`);
  const commands: CommandUse[] = [];
  const rules: RuleUse[] = [];
  script.forEach(({ text: line, stdin }, i) => {
    const refused = ends[i]!;
    const typed = splitWords(line) ?? [];
    const words = inItsNamespace(typed);
    const tool = words[0] ?? "";
    if (typed[2] === "exec") commands.push({ words: typed, refused });
    commands.push({ words, refused });
    const fed = tool === "ipset" || tool === "nft" ? (stdin ?? "").split("\n") : [];
    commands.push(...fed.filter((one) => one.trim() !== "").map((one) => ({ words: [tool, ...(splitWords(one) ?? [])], refused })));
    if (isTables(tool) && !refused) rules.push(...rulesOf(words, stdin ?? ""));
  });
  const fact = /^# ?(.*\n(?:#.*\n)*)/.exec(text)?.[1] ?? "";
  return { name: name.replace(/\.lab$/, ""), fact: fact.replaceAll(/\n#?/g, " ").replaceAll(/\s+/g, " ").trim(), commands, rules };
}

/** Every recorded lab of the project, by name. */
export function allLabs(): readonly Lab[] {
  const names = readdirSync(LABS);
  return names.filter((name) => name.endsWith(".lab") && names.includes(name.replace(/\.lab$/, ".expected"))).sort((a, b) => (a < b ? -1 : 1)).map(readLab);
}
