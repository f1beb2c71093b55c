/** Reads the text that iptables-restore reads into a document. Read first: iptables/iptables-restore.c. */
import type { RestoreChain, RestoreDoc, RestoreRule, RestoreTable } from "./restore-doc.js";

/** Why a text is no restore document; the message is the tool's, without its name. */
export interface RestoreTextFault {
  readonly line: number;
  readonly message: string;
}

interface Section {
  readonly name: string;
  readonly line: number;
  readonly chains: RestoreChain[];
  readonly rules: RestoreRule[];
}

const COMMANDS: Readonly<Record<string, NonNullable<RestoreRule["op"]>>> = Object.freeze({
  "-A": "A", "--append": "A", "-I": "I", "--insert": "I", "-R": "R", "--replace": "R", "-D": "D", "--delete": "D", "-N": "N", "--new-chain": "N",
  "-F": "F", "--flush": "F", "-X": "X", "--delete-chain": "X", "-P": "P", "--policy": "P", "-Z": "Z", "--zero": "Z",
});

/** What was read up to the first line that cannot be; its table is there without a COMMIT, so that faults before it speak first. */
export interface RestoreText {
  readonly doc: RestoreDoc;
  readonly fault: RestoreTextFault | null;
}

export function parseRestoreText(text: string): RestoreText {
  const tables: RestoreTable[] = [];
  let open: Section | null = null;
  const stop = (line: number, message: string): RestoreText => ({ doc: { tables: open === null ? tables : [...tables, { ...open, uncommitted: true }] }, fault: { line, message } });
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const number = i + 1;
    const line = lines[i]!.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("*") && open === null) open = { name: line.slice(1).trim(), line: number, chains: [], rules: [] };
    else if (open === null) return stop(number, `line ${number} failed`);
    else if (line === "COMMIT") {
      tables.push({ ...open, commitLine: number });
      open = null;
    } else if (line.startsWith(":")) {
      const chain = chainOf(line, number);
      if ("message" in chain) return stop(number, chain.message);
      open.chains.push(chain);
    } else {
      const rule = ruleOf(line, number);
      if ("message" in rule) return stop(number, rule.message);
      open.rules.push(rule);
    }
  }
  const end = text.endsWith("\n") ? lines.length : lines.length + 1;
  return open === null ? { doc: { tables }, fault: null } : stop(end, `COMMIT expected at line ${end}`);
}

function chainOf(line: string, number: number): RestoreChain | RestoreTextFault {
  const found = /^:(\S+)\s+(\S+)(?:\s+\[(\d+):(\d+)\])?$/.exec(line);
  if (found === null) return { line: number, message: `line ${number} chain name invalid` };
  const made = { name: found[1]!, policy: found[2] as RestoreChain["policy"], line: number };
  return found[3] === undefined ? made : { ...made, packets: Number(found[3]), bytes: Number(found[4]) };
}

function ruleOf(line: string, number: number): RestoreRule | RestoreTextFault {
  const counted = /^\[(\d+):(\d+)\]\s*/.exec(line);
  const rest = counted === null ? line : line.slice(counted[0].length);
  const found = /^(-\S+)(?:\s+(\S+))?\s*/.exec(rest);
  const op = found === null ? undefined : COMMANDS[found[1]!];
  if (found === null || op === undefined) return { line: number, message: `Bad argument \`${rest.split(/\s/)[0]}'\nError occurred at line: ${number}` };
  let spec = rest.slice(found[0].length);
  let at: number | undefined;
  const numbered = op === "I" || op === "R" || op === "D" ? /^(\d+)(?:\s+|$)/.exec(spec) : null;
  if (numbered !== null) {
    at = Number(numbered[1]);
    spec = spec.slice(numbered[0].length);
  }
  return {
    chain: found[2] ?? "",
    op,
    spec,
    line: number,
    ...(at === undefined ? {} : { at }),
    ...(counted === null ? {} : { packets: Number(counted[1]), bytes: Number(counted[2]) }),
  };
}
