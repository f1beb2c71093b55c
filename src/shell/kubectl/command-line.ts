/** Words of a kubectl command into arguments and flags, with cobra's refusals. */
import { Ended, NotModelled } from "../output.js";
import { helpText } from "./help.js";

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
const DRY_RUN: Flag = text("dry-run", undefined, "unchanged");
const CHANGE: readonly Flag[] = [text("output", "o"), DRY_RUN, text("field-manager")];
const EDIT_MAP: readonly Flag[] = [...SCOPE, ...PICK, ...FILES, ...CHANGE, flag("overwrite"), flag("list"), flag("local"), flag("all"), text("resource-version")];

const FLAGS: Readonly<Record<string, readonly Flag[]>> = {
  get: [...SCOPE, ...PICK, ...FILES, ...PRINT, flag("show-labels"), text("label-columns", "L"), flag("no-headers"), flag("ignore-not-found"), flag("watch", "w"), flag("watch-only"), text("sort-by"), text("chunk-size"), flag("show-kind")],
  describe: [...SCOPE, ...PICK, ...FILES, flag("show-events"), text("chunk-size")],
  events: [...SCOPE, flag("all-namespaces", "A"), text("for"), text("types"), flag("no-headers"), ...PRINT],
  apply: [...SCOPE, ...FILES, ...PRINT, text("selector", "l"), flag("server-side"), flag("force"), text("validate", undefined, "strict")],
  create: [...SCOPE, ...FILES, ...PRINT, DRY_RUN, text("validate", undefined, "strict"), text("image"), text("replicas", "r"), text("port"), text("tcp"), text("node-port"), text("clusterip"), text("external-name"), text("from-literal"), text("schedule"), text("from"), text("restart"), text("class"), text("rule"), text("default-backend"), text("annotation")],
  delete: [...SCOPE, ...PICK, ...FILES, text("grace-period"), flag("force"), flag("now"), flag("all"), flag("ignore-not-found"), flag("wait"), text("timeout"), text("cascade", undefined, "background"), text("output", "o")],
  scale: [...SCOPE, ...FILES, text("replicas"), text("current-replicas"), text("timeout"), text("output", "o")],
  rollout: [...SCOPE, ...FILES, ...CHANGE, text("selector", "l"), flag("watch", "w"), text("timeout"), text("revision"), text("to-revision")],
  cordon: [...SCOPE, text("selector", "l"), DRY_RUN],
  uncordon: [...SCOPE, text("selector", "l"), DRY_RUN],
  drain: [...SCOPE, text("selector", "l"), DRY_RUN, flag("force"), flag("ignore-daemonsets"), flag("delete-emptydir-data"), flag("delete-local-data"), text("grace-period"), text("timeout"), text("pod-selector"), flag("disable-eviction"), text("skip-wait-for-delete-timeout"), text("chunk-size")],
  taint: [...SCOPE, ...CHANGE, text("selector", "l"), flag("overwrite"), flag("all"), text("validate", undefined, "strict")],
  label: EDIT_MAP,
  annotate: EDIT_MAP,
  expose: [...SCOPE, ...FILES, ...CHANGE, text("port"), text("protocol"), text("target-port"), text("name"), text("type"), text("selector"), text("labels", "l"), text("external-ip"), text("load-balancer-ip"), text("session-affinity"), text("cluster-ip"), text("overrides")],
  set: [...SCOPE, ...FILES, ...CHANGE, text("selector", "l"), flag("all"), flag("local")],
  patch: [...SCOPE, ...FILES, ...CHANGE, text("patch", "p"), text("type"), text("subresource")],
  wait: [...SCOPE, ...PICK, ...FILES, text("for"), text("timeout"), flag("all"), text("output", "o")],
  "cluster-info": SCOPE,
  config: [...SCOPE, flag("minify"), text("output", "o"), flag("no-headers"), flag("current")],
  exec: [...SCOPE, text("container", "c"), flag("stdin", "i"), flag("tty", "t"), flag("quiet", "q")],
  run: [...SCOPE, DRY_RUN, text("output", "o"), text("image-pull-policy"), text("image"), text("port"), text("labels", "l"), text("restart"), text("env"), flag("rm"), flag("stdin", "i"), flag("tty", "t"), flag("command"), flag("quiet", "q")],
  version: [flag("client"), text("output", "o")],
  "api-resources": [text("output", "o"), flag("no-headers"), text("namespaced", undefined, "true")],
};

/** Commands of kubectl that are not here. */
const OTHERS: readonly string[] = [
  "explain", "edit", "autoscale", "certificate", "top", "logs", "attach", "port-forward", "proxy", "cp", "auth", "debug", "diff", "replace", "kustomize", "completion", "alpha", "api-versions", "plugin", "options",
];

/** What is behind a command that is not here, where one word helps. */
const WHY_NOT: Readonly<Record<string, string>> = {
  logs: " (images do not run here, so their programs write nothing)",
  attach: " (images do not run here, so their programs write nothing)",
  "port-forward": " (nothing outside can connect; ask with `probe`, `walk` or `exec POD -- curl`)",
  proxy: " (nothing outside can connect; ask with `probe`, `walk` or `exec POD -- curl`)",
  top: " (nothing is measured that a metrics server could tell)",
  edit: " (there is no editor; use `patch`, or `apply` another manifest)",
  autoscale: " (there are no metrics to scale by; use `scale`)",
};

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
  const end = words.indexOf("--");
  const asks = (end < 0 ? words : words.slice(0, end)).some((word) => word === "--help" || word === "-h");
  if (command === "help" || (asks && (known !== undefined || OTHERS.includes(command) || command === ""))) {
    const about = words.filter((word) => !word.startsWith("-") && word !== "help");
    throw new Ended(0, helpText(about));
  }
  if (known === undefined && OTHERS.includes(command)) throw new NotModelled(`kubectl ${command}${WHY_NOT[command] ?? ""}`);
  if (known === undefined) throw new Ended(global < 0 ? 0 : 1, global < 0 ? helpText([]) : `error: unknown command "${command}" for "kubectl"`);
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
