/*
 * The form of an object as data: which fields there are and of which type. The decoder walks it.
 * `go` is the type's name in the API server's Go code, because its refusals name it.
 */

export type Shape =
  | TextShape
  | { readonly type: "int"; readonly go: "int32" | "int64" }
  | { readonly type: "bool" }
  | { readonly type: "intOrString" }
  | { readonly type: "quantity" }
  | { readonly type: "time" }
  /** Carried as it is. */
  | { readonly type: "any" }
  /** Decoded where it fits, never judged, unknown fields kept: status. */
  | { readonly type: "loose"; readonly of: Shape }
  | { readonly type: "list"; readonly of: Shape; readonly go: string }
  | { readonly type: "map"; readonly of: Shape; readonly go: string }
  | RecordShape;

export interface TextShape {
  readonly type: "text";
  readonly go: string;
}

export interface RecordShape {
  readonly type: "record";
  readonly go: string;
  readonly fields: Readonly<Record<string, Shape>>;
  /** Fields that hold Go's zero value when they are not written. */
  readonly zeroed: readonly string[];
}

/** Text, of a named Go type such as `v1.Protocol` where it has one. */
export function named(go: string): TextShape {
  return { type: "text", go };
}

export const text: TextShape = named("string");
export const int32: Shape = { type: "int", go: "int32" };
export const int64: Shape = { type: "int", go: "int64" };
export const bool: Shape = { type: "bool" };
export const intOrString: Shape = { type: "intOrString" };
export const quantity: Shape = { type: "quantity" };
export const time: Shape = { type: "time" };
export const any: Shape = { type: "any" };

export function goName(shape: Shape): string {
  switch (shape.type) {
    case "text":
    case "int":
    case "list":
    case "map":
      return shape.go;
    case "record":
      return shape.go;
    case "bool":
      return "bool";
    case "intOrString":
      return "intstr.IntOrString";
    case "quantity":
      return "resource.Quantity";
    case "time":
      return "v1.Time";
    case "loose":
      return goName(shape.of);
    default:
      return "interface {}";
  }
}

export function list(of: Shape): Shape {
  return { type: "list", of, go: `[]${goName(of)}` };
}

export function map(of: Shape): Shape {
  return { type: "map", of, go: `map[string]${goName(of)}` };
}

export function loose(of: Shape): Shape {
  return { type: "loose", of };
}

/** A record; the fields named in `zeroed` are filled with Go's zero value when absent. */
export function record(go: string, fields: Readonly<Record<string, Shape>>, ...zeroed: readonly string[]): RecordShape {
  return { type: "record", go, fields, zeroed };
}

/** Go's zero value of a shape, for fields that the types promise. */
export function zeroOf(shape: Shape): unknown {
  switch (shape.type) {
    case "text":
    case "time":
      return "";
    case "int":
    case "intOrString":
      return 0;
    case "quantity":
      return "0";
    case "bool":
      return false;
    case "list":
      return Object.freeze([]);
    case "map":
      return Object.freeze({});
    case "record":
      return Object.freeze(Object.fromEntries(shape.zeroed.map((name) => [name, zeroOf(shape.fields[name] ?? any)])));
    case "loose":
      return zeroOf(shape.of);
    default:
      return undefined;
  }
}
