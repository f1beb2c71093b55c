/** Reads the words of one `iptables` command: which command, on which chain, and the rule's own words. */
import type { IptablesAct, TableName } from "../../linux/plumbing/act.js";

/** What a command line asks; `list` commands are no acts. */
export interface CommandWords {
  readonly table: string;
  readonly op: IptablesAct["op"] | "list" | "list-rules" | "";
  readonly chain: string | undefined;
  readonly at: number | undefined;
  readonly policy: string | undefined;
  readonly to: string | undefined;
  /** the rule's words, quoted as iptables-save quotes them */
  readonly spec: string;
  readonly verbose: boolean;
  readonly numeric: boolean;
  readonly exact: boolean;
  readonly lineNumbers: boolean;
  /** a sentence where the words are wrong; its kind decides what stands around it */
  readonly fault: string | null;
}

const COMMANDS: Readonly<Record<string, CommandWords["op"]>> = Object.freeze({
  "-A": "append", "--append": "append", "-I": "insert", "--insert": "insert", "-D": "delete", "--delete": "delete", "-R": "replace", "--replace": "replace",
  "-C": "check", "--check": "check", "-L": "list", "--list": "list", "-S": "list-rules", "--list-rules": "list-rules", "-F": "flush", "--flush": "flush",
  "-Z": "zero", "--zero": "zero", "-N": "new-chain", "--new-chain": "new-chain", "-X": "delete-chain", "--delete-chain": "delete-chain",
  "-P": "policy", "--policy": "policy", "-E": "rename-chain", "--rename-chain": "rename-chain",
});

const LETTERS: Readonly<Record<string, string>> = Object.freeze({
  append: "A", insert: "I", delete: "D", replace: "R", check: "C", list: "L", "list-rules": "S", flush: "F", zero: "Z", "new-chain": "N", "delete-chain": "X", policy: "P", "rename-chain": "E",
});

/** A word as iptables-save writes it: in quotes where it holds a blank or nothing at all. */
export function quoteWord(word: string): string {
  if (word !== "" && !/[\s"'\\]/.test(word)) return word;
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

export function readCommand(words: readonly string[]): CommandWords {
  let table = "filter";
  let op: CommandWords["op"] = "";
  let chain: string | undefined;
  let at: number | undefined;
  let policy: string | undefined;
  let to: string | undefined;
  let verbose = false;
  let numeric = false;
  let exact = false;
  let lineNumbers = false;
  let fault: string | null = null;
  const spec: string[] = [];
  const isValue = (word: string | undefined): word is string => word !== undefined && !word.startsWith("-") && word !== "!";
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const command = COMMANDS[word];
    if (command !== undefined) {
      if (op !== "" && fault === null) fault = `Cannot use -${LETTERS[command]!} with -${LETTERS[op]!}\n`;
      op = command;
      if (isValue(words[i + 1])) chain = words[++i];
      else if (!["list", "list-rules", "flush", "zero", "delete-chain"].includes(command)) fault ??= `option "${word}" requires an argument`;
      if (["insert", "delete", "replace", "list", "list-rules", "zero"].includes(command) && chain !== undefined && /^\d+$/.test(words[i + 1] ?? "")) at = Number(words[++i]);
      if (command === "policy") policy = isValue(words[i + 1]) ? words[++i] : undefined;
      if (command === "policy" && policy === undefined) fault ??= "-P requires a chain and a policy";
      if (command === "rename-chain") to = isValue(words[i + 1]) ? words[++i] : undefined;
      if (command === "rename-chain" && to === undefined) fault ??= "-E requires old-chain-name and new-chain-name";
    } else if (word === "-t" || word === "--table") table = words[++i] ?? "";
    else if (/^-[vnx]{2,}$/.test(word)) {
      verbose ||= word.includes("v");
      numeric ||= word.includes("n");
      exact ||= word.includes("x");
    } else if (/^-[LS][vnx]+$/.test(word)) {
      op = word[1] === "L" ? "list" : "list-rules";
      verbose ||= word.includes("v");
      numeric ||= word.includes("n");
      exact ||= word.includes("x");
      if (isValue(words[i + 1])) chain = words[++i];
    } else if (/^-[vnx]*[LS]$/.test(word)) {
      op = word.endsWith("L") ? "list" : "list-rules";
      verbose ||= word.includes("v");
      numeric ||= word.includes("n");
      exact ||= word.includes("x");
      if (isValue(words[i + 1])) chain = words[++i];
    } else if (word === "-v" || word === "--verbose") verbose = true;
    else if (word === "-n" || word === "--numeric") numeric = true;
    else if (word === "-x" || word === "--exact") exact = true;
    else if (word === "--line-numbers") lineNumbers = true;
    else if (word === "-w" || word === "--wait" || word === "-W") {
      if (/^\d+$/.test(words[i + 1] ?? "")) i++;
    } else if (word === "-4" || word === "-6" || word === "--ipv4" || word === "--ipv6") continue;
    else spec.push(quoteWord(word));
  }
  return { table, op, chain, at, policy, to, spec: spec.join(" "), verbose, numeric, exact, lineNumbers, fault };
}

export function isTable(name: string): name is TableName {
  return ["raw", "mangle", "nat", "filter", "security"].includes(name);
}
