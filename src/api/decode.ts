/*
 * From an untrusted tree to a frozen, typed record. Wrong types are refused in the words of the API server's JSON
 * decoder, unknown fields are reported and left out. Read first: sigs.k8s.io/json, Go's encoding/json
 * UnmarshalTypeError, and k8s.io/apiextensions-apiserver pkg/apiserver/validation for the custom kinds.
 */
import type { KindInfo } from "./kinds.js";
import { shapeOfKind } from "./shapes/index.js";
import { goName, type RecordShape, type Shape, zeroOf } from "./shapes/shape.js";
import { isNull, jsonTypeName, plainOf, type MapNode, type Place, type TreeNode } from "./tree.js";
import { nearestName } from "./nearest-name.js";

/** A fault at a field, before it is known in which file. */
export interface DecodeFault extends Place {
  readonly code: "wrong-type" | "unknown-field" | "malformed-value";
  readonly path: string;
  readonly message: string;
  readonly fix?: string;
}

export interface Decoded {
  /** Has the kind's type if there is no fault but unknown fields. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly faults: readonly DecodeFault[];
  readonly places: Readonly<Record<string, readonly [line: number, column: number]>>;
}

/** Where the decoder stands: field path, the same without indices as Go prints it, and the struct around. */
interface At {
  readonly path: string;
  readonly goPath: string;
  readonly struct: string;
  readonly place: Place;
}

/** Decodes one object as the kind it says it is. */
export function decodeObject(tree: MapNode, info: KindInfo): Decoded {
  const decoder = new Decoder(/^(policy\.networking\.k8s\.io|projectcalico\.org)\//.test(info.apiVersion));
  const shape = shapeOfKind[info.kind];
  const value = decoder.record(tree, shape, { path: "", goPath: "", struct: info.kind, place: tree });
  return { value, faults: decoder.faults, places: Object.freeze(Object.fromEntries(decoder.places)) };
}

/** Decodes a record that is no object of the API: a config file. */
export function decodeRecord(tree: MapNode, shape: RecordShape): Decoded {
  const decoder = new Decoder(false);
  const value = decoder.record(tree, shape, { path: "", goPath: "", struct: bareName(shape.go), place: tree });
  return { value, faults: decoder.faults, places: Object.freeze(Object.fromEntries(decoder.places)) };
}

function bareName(go: string): string {
  return go.slice(go.lastIndexOf(".") + 1);
}

const quantityForm = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[kMGTPE]i?|Ki|[mun]|[eE][-+]?[0-9]+)?$/;
const quantityWords = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})$/;
const base64Form = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

class Decoder {
  readonly faults: DecodeFault[] = [];
  readonly places = new Map<string, readonly [number, number]>();
  #judging = true;

  constructor(private readonly custom: boolean) {}

  record(tree: MapNode, shape: RecordShape, at: At): Readonly<Record<string, unknown>> {
    const written = new Map<string, unknown>();
    for (const { key, place, node } of tree.entries) {
      const path = at.path === "" ? key : `${at.path}.${key}`;
      const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
      this.#placed(path, place);
      if (field === undefined) {
        if (!this.#judging) written.set(key, plainOf(node));
        else this.#unknown(path, key, shape, place);
        continue;
      }
      const goPath = at.goPath === "" ? key : `${at.goPath}.${key}`;
      const value = this.#value(node, field, { path, goPath, struct: bareName(shape.go), place });
      if (value !== undefined) written.set(key, value);
    }
    for (const name of shape.zeroed) {
      const field = shape.fields[name];
      if (field !== undefined && !written.has(name)) written.set(name, zeroOf(field));
    }
    return Object.freeze(Object.fromEntries(written));
  }

  /** The value, or undefined where nothing usable is written. */
  #value(node: TreeNode, shape: Shape, at: At): unknown {
    if (isNull(node)) return undefined;
    switch (shape.type) {
      case "any":
        return plainOf(node);
      case "loose":
        return this.#loosely(node, shape.of, at);
      case "record":
        return node.kind === "map" ? this.record(node, shape, at) : this.#wrongType(node, shape, at);
      case "list":
        return node.kind === "list" ? this.#list(node.items, shape.of, at) : this.#wrongType(node, shape, at);
      case "map":
        return node.kind === "map" ? this.#map(node, shape.of, at) : this.#wrongType(node, shape, at);
      default:
        return node.kind === "scalar" ? this.#scalar(node.value, shape, node, at) : this.#wrongType(node, shape, at);
    }
  }

