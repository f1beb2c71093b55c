/*
 * YAML text, read as kubectl reads it, into trees with places. JSON is YAML here too.
 * Read first: kubernetes-sigs/yaml goyaml.v2 decode.go (merge keys, duplicate keys, the alias budget) and yaml.go
 * (which keys become text). The parser keeps every scalar as text; yaml-scalar.ts gives it its type.
 */
import { Composer, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, Parser, type Scalar } from "yaml";
import type { CST, Node as YamlNode } from "yaml";
import type { MapEntry, Place, TreeNode } from "./tree.js";
import { resolvePlain } from "./yaml-scalar.js";

/** Why a document could not be read. */
export interface YamlFault extends Place {
  readonly message: string;
}

/** One document: its tree, or the faults that made it unreadable. Empty documents are left out. */
export type YamlDocument = { readonly tree: TreeNode } | { readonly faults: readonly YamlFault[] };

const deepest = 200;
const tooDeep = `exceeded max depth of ${deepest}`;

/** Every document of a text, in order. Never throws on bad text. */
export function parseYaml(text: string): readonly YamlDocument[] {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const deep = tokens.find((token) => depthExceeds(token, deepest));
  if (deep !== undefined) return [{ faults: [fault(lines, deep.offset ?? 0, tooDeep)] }];

  const composer = new Composer({ schema: "failsafe", uniqueKeys: false, resolveKnownTags: false, keepSourceTokens: false, strict: true });
  const documents: YamlDocument[] = [];
  for (const document of composer.compose(tokens, false, text.length)) {
    const read = readDocument(document, lines);
    if (read !== undefined) documents.push(read);
  }
  return documents;
}

function readDocument(document: Document.Parsed, lines: LineCounter): YamlDocument | undefined {
  const first = document.errors[0];
  if (first !== undefined) return { faults: [fault(lines, first.pos[0], goWords(first.code, first.message))] };
  if (document.contents === null) return undefined;
  const reader = new TreeReader(document, lines);
  const tree = reader.read(document.contents as YamlNode);
  if (reader.faults.length > 0) return { faults: reader.faults };
  return tree.kind === "scalar" && tree.value === null ? undefined : { tree };
}

const wordsOfCodes: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: "mapping values are not allowed in this context",
  TAB_AS_INDENT: "found a tab character that violates indentation",
  BAD_INDENT: "did not find expected key",
  MISSING_CHAR: "did not find expected ',' or end of the collection",
  UNEXPECTED_TOKEN: "did not find expected node content",
};

function goWords(code: string, message: string): string {
  const own = Object.hasOwn(wordsOfCodes, code) ? wordsOfCodes[code] : undefined;
  if (own !== undefined) return own;
  return message.replace(/ at line \d+, column \d+:?[\s\S]*$/, "");
}

