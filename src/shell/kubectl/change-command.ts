/** `kubectl apply`, `create -f`, `delete`, `scale` and `exec`: what changes a cluster, with what kubectl says about it. */
import { type KindInfo, kindInfo, type KubeObject, type Located, notFoundWords, readManifests } from "../../api/index.js";
import { formatProblem } from "../../base/problem.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { pick } from "./pick.js";
import { findResource, resourceWord, wantedOf } from "./resources.js";
import { isRefusal, type KubectlSource, type Refusal } from "./source.js";

const NO_RESOURCE = `error: You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;
const FORCE_WARNING =
  "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n";
/** Steps after which a command stops waiting for what never comes. */
export const MOST_STEPS = 10_000_000;

/** A refusal as kubectl prints it. */
export function refusalText({ reason, message }: Refusal, doing = ""): string {
  return reason === "Invalid" ? `${message}\n` : `Error from server (${reason}): ${doing}${message}\n`;
}

interface File {
  readonly name: string;
  readonly objects: readonly Located[];
}

/** The objects of every `-f`; `-` is the text the command is given. */
function filesOf(line: CommandLine, source: KubectlSource, input: string | undefined): readonly File[] {
  return line.flags("filename").flatMap((value) => value.split(",")).map((path) => {
    const text = path === "-" ? input : source.file?.(path);
    if (text === undefined) throw new Ended(1, path === "-" ? "error: no objects passed to apply" : `error: the path "${path}" does not exist`);
    const name = path === "-" ? "STDIN" : path;
    const { objects, problems } = readManifests([{ name, text }]);
    const errors = problems.filter((problem) => problem.severity === "error");
    if (errors.length > 0) throw new Ended(1, errors.map((problem) => `error: error parsing ${formatProblem(problem)}`).join("\n"));
    return { name, objects };
  });
}

/** The object in the namespace that `-n` names, if it says none itself. */
function placed(located: Located, line: CommandLine): Located {
  const namespace = line.flag("namespace");
  const { object } = located;
  if (namespace === undefined || !kindInfo(object.kind).namespaced || object.metadata.namespace === namespace) return located;
  if (object.metadata.namespace !== undefined && object.metadata.namespace !== "default") {
    throw new Ended(1, `error: the namespace from the provided object "${object.metadata.namespace}" does not match the namespace "${namespace}". You must pass '--namespace=${object.metadata.namespace}' to perform this operation.`);
  }
  return { ...located, object: { ...object, metadata: { ...object.metadata, namespace } } as KubeObject };
}

export function applyCommand(line: CommandLine, source: KubectlSource, input: string | undefined): Output {
  const { apply } = source;
  if (apply === undefined) throw new NotModelled(`kubectl ${line.command}`);
  if (line.flags("filename").length === 0) throw new Ended(1, "error: must specify one of -f and -k");
  let text = "";
  let faults = "";
  for (const { name, objects } of filesOf(line, source, input)) {
    if (objects.length === 0) throw new Ended(1, `error: no objects passed to ${line.command}`);
    for (const each of objects) {
      const located = placed(each, line);
      const { object } = located;
      const info = kindInfo(object.kind);
      const namespace = info.namespaced ? (object.metadata.namespace ?? "default") : "";
      const there = line.command === "create" && source.get(object.kind, namespace, object.metadata.name) !== undefined;
      const done: ReturnType<typeof apply> = there ? { reason: "AlreadyExists", message: `${notFoundWords(info, object.metadata.name).replace(/ not found$/, "")} already exists` } : apply.call(source, located);
      if (isRefusal(done)) faults += refusalText(done, `error when creating "${name}": `);
      else text += `${resourceWord(info)}/${object.metadata.name} ${done}\n`;
    }
  }
  return faults === "" ? said(text) : failed(1, text + faults);
}

export function deleteCommand(line: CommandLine, source: KubectlSource, input: string | undefined): Output {
  if (source.delete === undefined) throw new NotModelled("kubectl delete");
  const files = filesOf(line, source, input);
  if (files.length === 0 && line.args.length === 0) throw new Ended(1, NO_RESOURCE);
  const force = line.has("force");
  const grace = line.flag("grace-period") ?? (force ? "0" : line.has("now") ? "1" : undefined);
  let text = force ? FORCE_WARNING : "";
  let faults = "";
  const targets: { readonly info: KindInfo; readonly namespace: string; readonly name: string }[] = [];
  for (const { object } of files.flatMap((file) => file.objects).map((each) => placed(each, line))) {
    const info = kindInfo(object.kind);
    targets.push({ info, namespace: info.namespaced ? (object.metadata.namespace ?? "default") : "", name: object.metadata.name });
  }
  if (line.args.length > 0) {
    if (wantedOf(line.args).some(({ names }) => names === null) && !line.has("all") && !line.has("selector")) throw new Ended(1, "error: resource(s) were provided, but no name was specified");
    const { picked, faults: missing } = pick(line, source);
    faults += missing.map((fault) => `${fault}\n`).join("");
    for (const { info, objects } of picked) for (const { metadata } of objects) targets.push({ info, namespace: info.namespaced ? (metadata.namespace ?? "default") : "", name: metadata.name });
  }
  for (const { info, namespace, name } of targets) {
    const refused = source.delete(info.kind, namespace, name, grace === undefined ? undefined : Number(grace));
    if (refused === undefined) text += `${resourceWord(info)} "${name}" ${force ? "force " : ""}deleted\n`;
    else if (!(refused.reason === "NotFound" && line.has("ignore-not-found"))) faults += refusalText(refused, files.length > 0 ? `error when deleting "${files[0]!.name}": ` : "");
  }
  if (line.flag("wait") !== "false" && !force) {
    for (const { info, namespace, name } of targets) waitUntil(source, () => source.get(info.kind, namespace, name) === undefined);
  }
  if (targets.length === 0 && faults === "") text += "No resources found\n";
  return faults === "" ? said(text) : failed(1, text + faults);
}

/** Lets time pass until it holds; false when nothing more happens before. */
export function waitUntil(source: KubectlSource, holds: () => boolean): boolean {
  for (let steps = 0; !holds(); steps++) if (steps >= MOST_STEPS || source.step?.() !== true) return false;
  return true;
}

export function scaleCommand(line: CommandLine, source: KubectlSource): Output {
  if (source.scale === undefined) throw new NotModelled("kubectl scale");
  const replicas = line.flag("replicas");
  if (replicas === undefined) throw new Ended(1, 'error: required flag(s) "replicas" not set');
  if (!/^-?\d+$/.test(replicas)) throw new Ended(1, `error: invalid argument "${replicas}" for "--replicas" flag: strconv.ParseInt: parsing "${replicas}": invalid syntax\nSee 'kubectl scale --help' for usage.`);
  if (Number(replicas) < 0) throw new Ended(1, "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0");
  if (line.args.length === 0) throw new Ended(1, NO_RESOURCE);
  const { picked, faults } = pick(line, source);
  let text = "";
  if (faults.length > 0 && picked.every(({ objects }) => objects.length === 0)) throw new Ended(1, `error: no objects passed to scale ${faults[0]!.replace(/^Error from server \(NotFound\): /, "")}`);
  let refusals = faults.map((fault) => `${fault}\n`).join("");
  for (const { info, objects } of picked) {
    for (const { metadata } of objects) {
      const refused = source.scale(info.kind, metadata.namespace ?? "default", metadata.name, Number(replicas));
      if (refused === undefined) text += `${resourceWord(info)}/${metadata.name} scaled\n`;
      else refusals += refusalText(refused);
    }
  }
  return refusals === "" ? said(text) : failed(1, text + refusals);
}

export function execCommand(line: CommandLine, source: KubectlSource): Output {
  const [target, ...more] = line.args;
  const words = [...more, ...line.rest];
  if (target === undefined) throw new Ended(1, "error: pod, type/name or --filename must be specified");
  if (words.length === 0) throw new Ended(1, "error: you must specify at least one command for the container");
  if (source.exec === undefined) throw new NotModelled("kubectl exec");
  const namespace = line.flag("namespace") ?? "default";
  const [type = "", name = type] = target.includes("/") ? target.split("/") : ["pod", target];
  const info = findResource(type);
  const object = source.get(info.kind, info.namespaced ? namespace : "", name);
  if (object === undefined) return failed(1, `Error from server (NotFound): ${notFoundWords(info, name)}\n`);
  const pod = info.kind === "Pod" ? object : podOf(object, namespace, source);
  if (pod === undefined || pod.kind !== "Pod") throw new Ended(1, "error: timed out waiting for the condition");
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") throw new Ended(1, `error: cannot exec into a container in a completed pod; current phase is ${phase}`);
  if (pod.spec.nodeName === undefined) throw new Ended(1, `Error from server (BadRequest): pod ${pod.metadata.name} does not have a host assigned`);
  const container = line.flag("container") ?? pod.spec.containers[0]?.name ?? "";
  if (!pod.spec.containers.some((each) => each.name === container)) throw new Ended(1, `Error from server (BadRequest): container ${container} is not valid for pod ${pod.metadata.name}`);
  if (phase !== "Running") throw new Ended(1, `error: unable to upgrade connection: container not found ("${container}")`);
  const { text, code, notModelled } = source.exec(namespace, pod.metadata.name, line.flag("container"), words);
  if (code === 0 || notModelled === true) return { text, code, ...(notModelled === true ? { notModelled } : {}) };
  return failed(code, `${text}command terminated with exit code ${code}\n`);
}

/** The pod that `exec TYPE/NAME` means: the first running one that the object selects. */
function podOf(object: KubeObject, namespace: string, source: KubectlSource): KubeObject | undefined {
  const { selector } = (object as { readonly spec?: { readonly selector?: unknown } }).spec ?? {};
  if (typeof selector !== "object" || selector === null) throw new Ended(1, `error: cannot attach to *${object.kind}: selector for ${object.kind} not implemented`);
  const labels = "matchLabels" in selector ? (selector.matchLabels as Readonly<Record<string, string>>) : (selector as Readonly<Record<string, string>>);
  const pods = source.list("Pod", namespace).filter((pod) => Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value));
  return pods.find((pod) => pod.kind === "Pod" && pod.status?.phase === "Running") ?? pods[0];
}
