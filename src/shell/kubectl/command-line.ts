/** Words of a kubectl command into arguments and flags, with cobra's refusals. */
import { Ended, NotModelled } from "../output.js";

interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly takes: boolean;
  /** value where the flag stands without one */
  readonly bare?: string;
}

const text = (name: string, short?: string, bare?: string): Flag => ({ name, takes: true, ...(short === undefined ? {} : { short }), ...(bare === undefined ? {} : { bare }) });
const flag = (name: string, short?: string): Flag => ({ name, takes: false, ...(short === undefined ? {} : { short }) });

const SCOPE: readonly Flag[] = [text("namespace", "n"), text("context"), text("cluster"), text("kubeconfig"), text("request-timeout")];
const PICK: readonly Flag[] = [text("selector", "l"), text("field-selector"), flag("all-namespaces", "A")];
const FILES: readonly Flag[] = [text("filename", "f"), flag("recursive", "R")];
const PRINT: readonly Flag[] = [text("output", "o"), flag("show-managed-fields")];

const FLAGS: Readonly<Record<string, readonly Flag[]>> = {
  get: [...SCOPE, ...PICK, ...FILES, ...PRINT, flag("show-labels"), text("label-columns", "L"), flag("no-headers"), flag("ignore-not-found"), flag("watch", "w"), flag("watch-only"), text("sort-by"), text("chunk-size"), flag("show-kind")],
  describe: [...SCOPE, ...PICK, ...FILES, flag("show-events"), text("chunk-size")],
  events: [...SCOPE, flag("all-namespaces", "A"), text("for"), text("types"), flag("no-headers"), ...PRINT],
  apply: [...SCOPE, ...FILES, ...PRINT, text("selector", "l"), flag("server-side"), flag("force"), text("validate", undefined, "strict")],
  create: [...SCOPE, ...FILES, ...PRINT, text("validate", undefined, "strict")],
  delete: [...SCOPE, ...PICK, ...FILES, text("grace-period"), flag("force"), flag("now"), flag("all"), flag("ignore-not-found"), flag("wait"), text("timeout"), text("cascade", undefined, "background"), text("output", "o")],
  scale: [...SCOPE, ...FILES, text("replicas"), text("current-replicas"), text("timeout"), text("output", "o")],
  rollout: [...SCOPE, ...FILES, text("selector", "l"), flag("watch", "w"), text("timeout"), text("revision")],
  exec: [...SCOPE, text("container", "c"), flag("stdin", "i"), flag("tty", "t"), flag("quiet", "q")],
  run: [...SCOPE, text("image"), text("port"), text("labels", "l"), text("restart"), text("env"), flag("rm"), flag("stdin", "i"), flag("tty", "t"), flag("command"), flag("quiet", "q")],
  version: [flag("client"), text("output", "o")],
  "api-resources": [text("output", "o"), flag("no-headers"), text("namespaced", undefined, "true")],
};

/** Commands of kubectl that are not here. */
const OTHERS: readonly string[] = [
  "expose", "set", "explain", "edit", "autoscale", "certificate", "cluster-info", "top", "cordon", "uncordon", "drain", "taint", "logs", "attach", "port-forward", "proxy", "cp", "auth", "debug", "diff", "patch", "replace", "wait", "kustomize", "label", "annotate", "completion", "alpha", "api-versions", "config", "plugin", "options",
];

/** What a command was given. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** words behind `--` */
  readonly rest: readonly string[];
  /** last value of a flag; "true" and "false" of those that take none */
  flag(name: string): string | undefined;
  /** every value of a flag that may be repeated */
  flags(name: string): readonly string[];
  has(name: string): boolean;
}

/** Reads the words after `kubectl`; throws `Ended` with kubectl's words where they cannot be read. */
export function readCommandLine(words: readonly string[]): CommandLine {
  const global = words.findIndex((word) => !word.startsWith("-"));
  const command = words.find((word, i) => !word.startsWith("-") && !/^(-n|--namespace|--context|--kubeconfig)$/.test(words[i - 1] ?? "")) ?? "";
  const known = FLAGS[command];
  if (known === undefined && OTHERS.includes(command)) throw new NotModelled(`kubectl ${command}`);
  if (known === undefined) throw new Ended(1, global < 0 ? "kubectl controls the Kubernetes cluster manager." : `error: unknown command "${command}" for "kubectl"`);
  const at = words.indexOf(command);
  const values = new Map<string, string[]>();
  const args: string[] = [];
  const queue = [...words.slice(0, at), ...words.slice(at + 1)];
  const usage = (message: string): Ended => new Ended(1, `error: ${message}\nSee 'kubectl ${command} --help' for usage.`);
  const put = (name: string, value: string): void => void values.set(name, [...(values.get(name) ?? []), value]);
  let rest: readonly string[] = [];
  while (queue.length > 0) {
    const word = queue.shift()!;
    if (word === "--") {
      rest = queue.splice(0);
    } else if (word.startsWith("--")) {
      readLong(word.slice(2), known, queue, put, usage);
    } else if (word.startsWith("-") && word.length > 1) {
      readShort(word.slice(1), known, queue, put, usage);
    } else {
      args.push(word);
    }
  }
  const flags = (name: string): readonly string[] => values.get(name) ?? [];
  const last = (name: string): string | undefined => flags(name)[flags(name).length - 1];
  return { command, args, rest, flag: last, flags, has: (name) => last(name) !== undefined && last(name) !== "false" };
}

type Put = (name: string, value: string) => void;

function readLong(word: string, known: readonly Flag[], queue: string[], put: Put, usage: (message: string) => Ended): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const found = known.find((each) => each.name === name);
  if (found === undefined) throw usage(`unknown flag: --${name}`);
  if (equals >= 0) put(name, word.slice(equals + 1));
  else if (!found.takes) put(name, "true");
  else if (found.bare !== undefined) put(name, found.bare);
  else if (queue.length === 0) throw usage(`flag needs an argument: --${name}`);
  else put(name, queue.shift()!);
}

function readShort(word: string, known: readonly Flag[], queue: string[], put: Put, usage: (message: string) => Ended): void {
  for (let i = 0; i < word.length; i++) {
    const found = known.find((each) => each.short === word[i]);
    if (found === undefined) throw usage(`unknown shorthand flag: '${word[i]}' in -${word.slice(i)}`);
    if (!found.takes) {
      put(found.name, "true");
      continue;
    }
    const value = word.slice(i + 1).replace(/^=/, "");
    if (value === "" && i + 1 >= word.length && queue.length === 0) throw usage(`flag needs an argument: '${word[i]}' in -${word.slice(i)}`);
    put(found.name, i + 1 < word.length ? value : queue.shift()!);
    return;
  }
}
