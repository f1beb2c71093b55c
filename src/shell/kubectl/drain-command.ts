/** `kubectl cordon`, `uncordon` and `drain`. Read first: kubectl pkg/cmd/drain/drain.go, pkg/drain/filters.go and drain.go. */
import { matches, type Node, type Pod, parseSelector } from "../../api/index.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { MOST_STEPS } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { pick } from "./pick.js";
import type { KubectlSource } from "./source.js";
import { dryRun, store } from "./targets.js";

const MIRROR = "kubernetes.io/config.mirror";

function nodesOf(line: CommandLine, source: KubectlSource): readonly Node[] {
  const usage = `See 'kubectl ${line.command} -h' for help and examples`;
  if (line.args.length === 0 && !line.has("selector")) throw new Ended(1, `error: USAGE: ${line.command} NODE [flags]\n${usage}`);
  if (line.args.length > 0 && line.has("selector")) throw new Ended(1, `error: cannot specify both a node name and a --selector option\n${usage}`);
  const names = line.args.map((name) => name.replace(/^(nodes?|no)\//, ""));
  const { picked, faults } = pick({ ...line, args: ["nodes", ...names] }, source);
  if (faults.length > 0) throw new Ended(1, faults.join("\n"));
  return picked.flatMap(({ objects }) => objects) as readonly Node[];
}

/** Marks nodes; what is printed, and what went wrong. */
function mark(nodes: readonly Node[], wanted: boolean, line: CommandLine, source: KubectlSource): { readonly text: string; readonly faults: string } {
  const word = wanted ? "cordoned" : "uncordoned";
  const { only, words } = dryRun(line);
  let text = "";
  let faults = "";
  for (const node of nodes) {
    const { name } = node.metadata;
    if ((node.spec?.unschedulable === true) === wanted) {
      text += `node/${name} already ${word}${words}\n`;
      continue;
    }
    const { unschedulable: _, ...spec } = node.spec ?? {};
    const refused = store(source, line.command, { ...node, spec: wanted ? { ...spec, unschedulable: true } : spec }, only);
    if (refused !== undefined) faults += `error: unable to ${wanted ? "" : "un"}cordon node "${name}": ${refused}`;
    else text += `node/${name} ${word}${words}\n`;
  }
  return { text, faults };
}

export function cordonCommand(line: CommandLine, source: KubectlSource): Output {
  const { text, faults } = mark(nodesOf(line, source), line.command === "cordon", line, source);
  return faults === "" ? said(text) : failed(1, text + faults);
}

/** What is to become of a pod, and what is said about it. */
interface Fate {
  readonly pod: Pod;
  readonly go: boolean;
  readonly warning?: string;
  readonly fatal?: string;
}

function fateOf(pod: Pod, line: CommandLine, source: KubectlSource): Fate {
  const { metadata, spec, status } = pod;
  const over = status?.phase === "Succeeded" || status?.phase === "Failed";
  const force = line.has("force");
  const owner = metadata.ownerReferences?.find((each) => each.controller === true);
  if (owner?.kind === "DaemonSet" && !over) {
    const missing = source.get("DaemonSet", metadata.namespace ?? "", owner.name) === undefined;
    const words = `daemonsets.apps "${owner.name}" not found`;
    if (missing) return force ? { pod, go: true, warning: words } : { pod, go: false, fatal: words };
    if (!line.has("ignore-daemonsets")) return { pod, go: false, fatal: "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)" };
    return { pod, go: false, warning: "ignoring DaemonSet-managed Pods" };
  }
  if (metadata.annotations?.[MIRROR] !== undefined) return { pod, go: false };
  const local = !over && ((spec.volumes ?? []) as readonly { readonly emptyDir?: unknown }[]).some(({ emptyDir }) => emptyDir !== undefined);
  if (local && !line.has("delete-emptydir-data") && !line.has("delete-local-data")) return { pod, go: false, fatal: "Pods with local storage (use --delete-emptydir-data to override)" };
  if (owner !== undefined || over) return { pod, go: true };
  return force ? { pod, go: true, warning: "deleting Pods that declare no controller" } : { pod, go: false, fatal: "cannot delete cannot delete Pods that declare no controller (use --force to override)" };
}

/** "WORDS: ns/a, ns/b" of each of the words, in the order in which they came up. */
function grouped(fates: readonly Fate[], of: (fate: Fate) => string | undefined): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const fate of fates) {
    const words = of(fate);
    if (words === undefined) continue;
    groups.set(words, [...(groups.get(words) ?? []), `${fate.pod.metadata.namespace}/${fate.pod.metadata.name}`]);
  }
  return [...groups].map(([words, pods]) => `${words}: ${pods.join(", ")}`);
}

