/** AS paths as filters and the choice of routes see them. */
import type { PathSegment } from "../../../packet/wire/bgp-attributes.js";

/** Every AS number of a path, in order. */
export function pathNumbers(path: readonly PathSegment[]): number[] {
  return path.flatMap((segment) => segment.asns);
}

/** Length for the choice of routes: a set counts one. */
export function pathLength(path: readonly PathSegment[]): number {
  return path.reduce((sum, segment) => sum + (segment.kind === "set" ? 1 : segment.asns.length), 0);
}

/** The neighbouring AS, 0 if there is none. */
export function pathFirst(path: readonly PathSegment[]): number {
  const [segment] = path;
  return segment === undefined || segment.kind === "set" ? 0 : segment.asns[0]!;
}

/** The AS that began the path, 0 if it is empty or ends in a set. */
export function pathLast(path: readonly PathSegment[]): number {
  const segment = path[path.length - 1];
  return segment === undefined || segment.kind === "set" ? 0 : segment.asns[segment.asns.length - 1]!;
}

/** The path with one more AS in front. */
export function prependPath(path: readonly PathSegment[], as: number): readonly PathSegment[] {
  const [first, ...rest] = path;
  if (first === undefined || first.kind === "set") return Object.freeze([Object.freeze({ kind: "sequence", asns: Object.freeze([as]) } as const), ...path]);
  return Object.freeze([Object.freeze({ kind: "sequence", asns: Object.freeze([as, ...first.asns]) } as const), ...rest]);
}

/** `65000 65001 {1 2}`. */
export function pathText(path: readonly PathSegment[]): string {
  return path.map(({ kind, asns }) => (kind === "set" ? `{${asns.join(" ")}}` : asns.join(" "))).join(" ");
}

/** The path without the AS numbers for which `gone` holds. */
export function filterPath(path: readonly PathSegment[], gone: (as: number) => boolean): readonly PathSegment[] {
  return Object.freeze(path.map((s) => Object.freeze({ kind: s.kind, asns: Object.freeze(s.asns.filter((as) => !gone(as))) })).filter((s) => s.asns.length > 0));
}
