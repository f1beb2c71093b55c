/** JSON patches, as `kubectl patch --type=json` sends them. Read first: RFC 6902, RFC 6901; evanphx/json-patch for what is refused. */
import { sameData } from "../../base/same-data.js";

type Tree = Readonly<Record<string, unknown>>;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** The operations of a patch; undefined where it is none. */
export function readJsonPatch(patch: unknown): readonly Operation[] | undefined {
  if (!Array.isArray(patch)) return undefined;
  const fits = patch.every((each: unknown) => typeof each === "object" && each !== null && typeof (each as Operation).op === "string" && typeof (each as Operation).path === "string");
  return fits ? (patch as readonly Operation[]) : undefined;
}

/** The document after all operations; undefined as soon as one of them does not apply. */
export function jsonPatched(document: unknown, operations: readonly Operation[]): unknown {
  let now = document;
  for (const { op, path, from = "", value } of operations) {
    const keys = keysOf(path);
    const source = keysOf(from);
    if (op === "add") now = put(now, keys, value, "add");
    else if (op === "replace") now = put(now, keys, value, "replace");
    else if (op === "remove") now = put(now, keys, undefined, "remove");
    else if (op === "test") now = sameData(at(now, keys), value) ? now : undefined;
    else if (op === "copy") now = put(now, keys, at(now, source), "add");
    else if (op === "move") now = put(put(now, source, undefined, "remove"), keys, at(now, source), "add");
    else return undefined;
    if (now === undefined) return undefined;
  }
  return now;
}

/** The keys of a pointer: `/metadata/labels/a~1b` */
function keysOf(pointer: string): readonly string[] {
  return pointer.split("/").slice(1).map((key) => key.replace(/~1/g, "/").replace(/~0/g, "~"));
}

function at(tree: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => (Array.isArray(found) ? (found as readonly unknown[])[Number(key)] : isTree(found) && Object.hasOwn(found, key) ? found[key] : undefined), tree);
}

/** A copy with one place changed; undefined where there is no such place. */
function put(tree: unknown, [key, ...below]: readonly string[], value: unknown, how: "add" | "replace" | "remove"): unknown {
  if (key === undefined) return how === "remove" ? undefined : value;
  if (Array.isArray(tree)) return putItem(tree, key, below, value, how);
  if (!isTree(tree)) return undefined;
  const known = Object.hasOwn(tree, key);
  if (below.length > 0) {
    const inner = known ? put(tree[key], below, value, how) : undefined;
    return inner === undefined ? undefined : { ...tree, [key]: inner };
  }
  if (how !== "add" && !known) return undefined;
  if (how !== "remove") return { ...tree, [key]: value };
  const { [key]: _, ...others } = tree;
  return others;
}

function putItem(list: readonly unknown[], key: string, below: readonly string[], value: unknown, how: "add" | "replace" | "remove"): unknown {
  const i = key === "-" ? list.length : Number(key);
  if (!Number.isInteger(i) || i < 0 || i > list.length || ((below.length > 0 || how !== "add") && i === list.length)) return undefined;
  if (below.length > 0) {
    const inner = put(list[i], below, value, how);
    return inner === undefined ? undefined : list.map((item, at) => (at === i ? inner : item));
  }
  return [...list.slice(0, i), ...(how === "remove" ? [] : [value]), ...list.slice(how === "add" ? i : i + 1)];
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
