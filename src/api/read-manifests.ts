/*
 * Files of manifests to objects that know where they stand. All faults are reported at once; an object with a
 * fault that is an error is left out. Nothing is defaulted but the namespace, nothing is validated: see admit.ts.
 */
import type { Problem } from "../base/problem.js";
import { type DecodeFault, decodeObject } from "./decode.js";
import { findKind, type Kind, type KindInfo, type KubeObject, kinds, writtenKind } from "./kinds.js";
import type { Located, SourceRef } from "./located.js";
import { entryOf, type ListNode, type MapEntry, type MapNode, type Place, textOf, type TreeNode, treeOf } from "./tree.js";
import { parseYaml } from "./yaml-text.js";

/** Text and the name it is reported under. */
export interface ManifestFile {
  readonly name: string;
  readonly text: string;
}

/** How strictly manifests are read. */
export interface ReadOptions {
  /** Unknown fields are errors. */
  readonly strict?: boolean;
  /** Other kinds are passed over without a note. */
  readonly onlyKinds?: readonly Kind[];
}

/** The objects that were read, and everything that is wrong with the text. */
export interface ReadResult {
  readonly objects: readonly Located[];
  readonly problems: readonly Problem[];
}

/** Reads YAML or JSON files as kubectl does: documents, `List`s and typed lists. */
export function readManifests(files: readonly ManifestFile[], options: ReadOptions = {}): ReadResult {
  const reader = new ManifestReader(options);
  for (const file of files) reader.file(file);
  return reader.result();
}

/** Reads plain objects that a caller hands in, with the same checks; their problems name no file. */
export function readObjects(objects: readonly unknown[], options: ReadOptions = {}): ReadResult {
  const reader = new ManifestReader(options);
  for (const object of objects) reader.plain(object);
  return reader.result();
}

class ManifestReader {
  readonly #found: Located[] = [];
  readonly #problems: Problem[] = [];
  #file = "";

  constructor(private readonly options: ReadOptions) {}

  file({ name, text }: ManifestFile): void {
    this.#file = name;
    for (const document of parseYaml(text)) {
      if ("tree" in document) this.#document(document.tree);
      else for (const { message, ...place } of document.faults) this.#problem("malformed-yaml", "error", "", message, place);
    }
  }

  plain(value: unknown): void {
    this.#file = "";
    const tree = treeOf(value);
    if (typeof tree !== "string") this.#document(tree);
    else this.#problem("malformed-object", "error", "", tree, { line: 0, column: 0 });
  }

