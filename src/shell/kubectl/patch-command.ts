/** `kubectl patch` and `kubectl set image`. Read first: kubectl pkg/cmd/patch/patch.go, pkg/cmd/set/set_image.go; apimachinery pkg/util/strategicpatch. */
import { type Container, type KubeObject, readObjects } from "../../api/index.js";
import { sameData } from "../../base/same-data.js";
import { plainOf } from "../../api/tree.js";
import { parseYaml } from "../../api/yaml-text.js";
import { Ended, NotModelled, type Output } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { helpText } from "./help.js";
import { jsonPatched, readJsonPatch } from "./json-patch.js";
import type { KubectlSource } from "./source.js";
import { dryRun, ended, named, NO_ARGUMENT, store, targetsOf } from "./targets.js";

type Tree = Readonly<Record<string, unknown>>;

/** Lists that merge by a key; all others are replaced (`patchMergeKey` of the API's types). */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  ports: "",
  imagePullSecrets: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  conditions: "type",
  ownerReferences: "uid",
};

/** What the API server says of a JSON patch that does not apply. */
const REFUSED = "The request is invalid: the server rejected our request due to an error in our request";

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 7386: null takes away, maps merge, all else is replaced. With `keys`, lists of maps merge as the API server's strategic merge does. */
function merged(live: unknown, patch: unknown, keys: boolean): unknown {
  if (!isTree(patch)) return patch;
  const next: Record<string, unknown> = isTree(live) && patch["$patch"] !== "replace" ? { ...live } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key === "$patch") continue;
    if (value === null) delete next[key];
    else next[key] = keys && Array.isArray(value) && Object.hasOwn(MERGE_KEYS, key) ? mergedList(Array.isArray(next[key]) ? (next[key] as readonly unknown[]) : [], value, mergeKey(key, value)) : merged(next[key], value, keys);
  }
  return next;
}

/** Ports of containers and of Services have keys of their own. */
function mergeKey(field: string, patch: readonly unknown[]): string {
  return field === "ports" ? (patch.some((each) => isTree(each) && Object.hasOwn(each, "containerPort")) ? "containerPort" : "port") : MERGE_KEYS[field]!;
}

function mergedList(live: readonly unknown[], patch: readonly unknown[], key: string): readonly unknown[] {
  let list = [...live];
  const fresh: unknown[] = [];
  for (const each of patch) {
    const at = list.findIndex((old) => isTree(old) && isTree(each) && old[key] !== undefined && old[key] === each[key]);
    if (isTree(each) && each["$patch"] === "delete") list = list.filter((_, i) => i !== at);
    else if (at >= 0) list = list.map((old, i) => (i === at ? merged(old, each, true) : old));
    else fresh.push(merged({}, each, true));
  }
  return [...fresh, ...list];
}

export function patchCommand(line: CommandLine, source: KubectlSource): Output {
  const text = line.flag("patch");
  const type = line.flag("type") ?? "strategic";
  if (!["json", "merge", "strategic"].includes(type)) throw new Ended(1, `error: --type must be one of [json merge strategic], not "${type}"`);
  if (text === undefined) throw new Ended(1, "error: must specify --patch or --patch-file containing the contents of the patch");
  if (line.has("subresource")) throw new NotModelled("kubectl patch --subresource");
  const [document] = parseYaml(text);
  const patch: unknown = document !== undefined && "tree" in document ? plainOf(document.tree) : undefined;
  const operations = type === "json" ? readJsonPatch(patch) : undefined;
  if (type === "json" ? operations === undefined : !isTree(patch)) throw new Ended(1, `error: unable to parse "${text}": yaml: did not find expected node content`);
  const { objects, faults } = targetsOf(line.args, line, source);
  return changeEach("patch", "patched", objects, faults, line, source, (object) => (operations === undefined ? merged(object, patch, type === "strategic") : (jsonPatched(object, operations) ?? REFUSED)) as KubeObject | string);
}

/** Stores what `change` makes of each object; one that stays as it is has "(no change)" behind it. */
function changeEach(command: string, word: string, objects: readonly KubeObject[], faults: readonly string[], line: CommandLine, source: KubectlSource, change: (object: KubeObject) => KubeObject | string): Output {
  const { only, words } = dryRun(line);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const next = change(object);
    const read = typeof next === "string" ? undefined : readObjects([next], {}).objects[0]?.object;
    const fault = typeof next === "string" ? next : read === undefined ? `error: cannot restore the object from its patch` : store(source, command, read, only);
    if (fault !== undefined) wrong.push(fault);
    else if (command === "patch") text += `${named(object)} ${word}${sameData(next, object) ? " (no change)" : ""}${words}\n`;
    else if (!sameData(next, object)) text += `${named(object)} ${word}${words}\n`;
  }
  return ended(text, wrong);
}

interface Templated {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[]; readonly initContainers?: readonly Container[] } } };
}

/** `set image deploy/web web=nginx:1.27 *=x` */
export function setCommand(line: CommandLine, source: KubectlSource): Output {
  const [what, ...args] = line.args;
  if (what === undefined) throw new Ended(1, helpText(["set"]));
  if (what !== "image") throw new NotModelled(`kubectl set ${what}`);
  const first = args.findIndex((word) => word.includes("="));
  const images = new Map((first < 0 ? [] : args.slice(first)).map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
  if (first === 0 || args.length === 0) throw new Ended(1, NO_ARGUMENT);
  if (images.size === 0) throw new Ended(1, "error: at least one image update is required");
  const { objects, faults } = targetsOf(args.slice(0, first), line, source);
  return changeEach("set image", "image updated", objects, faults, line, source, (object) => {
    const held = object.kind === "Pod" ? object.spec : (object as Partial<Templated>).spec?.template?.spec;
    if (held === undefined) return `error: ${named(object)} the object is not a pod or does not have a pod template: *${object.kind}`;
    const all = [...(held.initContainers ?? []), ...held.containers];
    const missing = [...images.keys()].find((name) => name !== "*" && !all.some((each) => each.name === name));
    if (missing !== undefined) return `error: unable to find container named "${missing}"`;
    const renewed = (containers: readonly Container[]): readonly Container[] => containers.map((each) => ({ ...each, ...imageOf(images, each.name) }));
    const spec = { ...held, containers: renewed(held.containers), ...(held.initContainers === undefined ? {} : { initContainers: renewed(held.initContainers) }) };
    if (object.kind === "Pod") return { ...object, spec } as KubeObject;
    const owner = object as unknown as Templated;
    return { ...object, spec: { ...owner.spec, template: { ...owner.spec.template, spec } } } as unknown as KubeObject;
  });
}

function imageOf(images: ReadonlyMap<string, string>, name: string): { readonly image?: string } {
  const image = images.get(name) ?? images.get("*");
  return image === undefined ? {} : { image };
}
