/** `kubectl taint`. Read first: kubectl pkg/cmd/taint/taint.go and utils.go. */
import { labelKeyFaults, labelValueFaults, type Node, type Taint } from "../../api/index.js";
import { Ended, type Output } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { findResource } from "./resources.js";
import type { KubectlSource } from "./source.js";
import { dryRun, ended, named, store, targetsOf } from "./targets.js";

const EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/** Without an effect where a key alone is to go. */
interface TaintWords {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

function fail(message: string): never {
  throw new Ended(1, `error: ${message}`);
}

/** `key=value:effect`, `key:effect` or `key`. */
function readTaint(text: string): TaintWords {
  const usage = (message: string): never => fail(`${message}\nSee 'kubectl taint -h' for help and examples`);
  const [first = "", effect = "", ...more] = text.split(":");
  const [key = "", value, ...rest] = text.includes(":") ? first.split("=") : [first];
  if (text.includes(":") && more.length === 0 && !EFFECTS.includes(effect)) usage(`invalid taint effect: ${effect}, unsupported taint effect`);
  if (more.length > 0 || rest.length > 0) usage(`invalid taint spec: ${text}`);
  const bad = value === undefined ? [] : labelValueFaults(value);
  const faults = bad.length > 0 ? bad : labelKeyFaults(key);
  if (faults.length > 0) usage(`invalid taint spec: ${text}, ${faults.join("; ")}`);
  return { key, effect, ...(value === undefined ? {} : { value }) };
}

function readTaints(words: readonly string[]): { readonly add: readonly Taint[]; readonly remove: readonly TaintWords[] } {
  const add: Taint[] = [];
  const remove: TaintWords[] = [];
  for (const word of words) {
    const taint = readTaint(word.replace(/-$/, ""));
    if (word.endsWith("-")) {
      remove.push({ key: taint.key, effect: taint.effect });
      continue;
    }
    if (taint.effect === "") fail(`invalid taint spec: ${word}\nSee 'kubectl taint -h' for help and examples`);
    if (add.some((each) => same(each, taint))) fail(`duplicated taints with the same key and effect: {${taint.key} ${taint.value ?? ""} ${taint.effect} <nil>}\nSee 'kubectl taint -h' for help and examples`);
    add.push(taint);
  }
  const clash = add.flatMap((taint) => remove.filter(({ key, effect }) => key === taint.key && (effect === "" || effect === taint.effect)));
  if (clash.length > 0) fail(`can not both modify and remove the following taint(s) in the same command: ${clash.map(({ key, effect }) => `${key}=${effect}`).join(", ")}`);
  return { add, remove };
}

function same(a: { readonly key: string; readonly effect: string }, b: { readonly key: string; readonly effect: string }): boolean {
  return a.key === b.key && a.effect === b.effect;
}

export function taintCommand(line: CommandLine, source: KubectlSource): Output {
  const first = line.args.findIndex((word) => /[=:]/.test(word) || word.endsWith("-"));
  const at = first < 0 ? line.args.length : first;
  const [type, ...names] = line.args.slice(0, at);
  const words = line.args.slice(at);
  const late = words.find((word) => !/[=:]/.test(word) && !word.endsWith("-"));
  if (late !== undefined) fail(`all resources must be specified before taint changes: ${late}`);
  if (type === undefined) fail("one or more resources must be specified as <resource> <name>");
  if (words.length === 0) fail("at least one taint update is required");
  const { add, remove } = readTaints(words);
  if (findResource(type).kind !== "Node") fail(`invalid resource type ${type.toLowerCase()}, only node types are supported`);
  if (line.has("all") && line.has("selector")) fail("setting 'all' parameter with a non empty selector is prohibited");
  if (!line.has("all") && !line.has("selector") && names.length === 0) fail("at least one resource name must be specified since 'all' parameter is not set");
  const { objects, faults } = targetsOf(["nodes", ...names], line, source);
  const { only, words: dry } = dryRun(line);
  let text = "";
  const wrong = [...faults];
  for (const node of objects as readonly Node[]) {
    const changed = change(node, add, remove, line.has("overwrite"));
    const fault = typeof changed === "string" ? changed : store(source, "taint", changed.node, only);
    if (fault !== undefined) wrong.push(fault);
    else if (typeof changed !== "string") text += `${named(node)} ${changed.word}${dry}\n`;
  }
  return ended(text, wrong);
}

/** The node with its new taints, those that were asked for first. */
function change(node: Node, add: readonly Taint[], remove: readonly TaintWords[], overwrite: boolean): { readonly node: Node; readonly word: string } | string {
  const old = node.spec?.taints ?? [];
  const there = add.filter((taint) => old.some((each) => same(each, taint)));
  if (!overwrite && there.length > 0) return `node ${node.metadata.name} already has ${there.map(({ key }) => key).join(",")} taint(s) with same effect(s) and --overwrite is false`;
  let taints: readonly Taint[] = [...add, ...old.filter((taint) => !add.some((each) => same(each, taint)))];
  const added = taints.length !== old.length;
  const missing: string[] = [];
  let removed = false;
  for (const each of remove) {
    const left = taints.filter((taint) => taint.key !== each.key || (each.effect !== "" && taint.effect !== each.effect));
    removed = left.length < taints.length;
    if (!removed) missing.push(`taint "${each.key}${each.effect === "" ? "" : `:${each.effect}`}" not found`);
    taints = left;
  }
  if (missing.length > 0) return missing.join("\n");
  const { taints: _, ...spec } = node.spec ?? {};
  return { node: { ...node, spec: taints.length === 0 ? spec : { ...spec, taints } }, word: (added && removed) || overwrite ? "modified" : added ? "tainted" : "untainted" };
}
