/** `kubectl label` and `kubectl annotate`. Read first: kubectl pkg/cmd/label/label.go and pkg/cmd/annotate/annotate.go. */
import { kindInfo, type KubeObject, labelValueFaults } from "../../api/index.js";
import { compareText } from "../../base/names.js";
import { Ended, type Output } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { jsonText } from "./output/json.js";
import type { KubectlSource } from "./source.js";
import { dryRun, ended, named, store, targetsOf } from "./targets.js";

const CHANGE_CAUSE = "kubernetes.io/change-cause";

type Pairs = Readonly<Record<string, string>>;

interface Change {
  readonly set: Pairs;
  readonly remove: readonly string[];
}

function fail(message: string): never {
  throw new Ended(1, `error: ${message}`);
}

const isPair = (word: string): boolean => (word.includes("=") && !word.startsWith("=")) || (word.endsWith("-") && word !== "-");

/** Words for resources, then pairs. */
function readArgs(args: readonly string[], what: "label" | "annotation"): { readonly resources: readonly string[]; readonly pairs: readonly string[] } {
  const first = args.findIndex(isPair);
  const pairs = first < 0 ? [] : args.slice(first);
  const late = pairs.find((word) => !isPair(word));
  if (late !== undefined) fail(`all resources must be specified before ${what} changes: ${late}`);
  return { resources: first < 0 ? args : args.slice(0, first), pairs };
}

function readLabels(pairs: readonly string[]): Change {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const pair of pairs) {
    const [key = "", value = "", ...more] = pair.split("=");
    if (!pair.includes("=")) remove.push(pair.slice(0, -1));
    else if (more.length > 0) fail(`invalid label spec: ${pair}`);
    else {
      const faults = labelValueFaults(value);
      if (faults.length > 0) fail(`invalid label value: "${pair}": ${faults.join(";")}`);
      set[key] = value;
    }
  }
  if (remove.some((key) => Object.hasOwn(set, key))) fail("can not both modify and remove a label in the same command");
  return { set, remove };
}

function readAnnotations(pairs: readonly string[]): Change {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const pair of pairs) {
    const [, key = "", value = ""] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (pair.includes("=")) set[key] = value;
    else remove.push(pair.slice(0, -1));
  }
  const both = remove.filter((key) => Object.hasOwn(set, key));
  if (both.length > 0) fail(`can not both modify and remove the following annotation(s) in the same command: ${both.join(", ")}`);
  return { set, remove };
}

export function labelCommand(line: CommandLine, source: KubectlSource): Output {
  const labels = line.command === "label";
  const what = labels ? "label" : "annotation";
  const { resources, pairs } = readArgs(line.args, what);
  const change = labels ? readLabels(pairs) : readAnnotations(pairs);
  if (line.has("all") && line.has("selector")) fail("cannot set --all and --selector at the same time");
  if (line.has("all") && line.has("field-selector")) fail("cannot set --all and --field-selector at the same time");
  if (resources.length === 0) fail("one or more resources must be specified as <resource> <name> or <resource>/<name>");
  if (pairs.length === 0 && !line.has("list")) fail(`at least one ${what} update is required`);
  const { objects, faults } = targetsOf(resources, line, source);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const done = changeOne(object, change, line, source, objects.length === 1);
    text += done.text;
    wrong.push(...done.faults);
  }
  return ended(text, wrong);
}

function changeOne(object: KubeObject, { set, remove }: Change, line: CommandLine, source: KubectlSource, alone: boolean): { readonly text: string; readonly faults: readonly string[] } {
  const labels = line.command === "label";
  const field = labels ? "labels" : "annotations";
  const old: Pairs = object.metadata[field] ?? {};
  const clash = Object.keys(set).filter((key) => Object.hasOwn(old, key) && (labels || key !== CHANGE_CAUSE));
  if (!line.has("overwrite") && clash.length > 0) {
    if (labels) return { text: "", faults: clash.map((key) => `'${key}' already has a value (${old[key]}), and --overwrite is false`) };
    return { text: "", faults: [`--overwrite is false but found the following declared annotation(s): ${clash.map((key) => `'${key}' already has a value (${old[key]})`).join("; ")}`] };
  }
  const entries = Object.entries({ ...old, ...set }).filter(([key]) => !remove.includes(key));
  const pairs: Pairs = Object.fromEntries(entries);
  const { [field]: _, ...metadata } = object.metadata;
  const next = { ...object, metadata: { ...metadata, ...(entries.length === 0 ? {} : { [field]: pairs }) } } as KubeObject;
  const { only, words } = dryRun(line);
  const missing = labels && !only && !line.has("list") ? remove.filter((key) => !Object.hasOwn(old, key)).map((key) => `label "${key}" not found.\n`).join("") : "";
  const fault = store(source, line.command, next, only || line.has("list"));
  if (fault !== undefined) return { text: missing, faults: [fault] };
  if (line.has("list")) return { text: listText(object, pairs, field, alone), faults: [] };
  return { text: `${missing}${named(object)} ${labels ? labelWord(object, next, line.has("overwrite")) : "annotated"}${words}\n`, faults: [] };
}

/** Longer or shorter is told by the bytes of the whole object. */
function labelWord(before: KubeObject, after: KubeObject, overwrite: boolean): string {
  const [old, now] = [jsonText({ ...before, metadata: { ...before.metadata, labels: before.metadata.labels ?? {} } }), jsonText({ ...after, metadata: { ...after.metadata, labels: after.metadata.labels ?? {} } })];
  if (old === now) return "not labeled";
  return !overwrite && now.length < old.length ? "unlabeled" : "labeled";
}

function listText(object: KubeObject, pairs: Pairs, field: string, alone: boolean): string {
  const { apiVersion } = kindInfo(object.kind);
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const lines = Object.entries(pairs).sort(([a], [b]) => compareText(a, b)).map(([key, value]) => `${alone ? "" : " "}${key}=${value}\n`);
  return `${alone ? "" : `Listing ${field} for ${object.kind}.${group}/${object.metadata.name}:\n`}${lines.join("")}`;
}
