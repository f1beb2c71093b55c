/** `-j LOG` and `-j NFLOG`: the rule's own trace step is the log. */
import { CONTINUE, only, type ReadOption, shapes, type TargetExtension } from "./extension.js";
import { parseInteger, parseUnsigned, quote } from "./option-values.js";
import { TARGET, type Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

export interface LogTarget extends Target {
  readonly prefix: string;
  readonly level: number;
  /** option words in the order they are printed */
  readonly flags: readonly string[];
}

const LEVELS: readonly string[] = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];
const ALIASES: Readonly<Record<string, number>> = Object.freeze({ panic: 0, warn: 4 });
const FLAGS = ["log-tcp-sequence", "log-tcp-options", "log-ip-options", "log-uid", "log-macdecode"] as const;
const DEFAULT_LEVEL = 4;

function readLevel(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LEVEL;
  const number = parseUnsigned(text, 7);
  if (number !== null) return number;
  const lower = text.toLowerCase();
  const level = lower in ALIASES ? ALIASES[lower]! : LEVELS.indexOf(lower);
  if (level < 0) throw parameterFault(`log level "${text}" unknown\n`);
  return level;
}

function readPrefix(option: ReadOption | undefined, longest: number, name: string): string {
  const text = option?.values[0] ?? "";
  if (text.length > longest) throw parameterFault(`${name}: Maximum prefix length ${longest} for --${option!.name}`);
  return text;
}

export const logTarget: TargetExtension<LogTarget> = {
  name: "LOG",
  options: shapes("log-prefix 1", "log-level 1", ...FLAGS.map((name) => `${name} 0`)),
  read: (options) => ({
    kind: TARGET.log,
    prefix: readPrefix(only(options, "log-prefix", "LOG"), 29, "LOG"),
    level: readLevel(only(options, "log-level", "LOG")?.values[0]),
    flags: Object.freeze(FLAGS.filter((name) => options.some((o) => o.name === name))),
  }),
  print(t) {
    let text = t.prefix === "" ? "" : ` --log-prefix ${quote(t.prefix)}`;
    if (t.level !== DEFAULT_LEVEL) text += ` --log-level ${t.level}`;
    return text + t.flags.map((name) => ` --${name}`).join("");
  },
  act: () => CONTINUE,
};

export interface NflogTarget extends Target {
  readonly prefix: string;
  readonly group: number;
  /** -1 not given */
  readonly size: number;
  readonly threshold: number;
}

export const nflogTarget: TargetExtension<NflogTarget> = {
  name: "NFLOG",
  options: shapes("nflog-prefix 1", "nflog-group 1", "nflog-size 1", "nflog-threshold 1", "nflog-range 1"),
  read(options) {
    const number = (name: string, max: number, otherwise: number): number => {
      const option = only(options, name, "NFLOG");
      return option === undefined ? otherwise : parseInteger(option.values[0]!, 0, max, { extension: "NFLOG", option: name });
    };
    return {
      kind: TARGET.nflog,
      prefix: readPrefix(only(options, "nflog-prefix", "NFLOG"), 63, "NFLOG"),
      group: number("nflog-group", 65535, 0),
      size: number("nflog-size", 0xffffffff, -1),
      threshold: number("nflog-threshold", 65535, 1),
    };
  },
  print(t) {
    let text = t.prefix === "" ? "" : ` --nflog-prefix ${quote(t.prefix)}`;
    if (t.group !== 0) text += ` --nflog-group ${t.group}`;
    if (t.size >= 0) text += ` --nflog-size ${t.size}`;
    return t.threshold === 1 ? text : `${text} --nflog-threshold ${t.threshold}`;
  },
  act: () => CONTINUE,
};