function place(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function fault(lines: LineCounter, offset: number, message: string): YamlFault {
  const at = place(lines, offset);
  return { ...at, message: `error converting YAML to JSON: yaml: line ${at.line}: ${message}` };
}

class TreeReader {
  readonly faults: YamlFault[] = [];
  readonly #open = new Set<YamlNode>();
  #aliasDepth = 0;
  #read = 0;
  #throughAliases = 0;
  #stopped = false;

  constructor(
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
  ) {}

  read(node: YamlNode | null | undefined, depth = 0): TreeNode {
    const offset = node?.range?.[0] ?? 0;
    const at = place(this.lines, offset);
    const nothing: TreeNode = { kind: "scalar", value: null, ...at };
    if (this.#stopped || node === null || node === undefined) return nothing;

    this.#read += 1;
    if (this.#aliasDepth > 0) this.#throughAliases += 1;
    if (excessive(this.#read, this.#throughAliases)) return this.#refuse(offset, "document contains excessive aliasing");
    if (depth > deepest) return this.#refuse(offset, tooDeep);

    if (isAlias(node)) return this.#alias(node, offset, depth);
    if (isSeq(node)) return { kind: "list", items: node.items.map((item) => this.read(item as YamlNode, depth + 1)), ...at };
    if (isMap(node)) return this.#map(node as YamlNode & { items: readonly Pair[] }, at, depth);
    return isScalar(node) ? { kind: "scalar", value: this.#scalar(node, offset), ...at } : nothing;
  }

  #refuse(offset: number, message: string): TreeNode {
    this.#stopped = true;
    this.faults.push(fault(this.lines, offset, message));
    return { kind: "scalar", value: null, ...place(this.lines, offset) };
  }

  #alias(node: YamlNode & { source: string }, offset: number, depth: number): TreeNode {
    const target = (node as unknown as { resolve(doc: unknown): YamlNode | undefined }).resolve(this.document);
    if (target === undefined) return this.#refuse(offset, `unknown anchor '${node.source}' referenced`);
    if (this.#open.has(target)) return this.#refuse(offset, `anchor '${node.source}' value contains itself`);
    this.#open.add(target);
    this.#aliasDepth += 1;
    const tree = this.read(target, depth + 1);
    this.#aliasDepth -= 1;
    this.#open.delete(target);
    return tree;
  }

  #map(node: YamlNode & { items: readonly Pair[] }, at: Place, depth: number): TreeNode {
    const own = new Map<string, MapEntry>();
    const merged: MapEntry[] = [];
    this.#open.add(node);
    for (const pair of node.items) {
      const keyNode = pair.key;
      const keyPlace = place(this.lines, keyNode?.range?.[0] ?? node.range?.[0] ?? 0);
      const value = this.read(pair.value, depth + 1);
      if (isScalar(keyNode) && keyNode.type === "PLAIN" && keyNode.value === "<<") {
        merged.push(...this.#merged(value, keyNode));
        continue;
      }
      const key = this.#key(keyNode, depth);
      if (this.#stopped) break;
      if (own.has(key)) {
        const offset = keyNode?.range?.[0] ?? 0;
        this.faults.push(fault(this.lines, offset, `key ${JSON.stringify(key)} already set in map`));
      }
      own.set(key, { key, place: keyPlace, node: value });
    }
    this.#open.delete(node);
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return { kind: "map", entries: [...own.values()], ...at };
  }

  #merged(value: TreeNode, keyNode: YamlNode): readonly MapEntry[] {
    const sources = value.kind === "list" ? value.items : [value];
    if (sources.every((source) => source.kind === "map")) return sources.flatMap((source) => source.entries);
    if (!this.#stopped) this.#refuse(keyNode.range?.[0] ?? 0, "map merge requires map or sequence of maps as the value");
    return [];
  }

  /** Keys become text; true, 1 and 1.5 as JSON writes them. */
  #key(node: YamlNode | null, depth: number): string {
    const read = this.read(node, depth + 1);
    if (read.kind === "scalar" && read.value !== null) return String(read.value);
    if (!this.#stopped) this.#refuse(node?.range?.[0] ?? 0, "invalid map key");
    return "";
  }

  #scalar(node: Scalar, offset: number): string | number | boolean | null {
    const text = typeof node.value === "string" ? node.value : "";
    const tag = node.tag?.startsWith("tag:yaml.org,2002:") === true ? node.tag.slice("tag:yaml.org,2002:".length) : undefined;
    if (tag === "str" || tag === "binary") return text;
    if (node.type !== "PLAIN" && tag === undefined) return text;
    const value = resolvePlain(text);
    if (typeof value === "number" && !Number.isFinite(value)) {
      this.#refuse(offset, `json: unsupported value: ${text}`);
      return null;
    }
    return value;
  }
}

interface Pair {
  readonly key: YamlNode | null;
  readonly value: YamlNode | null;
}

/** The alias budget of goyaml.v2: nearly everything may come from aliases in a small document, a tenth in a huge one. */
function excessive(read: number, throughAliases: number): boolean {
  if (throughAliases <= 100 || read <= 1000) return false;
  const low = 400_000;
  const high = 4_000_000;
  const allowed = read <= low ? 0.99 : read >= high ? 0.1 : 0.99 - (0.89 * (read - low)) / (high - low);
  return throughAliases / read > allowed;
}

/** Walks the token tree with its own stack, because the composer after it recurses. */
function depthExceeds(root: CST.Token, limit: number): boolean {
  const stack: (readonly [token: CST.Token, depth: number])[] = [[root, 0]];
  for (;;) {
    const next = stack.pop();
    if (next === undefined) return false;
    const [token, depth] = next;
    if (depth > limit) return true;
    if ("value" in token && token.value !== undefined && token.type === "document") stack.push([token.value, depth + 1]);
    if ("items" in token) {
      for (const item of token.items) {
        if (item.key !== undefined && item.key !== null) stack.push([item.key, depth + 1]);
        if (item.value !== undefined) stack.push([item.value, depth + 1]);
      }
    }
  }
}