function podsOn(node: Node, line: CommandLine, source: KubectlSource): readonly Pod[] {
  const parsed = parseSelector(line.flag("pod-selector") ?? "");
  if (!parsed.ok) throw new Ended(1, "error: --pod-selector=<pod_selector> must be a valid label selector");
  const all = (source.list("Pod", "") as readonly Pod[]).filter((pod) => pod.spec.nodeName === node.metadata.name);
  return line.has("pod-selector") ? all.filter((pod) => matches(parsed.selector, pod.metadata.labels)) : all;
}

export function drainCommand(line: CommandLine, source: KubectlSource): Output {
  if (source.delete === undefined) throw new NotModelled("kubectl drain");
  const nodes = nodesOf(line, source);
  let text = line.has("delete-local-data") ? "Flag --delete-local-data has been deprecated, This option is deprecated and will be deleted. Use --delete-emptydir-data.\n" : "";
  const marked = mark(nodes, true, line, source);
  text += marked.text + marked.faults;
  const errors: string[][] = [];
  const pending: string[] = [];
  for (const node of nodes) {
    const drained = drainNode(node, line, source);
    text += drained.text;
    if (drained.errors.length === 0) {
      text += `node/${node.metadata.name} drained${dryRun(line).words}\n`;
      continue;
    }
    const all = drained.errors.length === 1 ? drained.errors[0]! : `[${drained.errors.join(", ")}]`;
    text += `error: unable to drain node "${node.metadata.name}" due to error: ${all}, continuing command...\n`;
    errors.push([...drained.errors]);
    pending.push(node.metadata.name);
  }
  if (pending.length > 0) text += `There are pending nodes to be drained:\n${pending.map((name) => ` ${name}\n`).join("")}`;
  return errors.length === 0 ? said(text) : failed(1, text + errors.flat().map((error) => `${error}\n`).join(""));
}

/** Evicts what may go from a node, and waits until it has gone. */
function drainNode(node: Node, line: CommandLine, source: KubectlSource): { readonly text: string; readonly errors: readonly string[] } {
  const fates = podsOn(node, line, source).map((pod) => fateOf(pod, line, source));
  const fatal = grouped(fates, ({ fatal: words }) => words).map((words) => (words.toLowerCase().startsWith("cannot delete") ? words : `cannot delete ${words}`));
  if (fatal.length > 0) return { text: "", errors: fatal };
  const warnings = grouped(fates, ({ warning }) => warning);
  let text = warnings.length === 0 ? "" : `Warning: ${warnings.join("; ")}\n`;
  const pods = fates.filter(({ go }) => go).map(({ pod }) => pod);
  const { only, words } = dryRun(line);
  const evicts = !line.has("disable-eviction");
  for (const { metadata } of evicts || only ? pods : []) text += `evicting pod ${metadata.namespace}/${metadata.name}${words}\n`;
  if (only) return { text, errors: [] };
  const grace = Number(line.flag("grace-period") ?? -1);
  const end = source.now() + (secondsOf(line.flag("timeout")) ?? Infinity);
  for (const { metadata } of pods) source.delete?.("Pod", metadata.namespace ?? "", metadata.name, grace < 0 ? undefined : grace);
  const waiting = new Set(pods);
  for (let steps = 0; waiting.size > 0 && steps < MOST_STEPS; steps++) {
    for (const pod of waiting) {
      const { namespace = "", name, uid } = pod.metadata;
      const now = source.get("Pod", namespace, name);
      if (now !== undefined && now.metadata.uid === uid) continue;
      waiting.delete(pod);
      text += `pod/${name} ${evicts ? "evicted" : "deleted"}\n`;
    }
    if (waiting.size > 0 && (source.now() > end || source.step?.() !== true)) break;
  }
  if (waiting.size === 0) return { text, errors: [] };
  const left = [...waiting];
  const errors = left.map(({ metadata }) => `error when waiting for pod "${metadata.name}" in namespace "${metadata.namespace}" to terminate: global timeout reached: ${line.flag("timeout") ?? "0s"}`);
  const why = errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]`;
  return { text: `${text}There are pending pods in node "${node.metadata.name}" when an error occurred: ${why}\n${left.map(({ metadata }) => `pod/${metadata.name}\n`).join("")}`, errors };
}

/** "30s", "5m", "1h" as seconds; "0s" and nothing are no limit. */
function secondsOf(text: string | undefined): number | undefined {
  const [, number = "0", unit = "s"] = /^(\d+)(s|m|h)?$/.exec(text ?? "0") ?? [];
  const seconds = Number(number) * (unit === "h" ? 3600 : unit === "m" ? 60 : 1);
  return seconds === 0 ? undefined : seconds;
}
