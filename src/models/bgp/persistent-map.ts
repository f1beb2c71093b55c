/**
 * A map from text that is never changed: setting a key gives a new map that shares all but one path with the old one. Plain
 * frozen data, so that a program can keep a routing table in its memory and a checkpoint can copy it.
 *
 * Read first: P. Bagwell, "Ideal Hash Trees" (2001); here with 16 children to a node and no bitmaps. Order is by hash, the same on
 * every machine and whatever the order of insertions.
 */
import { fnv1a32 } from "../../base/hash.js";

interface Leaf<V> {
  readonly key: string;
  readonly hash: number;
  readonly value: V;
}
/** Keys whose hashes agree in all their bits. */
interface Bucket<V> {
  readonly leaves: readonly Leaf<V>[];
}
interface Branch<V> {
  readonly children: readonly (Trie<V> | null)[];
}
type Trie<V> = Leaf<V> | Bucket<V> | Branch<V>;

/** The map; make one with `emptyMap`. */
export interface PersistentMap<V> {
  readonly size: number;
  readonly root: Trie<V> | null;
}

const BITS = 4;
const WIDTH = 1 << BITS;
const EMPTY: PersistentMap<never> = Object.freeze({ size: 0, root: null });

const slot = (hash: number, depth: number): number => (hash >>> (depth * BITS)) & (WIDTH - 1);
const LAST_DEPTH = 32 / BITS;

/** A map without keys. */
export function emptyMap<V>(): PersistentMap<V> {
  return EMPTY;
}

/** The value of a key, undefined if there is none. */
export function mapGet<V>(map: PersistentMap<V>, key: string): V | undefined {
  return map.root === null ? undefined : find(map.root, key, fnv1a32(key));
}

function find<V>(root: Trie<V>, key: string, hash: number): V | undefined {
  let at: Trie<V> | null = root;
  for (let depth = 0; at !== null; depth++) {
    if ("leaves" in at) return at.leaves.find((leaf) => leaf.key === key)?.value;
    if ("key" in at) return at.key === key ? at.value : undefined;
    at = at.children[slot(hash, depth)]!;
  }
  return undefined;
}

function branch<V>(children: readonly (Trie<V> | null)[]): Branch<V> {
  return Object.freeze({ children: Object.freeze(children) });
}

function put<V>(at: Trie<V> | null, leaf: Leaf<V>, depth: number): Trie<V> {
  if (at === null || ("key" in at && at.key === leaf.key)) return leaf;
  if (depth === LAST_DEPTH) {
    const others = "leaves" in at ? at.leaves.filter((one) => one.key !== leaf.key) : [at as Leaf<V>];
    return Object.freeze({ leaves: Object.freeze([...others, leaf]) });
  }
  if ("key" in at) {
    const children = new Array<Trie<V> | null>(WIDTH).fill(null);
    children[slot(at.hash, depth)] = at;
    return put(branch(children), leaf, depth);
  }
  const children = (at as Branch<V>).children.slice();
  const i = slot(leaf.hash, depth);
  children[i] = put(children[i]!, leaf, depth + 1);
  return branch(children);
}

function drop<V>(at: Trie<V> | null, hash: number, key: string, depth: number): Trie<V> | null {
  if (at === null) return null;
  if ("key" in at) return at.key === key ? null : at;
  if ("leaves" in at) {
    const leaves = at.leaves.filter((leaf) => leaf.key !== key);
    return leaves.length === 0 ? null : leaves.length === at.leaves.length ? at : Object.freeze({ leaves: Object.freeze(leaves) });
  }
  const i = slot(hash, depth);
  const child = drop(at.children[i]!, hash, key, depth + 1);
  if (child === at.children[i]) return at;
  const children = at.children.slice();
  children[i] = child;
  // A branch with one leaf below it is that leaf, so that equal maps have equal forms.
  const rest = children.filter((one) => one !== null);
  if (rest.length === 0) return null;
  if (rest.length === 1 && "key" in rest[0]!) return rest[0]!;
  return branch(children);
}

/** The map with the key set. */
export function mapSet<V>(map: PersistentMap<V>, key: string, value: V): PersistentMap<V> {
  const hash = fnv1a32(key);
  const known = map.root === null ? undefined : find(map.root, key, hash);
  if (known === value && known !== undefined) return map;
  const root = put(map.root, Object.freeze({ key, hash, value }), 0);
  return Object.freeze({ size: known === undefined ? map.size + 1 : map.size, root });
}

/** The map without the key. */
export function mapDelete<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  const root = drop(map.root, fnv1a32(key), key, 0);
  return root === map.root ? map : Object.freeze({ size: map.size - 1, root });
}

function collect<V>(at: Trie<V> | null, out: [string, V][]): void {
  if (at === null) return;
  if ("key" in at) out.push([at.key, at.value]);
  else if ("leaves" in at) for (const leaf of at.leaves) out.push([leaf.key, leaf.value]);
  else for (const child of at.children) collect(child, out);
}

/** Every key with its value. */
export function mapEntries<V>(map: PersistentMap<V>): [string, V][] {
  const out: [string, V][] = [];
  collect(map.root, out);
  return out;
}