  #loosely(node: TreeNode, shape: Shape, at: At): unknown {
    const before = this.#judging;
    this.#judging = false;
    const value = this.#value(node, shape, at);
    this.#judging = before;
    return value;
  }

  #list(items: readonly TreeNode[], of: Shape, at: At): readonly unknown[] {
    const values = items.map((item, index) => {
      const path = `${at.path}[${index}]`;
      this.#placed(path, item);
      const value = this.#value(item, of, { ...at, path, place: item });
      return value ?? zeroOf(of);
    });
    return Object.freeze(values);
  }

  #map(node: MapNode, of: Shape, at: At): Readonly<Record<string, unknown>> {
    const entries = node.entries.map((entry): [string, unknown] => {
      const path = `${at.path}[${entry.key}]`;
      this.#placed(path, entry.place);
      return [entry.key, this.#value(entry.node, of, { ...at, path, place: entry.place }) ?? zeroOf(of)];
    });
    return Object.freeze(Object.fromEntries(entries));
  }

  #scalar(value: string | number | boolean | null, shape: Shape, node: TreeNode, at: At): unknown {
    switch (shape.type) {
      case "text":
        if (typeof value !== "string") return this.#wrongType(node, shape, at);
        if (shape.go === "[]uint8" && !base64Form.test(value)) return this.#malformed("illegal base64 data", at);
        return value;
      case "bool":
        return typeof value === "boolean" ? value : this.#wrongType(node, shape, at);
      case "int":
        return typeof value === "number" && fits(value, shape.go) ? value : this.#wrongType(node, shape, at);
      case "intOrString":
        if (typeof value === "string") return value;
        return typeof value === "number" && fits(value, "int32") ? value : this.#wrongType(node, shape, at);
      case "quantity":
        if (typeof value !== "boolean" && value !== null && quantityForm.test(String(value))) return String(value);
        return this.#malformed(quantityWords, at);
      case "time":
        if (typeof value !== "string") return this.#wrongType(node, shape, at);
        return timeForm.test(value) ? value : this.#malformed(timeWords(value), at);
      default:
        return undefined;
    }
  }

  #placed(path: string, place: Place): void {
    if (place.line > 0) this.places.set(path, Object.freeze([place.line, place.column] as const));
  }

  #unknown(path: string, key: string, shape: RecordShape, place: Place): void {
    const near = nearestName(key, Object.keys(shape.fields));
    const fix = near === undefined ? {} : { fix: `write ${near}` };
    this.#fault({ code: "unknown-field", path, message: `unknown field ${JSON.stringify(path)}`, ...fix }, place);
  }

  #malformed(message: string, at: At): undefined {
    this.#fault({ code: "malformed-value", path: at.path, message }, at.place);
    return undefined;
  }

  #wrongType(node: TreeNode, shape: Shape, at: At): undefined {
    const message = this.custom ? customWords(node, shape, at.path) : goWords(node, shape, at);
    this.#fault({ code: "wrong-type", path: at.path, message, ...quoteFix(node, shape) }, at.place);
    return undefined;
  }

  #fault(fault: Omit<DecodeFault, keyof Place>, place: Place): void {
    if (this.#judging) this.faults.push(Object.freeze({ ...fault, line: place.line, column: place.column }));
  }
}

function fits(value: number, go: "int32" | "int64"): boolean {
  const limit = go === "int32" ? 2 ** 31 : 2 ** 63;
  return Number.isInteger(value) && value >= -limit && value < limit;
}

/** `json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32` */
function goWords(node: TreeNode, shape: Shape, at: At): string {
  const isNumber = node.kind === "scalar" && typeof node.value === "number";
  const wantsInteger = shape.type === "int" || shape.type === "intOrString";
  const found = isNumber && wantsInteger ? `number ${String(node.value)}` : jsonTypeName(node);
  if (shape.type === "intOrString") return `json: cannot unmarshal ${found} into Go value of type int32`;
  if (shape.type === "time") return `json: cannot unmarshal ${found} into Go value of type string`;
  return `json: cannot unmarshal ${found} into Go struct field ${at.struct}.${at.goPath} of type ${goName(shape)}`;
}

/** `Invalid value: "string": spec.priority in body must be of type integer: "string"`, as for custom resources. */
function customWords(node: TreeNode, shape: Shape, path: string): string {
  const jsonType = jsonTypeName(node);
  const found = jsonType === "bool" ? "boolean" : jsonType === "number" && isWhole(node) ? "integer" : jsonType;
  return `Invalid value: "${found}": ${path} in body must be of type ${customType(shape)}: "${found}"`;
}

function isWhole(node: TreeNode): boolean {
  return node.kind === "scalar" && Number.isInteger(node.value);
}

function customType(shape: Shape): string {
  switch (shape.type) {
    case "record":
    case "map":
      return "object";
    case "list":
      return "array";
    case "int":
      return "integer";
    case "bool":
      return "boolean";
    default:
      return "string";
  }
}

function quoteFix(node: TreeNode, shape: Shape): { readonly fix?: string } {
  if (shape.type !== "text" || node.kind !== "scalar") return {};
  return { fix: `quote it: ${JSON.stringify(String(node.value))}` };
}

function timeWords(value: string): string {
  const form = "2006-01-02T15:04:05Z07:00";
  return `parsing time ${JSON.stringify(value)} as "${form}": cannot parse ${JSON.stringify(value)} as "2006"`;
}
