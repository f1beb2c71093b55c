/* Untrusted data with places: what YAML, JSON or a caller's plain objects become before they are decoded. */

/** Line and column of a node, both counted from 1; line 0 where there is no text. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface ScalarNode extends Place {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

export interface ListNode extends Place {
  readonly kind: "list";
  readonly items: readonly TreeNode[];
}

/** `place` of an entry is that of its key, where people look for a field. */
export interface MapEntry {
  readonly key: string;
  readonly place: Place;
  readonly node: TreeNode;
}

export interface MapNode extends Place {
  readonly kind: "map";
  readonly entries: readonly MapEntry[];
}

export type TreeNode = ScalarNode | ListNode | MapNode;

/** What Go's JSON decoder calls a node in its messages. */
export function jsonTypeName(node: TreeNode): string {
  if (node.kind === "map") return "object";
  if (node.kind === "list") return "array";
  if (node.value === null) return "null";
  return typeof node.value === "boolean" ? "bool" : typeof node.value;
}

/** The entry of a key, if there is one and it is not null. */
export function entryOf(map: MapNode, key: string): MapEntry | undefined {
  const entry = map.entries.find((each) => each.key === key);
  return entry === undefined || isNull(entry.node) ? undefined : entry;
}

/** The text of a key, if it is written and is text. */
export function textOf(map: MapNode, key: string): string | undefined {
  const node = entryOf(map, key)?.node;
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

export function isNull(node: TreeNode): boolean {
  return node.kind === "scalar" && node.value === null;
}

/** The node as plain frozen JSON data. */
export function plainOf(node: TreeNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return Object.freeze(node.items.map(plainOf));
  return Object.freeze(Object.fromEntries(node.entries.map((entry) => [entry.key, plainOf(entry.node)])));
}

const nowhere: Place = Object.freeze({ line: 0, column: 0 });
const deepest = 200;

/** A tree of a caller's plain data, or the words of what is not plain about it. */
export function treeOf(value: unknown, depth = 0): TreeNode | string {
  if (depth > deepest) return "exceeded max depth";
  if (value === null || value === undefined) return { kind: "scalar", value: null, ...nowhere };
  if (typeof value === "string" || typeof value === "boolean") return { kind: "scalar", value, ...nowhere };
  if (typeof value === "number") {
    return Number.isFinite(value) ? { kind: "scalar", value, ...nowhere } : `unsupported value: ${value}`;
  }
  if (typeof value !== "object") return `unsupported type: ${typeof value}`;
  if (Array.isArray(value)) return listOf(value, depth);
  return mapOf(value, depth);
}

function listOf(values: readonly unknown[], depth: number): TreeNode | string {
  const items: TreeNode[] = [];
  for (const value of values) {
    const node = treeOf(value, depth + 1);
    if (typeof node === "string") return node;
    items.push(node);
  }
  return { kind: "list", items, ...nowhere };
}

function mapOf(value: object, depth: number): TreeNode | string {
  const entries: MapEntry[] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const node = treeOf(inner, depth + 1);
    if (typeof node === "string") return node;
    entries.push({ key, place: nowhere, node });
  }
  return { kind: "map", entries, ...nowhere };
}
