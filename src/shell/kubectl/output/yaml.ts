/**
 * YAML as kubectl prints it. Read first: kubernetes-sigs/yaml goyaml.v2, encode.go (which strings may be plain) and emitterc.go
 * (analyze_scalar, select_scalar_style and the writers): keys in natural order, lists not indented, lines folded after column 80.
 */
import { compareKeys } from "./natural-order.js";
import { scalarText } from "./yaml-scalar-text.js";

/** A whole document of plain JSON data. */
export function yamlText(value: unknown): string {
  const out: string[] = [];
  node(out, value, 0, 0, "");
  return out.join("");
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** Writes a node that begins at `column` of its line after `lead`; `indent` is that of its own block. */
function node(out: string[], value: unknown, indent: number, column: number, lead: string): void {
  if (isMap(value)) {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined).sort(compareKeys);
    if (keys.length === 0) out.push(`${lead}{}\n`);
    else keys.forEach((key, i) => entry(out, key, value[key], indent, i === 0 ? lead : " ".repeat(indent)));
  } else if (isList(value)) {
    if (value.length === 0) out.push(`${lead}[]\n`);
    else value.forEach((item, i) => node(out, item, indent + 2, indent + 2, `${i === 0 ? lead : " ".repeat(indent)}- `));
  } else {
    out.push(`${lead}${scalarText(value, column, indent)}\n`);
  }
}

function entry(out: string[], key: string, value: unknown, indent: number, lead: string): void {
  const name = scalarText(key, indent, null);
  if (isMap(value) && Object.keys(value).length > 0) {
    out.push(`${lead}${name}:\n`);
    node(out, value, indent + 2, indent + 2, " ".repeat(indent + 2));
  } else if (isList(value) && value.length > 0) {
    out.push(`${lead}${name}:\n`);
    node(out, value, indent, indent, " ".repeat(indent));
  } else {
    node(out, value, indent + 2, indent + [...name].length + 2, `${lead}${name}: `);
  }
}