  result(): ReadResult {
    const kept = this.#laterWins();
    return Object.freeze({ objects: Object.freeze(kept), problems: Object.freeze(this.#problems) });
  }

  #document(tree: TreeNode, within?: KindInfo | null): void {
    if (tree.kind !== "map") {
      const message = `a Kubernetes object must be a mapping with apiVersion and kind, found ${words(tree)}`;
      this.#problem("not-an-object", "error", "", message, tree);
      return;
    }
    const apiVersion = textOf(tree, "apiVersion") ?? within?.apiVersion;
    const kind = textOf(tree, "kind") ?? within?.kind;
    if (apiVersion === undefined) this.#problem("missing-api-version", "error", "apiVersion", "apiVersion not set", tree);
    if (kind === undefined) this.#problem("missing-kind", "error", "kind", "kind not set", tree);
    if (apiVersion === undefined || kind === undefined) return;

    const items = entryOf(tree, "items");
    if (kind.endsWith("List") && items !== undefined) this.#list(items, apiVersion, kind);
    else if (kind === "List") return;
    else this.#object(tree, apiVersion, kind);
  }

  #list(items: MapEntry, apiVersion: string, kind: string): void {
    if (items.node.kind !== "list") {
      this.#problem("wrong-type", "error", "items", `items of a ${kind} must be a list`, items.place);
      return;
    }
    const itemKind = findKind(apiVersion, kind.slice(0, -"List".length));
    for (const item of (items.node as ListNode).items) this.#document(item, itemKind ?? null);
  }

  #object(tree: MapNode, apiVersion: string, kind: string): void {
    const info = findKind(apiVersion, kind);
    if (info === undefined) {
      if (this.options.onlyKinds === undefined) this.#unmodelled(tree, apiVersion, kind);
      return;
    }
    if (this.options.onlyKinds !== undefined && !this.options.onlyKinds.includes(info.kind)) return;

    const { value, faults, places } = decodeObject(tree, info);
    const object = identified(value, info);
    for (const fault of faults) this.#decodeProblem(fault, nameOf(object));
    if (faults.some((fault) => this.#severity(fault) === "error")) return;
    const source: SourceRef = Object.freeze({ file: this.#file, line: tree.line, places });
    this.#found.push(Object.freeze({ object, source }));
  }

  #unmodelled(tree: MapNode, apiVersion: string, kind: string): void {
    const other = kinds.find((each) => writtenKind(each) === kind);
    const fix = other === undefined ? {} : { fix: `write apiVersion: ${other.apiVersion}` };
    const message = `no matches for kind "${kind}" in version "${apiVersion}": not modelled, passed over`;
    this.#problem("not-modelled", "note", "", message, tree, fix);
  }

  #severity(fault: DecodeFault): "error" | "warning" {
    return fault.code === "unknown-field" && this.options.strict !== true ? "warning" : "error";
  }

  #decodeProblem(fault: DecodeFault, object: string): void {
    const fix = fault.fix === undefined ? {} : { fix: fault.fix };
    this.#problem(fault.code, this.#severity(fault), fault.path, fault.message, fault, { object, ...fix });
  }

  #problem(
    code: string,
    severity: Problem["severity"],
    path: string,
    message: string,
    { line, column }: Place,
    more: { readonly object?: string; readonly fix?: string } = {},
  ): void {
    const where = this.#file === "" ? {} : { file: this.#file, line, column };
    this.#problems.push(Object.freeze({ code, severity, path, message, ...where, ...more }));
  }

  /** Applying twice is an update: the later text stands, in the earlier one's turn. */
  #laterWins(): Located[] {
    const byName = new Map<string, Located>();
    for (const located of this.#found) {
      const { kind, metadata } = located.object;
      const key = metadata.name === "" ? `#${byName.size}` : `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
      const earlier = byName.get(key);
      if (earlier !== undefined) this.#warnTwice(earlier, located);
      byName.set(key, located);
    }
    return [...byName.values()];
  }

  #warnTwice(earlier: Located, later: Located): void {
    this.#file = later.source.file;
    const place = earlier.source.file === "" ? "" : `, first at ${earlier.source.file}:${earlier.source.line}`;
    const object = nameOf(later.object);
    const message = `${object} is defined more than once${place}; the later one wins`;
    this.#problem("defined-twice", "warning", "metadata.name", message, { line: later.source.line, column: 1 }, { object });
  }
}

function words(tree: TreeNode): string {
  if (tree.kind === "list") return "a list";
  return tree.kind === "map" ? "a mapping" : `a ${typeof tree.value}`;
}

/** The decoded record with the kind that its list or itself gives it, and a namespace if it lives in one. */
function identified(value: Readonly<Record<string, unknown>>, info: KindInfo): KubeObject {
  const metadata = value["metadata"] as KubeObject["metadata"];
  const namespace = metadata.namespace ?? "";
  const placed = info.namespaced && namespace === "" ? Object.freeze({ ...metadata, namespace: "default" }) : metadata;
  const known = Object.freeze({ apiVersion: info.apiVersion, kind: info.kind });
  return Object.freeze({ ...known, ...value, ...(info.also === undefined ? {} : known), metadata: placed }) as unknown as KubeObject;
}

function nameOf({ kind, metadata }: KubeObject): string {
  const name = metadata.name === "" ? (metadata.generateName ?? "") : metadata.name;
  return metadata.namespace === undefined ? `${kind} ${name}` : `${kind} ${metadata.namespace}/${name}`;
}
