/* Values as Go prints them in the API server's messages. */

const named: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, "0");
}

/** `%q`: a quoted string with Go's escapes. */
export function goQuote(text: string): string {
  const escaped = text.replace(/[\p{Cc}"\\]/gu, (char) => {
    if (Object.hasOwn(named, char)) return named[char] ?? char;
    return char.charCodeAt(0) < 0x80 ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`;
  });
  return `"${escaped}"`;
}

/** `encoding/json`: keys of plain maps sorted when `sorted`, and `<`, `>`, `&` escaped. */
export function goJson(value: unknown, sorted = false): string {
  return JSON.stringify(sorted ? sortKeys(value) : value).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${hex(char, 4)}`);
}

function sortKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** A bad value inside a message: numbers and booleans bare, text quoted, the rest as JSON. */
export function goValue(value: unknown): string {
  if (typeof value === "string") return goQuote(value);
  return typeof value === "object" ? goJson(value, true) : String(value);
}
