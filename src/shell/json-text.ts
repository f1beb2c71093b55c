/** JSON as iproute2 writes it (lib/json_writer.c): in one line, or `-p` with four blanks a level. */

/** A number with the digits that are to be written. */
export interface JsonNumber {
  readonly digits: string;
}

export type Json = string | number | boolean | null | JsonNumber | readonly Json[] | { readonly [key: string]: Json };

const INDENT = "    ";

export function jsonText(value: Json, pretty: boolean, depth = 0): string {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return JSON.stringify(value);
  if (isList(value)) {
    const items = value.map((item) => jsonText(item, pretty, depth + 1)).join(",");
    if (!pretty) return `[${items}]`;
    return items === "" ? "[ ]" : `[ ${items} ]`;
  }
  if (isNumber(value)) return value.digits;
  const end = pretty ? `\n${INDENT.repeat(depth)}` : "";
  const next = pretty ? `${end}${INDENT}` : "";
  const members = Object.keys(value).map((key) => `${next}${JSON.stringify(key)}:${pretty ? " " : ""}${jsonText(value[key]!, pretty, depth + 1)}`);
  return members.length === 0 ? "{}" : `{${members.join(",")}${end}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isNumber(value: Json): value is JsonNumber {
  return typeof (value as { readonly digits?: unknown }).digits === "string";
}
