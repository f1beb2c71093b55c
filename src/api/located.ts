/* Objects that remember where they were written. */
import type { KubeObject } from "./kinds.js";

/** Where an object stands in its file; plain data. */
export interface SourceRef {
  readonly file: string;
  /** Line of the object's first key, counted from 1. */
  readonly line: number;
  /** Field path (`spec.ports[0].port`) to its line and column, both counted from 1. */
  readonly places: Readonly<Record<string, readonly [line: number, column: number]>>;
}

/** An object and where it was read. */
export interface Located<T extends KubeObject = KubeObject> {
  readonly object: T;
  readonly source: SourceRef;
}

/** Line and column of a field, or of the nearest thing around it that was written. */
export function placeOf(source: SourceRef, path: string): readonly [line: number, column: number] {
  let at = path;
  for (;;) {
    const place = Object.hasOwn(source.places, at) ? source.places[at] : undefined;
    if (place !== undefined) return place;
    if (at === "") return [source.line, 1];
    at = parentPath(at);
  }
}

function parentPath(path: string): string {
  if (path.endsWith("]")) return path.slice(0, path.lastIndexOf("["));
  return path.slice(0, Math.max(0, path.lastIndexOf(".")));
}
