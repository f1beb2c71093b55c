import { compareText } from "../../../base/names.js";

/** JSON as kubectl prints it: Go's encoding with keys in byte order and four blanks of indent. */
export function jsonText(value: unknown): string {
  return `${write(value, "")}\n`;
}

function write(value: unknown, indent: string): string {
  const inner = `${indent}    `;
  if (Array.isArray(value)) return block("[", value.map((item) => write(item, inner)), "]", indent);
  if (typeof value !== "object" || value === null) return escaped(JSON.stringify(value ?? null));
  const entries = Object.entries(value).filter(([, item]) => item !== undefined).sort(([a], [b]) => compareText(a, b));
  return block("{", entries.map(([key, item]) => `${escaped(JSON.stringify(key))}: ${write(item, inner)}`), "}", indent);
}

function block(open: string, items: readonly string[], close: string, indent: string): string {
  return items.length === 0 ? open + close : `${open}\n${items.map((item) => `${indent}    ${item}`).join(",\n")}\n${indent}${close}`;
}

function escaped(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
