/**
 * The API server's store: frozen objects by kind and name, one rising revision, no behaviour. Read first: kubernetes
 * apiserver `pkg/registry/generic/registry/store.go`.
 */
import { extended } from "../base/extended.js";
import { compareText } from "../base/names.js";
import { deepFreeze, type Kind, type KubeObject, type ObjectMeta, type ObjectOfKind } from "../api/index.js";
import { sameData } from "../base/same-data.js";

/** One write, as a watch tells it; `old` is what stood there before. */
export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly old: KubeObject | null;
}

/** What the server stamps on new objects. */
export interface Stamps {
  /** RFC 3339 */
  time(): string;
  uid(): string;
}

export interface StoreState {
  readonly revision: number;
  readonly kinds: ReadonlyMap<Kind, ReadonlyMap<string, KubeObject>>;
}

/** `ns/name`, or the bare name of what lives in no namespace. */
export function keyOf(object: KubeObject): string {
  return keyIn(object.metadata.namespace ?? "", object.metadata.name);
}

export function keyIn(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

export class Store {
  /** The revision of the last write. */
  revision = 0;
  private kinds = new Map<Kind, Map<string, KubeObject>>();

  constructor(
    private readonly stamps: Stamps,
    private readonly heard: (change: Change) => void,
  ) {}

  get<K extends Kind>(kind: K, key: string): ObjectOfKind<K> | undefined {
    return this.kinds.get(kind)?.get(key) as ObjectOfKind<K> | undefined;
  }

  /** Every object of a kind, in no order that means anything. */
  each<K extends Kind>(kind: K): Iterable<ObjectOfKind<K>> {
    return (this.kinds.get(kind)?.values() ?? []) as Iterable<ObjectOfKind<K>>;
  }

  /** In the order of a list request: byte order of namespace, then of name. */
  list<K extends Kind>(kind: K): readonly ObjectOfKind<K>[] {
    return [...this.each(kind)].sort(
      (a, b) => compareText(a.metadata.namespace ?? "", b.metadata.namespace ?? "") || compareText(a.metadata.name, b.metadata.name),
    );
  }

  /** Kinds of which there is or was an object. */
  kindsHeld(): readonly Kind[] {
    return [...this.kinds.keys()];
  }

  count(kind: Kind): number {
    return this.kinds.get(kind)?.size ?? 0;
  }

  /** Stores an object that is not there yet and returns it as stored. */
  create<T extends KubeObject>(object: T): T {
    const stamped: ObjectMeta = {
      ...object.metadata,
      uid: this.stamps.uid(),
      resourceVersion: this.nextRevision(),
      creationTimestamp: this.stamps.time(),
      ...(Object.hasOwn(object, "spec") ? { generation: 1 } : {}),
    };
    const stored = deepFreeze(extended(object, { metadata: stamped }));
    this.ofKind(object.kind).set(keyOf(stored), stored);
    this.heard({ type: "ADDED", object: stored, old: null });
    return stored;
  }

  /** Puts a new state in place of the old one; what changes no byte writes nothing. */
  update<T extends KubeObject>(object: T): T {
    const objects = this.ofKind(object.kind);
    const key = keyOf(object);
    const old = objects.get(key);
    if (old === undefined || sameData(old, object)) return (old ?? object) as T;
    const generation = old.metadata.generation;
    const raised =
      !sameSpec(old, object) || (object.metadata.deletionTimestamp !== undefined && old.metadata.deletionTimestamp === undefined);
    const metadata: ObjectMeta = {
      ...object.metadata,
      resourceVersion: this.nextRevision(),
      ...(generation === undefined ? {} : { generation: raised ? generation + 1 : generation }),
    };
    const stored = deepFreeze(extended(object, { metadata }));
    objects.set(key, stored);
    this.heard({ type: "MODIFIED", object: stored, old });
    return stored;
  }

  /** Takes an object out; its last state carries the revision of its end. */
  remove(kind: Kind, key: string): void {
    const old = this.kinds.get(kind)?.get(key);
    if (old === undefined) return;
    this.ofKind(kind).delete(key);
    const object = deepFreeze({ ...old, metadata: { ...old.metadata, resourceVersion: this.nextRevision() } });
    this.heard({ type: "DELETED", object, old });
  }

  save(): StoreState {
    return { revision: this.revision, kinds: new Map([...this.kinds].map(([kind, objects]) => [kind, new Map(objects)])) };
  }

  restore(state: StoreState): void {
    this.revision = state.revision;
    this.kinds = new Map(
      [...state.kinds].map(([kind, objects]) => [kind, new Map([...objects].map(([key, object]) => [key, deepFreeze(object)]))]),
    );
  }

  private ofKind(kind: Kind): Map<string, KubeObject> {
    let objects = this.kinds.get(kind);
    if (objects === undefined) this.kinds.set(kind, (objects = new Map()));
    return objects;
  }

  private nextRevision(): string {
    return String(++this.revision);
  }
}

/** Everything but metadata and status. */
function sameSpec(a: KubeObject, b: KubeObject): boolean {
  const others = { metadata: null, status: null };
  return sameData(extended(a, others), extended(b, others));
}
