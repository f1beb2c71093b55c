/**
 * One scalar of printed YAML: plain where that reads back as the same text, else quoted; several lines as a literal block.
 * Read first: goyaml.v2 emitterc.go, yaml_emitter_analyze_scalar and the yaml_emitter_write_*_scalar functions.
 */

/** Lines are folded at the first single blank after this column. */
const WIDTH = 80;

/** Text of a scalar that begins at `column`; its further lines are indented by `indent` (null: a key, never folded). */
export function scalarText(value: unknown, column: number, indent: number | null): string {
  if (typeof value !== "string") return value === null || value === undefined ? "null" : String(value);
  const form = analyze(value);
  if (value.includes("\n")) return form.block && indent !== null ? literal(value, indent) : doubleQuoted(value, column, indent);
  if (resolvesToOther(value)) return doubleQuoted(value, column, indent);
  if (form.plain) return folded(value, column, indent, false);
  return form.single ? `'${folded(value.replaceAll("'", "''"), column + 1, indent, true)}'` : doubleQuoted(value, column, indent);
}

const WORDS: ReadonlySet<string> = new Set(
  ["y", "Y", "n", "N", "", "~"].concat(["yes", "on", "no", "off", "true", "false", "null"].flatMap((w) => [w, w[0]!.toUpperCase() + w.slice(1), w.toUpperCase()])),
);
const SPECIAL = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(?:0b[01]+|0o?[0-7]+|0x[0-9a-fA-F]+|[0-9]+)$/i;
const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/;
const DATE = /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](?=.*(?:Z|[-+]\d\d:\d\d)$)| +(?!.*[Z+]))(\d\d?):(\d\d?):(\d\d?)(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?$/;

/** True where the bare text would be read as something that is no text. */
function resolvesToOther(text: string): boolean {
  if (WORDS.has(text) || SPECIAL.test(text) || BASE60.test(text) || isDate(text)) return true;
  if (!/^[-+.0-9]/.test(text)) return false;
  const bare = text.startsWith(".") ? text : text.replaceAll("_", "");
  return INTEGER.test(bare) || (FLOAT.test(bare) && Number.isFinite(Number(bare)));
}

function isDate(text: string): boolean {
  const parts = DATE.exec(text);
  if (parts === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
}

interface Form {
  readonly plain: boolean;
  readonly single: boolean;
  readonly block: boolean;
}

const FIRST = "#,[]{}&*!|>'\"%@`";
const isBlank = (char: string | undefined): boolean => char === undefined || char === " " || char === "\t" || isBreak(char);
const isBreak = (char: string | undefined): boolean => char !== undefined && "\n\r\u0085\u2028\u2029".includes(char);

function isPrintable(char: string): boolean {
  const code = char.codePointAt(0)!;
  if (code < 0xa0) return code === 0x0a || (code >= 0x20 && code <= 0x7e);
  return code < 0xfffe && code !== 0xfeff && !(code >= 0xd800 && code <= 0xdfff);
}

function analyze(text: string): Form {
  const chars = [...text];
  let indicators = text.startsWith("---") || text.startsWith("...");
  let special = false;
  let tabs = false;
  let breakSpace = false;
  let spaceBreak = false;
  chars.forEach((char, i) => {
    const next = chars[i + 1];
    if (i === 0 && FIRST.includes(char)) indicators = true;
    else if ((char === ":" || (i === 0 && (char === "?" || char === "-"))) && isBlank(next)) indicators = true;
    else if (char === "#" && isBlank(chars[i - 1])) indicators = true;
    if (char === "\t") tabs = true;
    else if (!isPrintable(char)) special = true;
    if (char === " " && isBreak(chars[i - 1])) breakSpace = true;
    if (isBreak(char) && chars[i - 1] === " ") spaceBreak = true;
  });
  const first = chars[0];
  const last = chars[chars.length - 1];
  const edges = first === " " || isBreak(first) || last === " " || isBreak(last);
  const single = !breakSpace && !spaceBreak && !special && !tabs;
  return { single, plain: single && !edges && !indicators && !text.includes("\n"), block: !spaceBreak && !special && !tabs && last !== " " };
}

/** The text with single blanks beyond the width turned into line ends. */
function folded(text: string, column: number, indent: number | null, quoted: boolean): string {
  if (indent === null) return text;
  const chars = [...text];
  let out = "";
  let at = column;
  let spaces = false;
  chars.forEach((char, i) => {
    const inner = !quoted || (i > 0 && i < chars.length - 1);
    if (char === " " && !spaces && inner && at > WIDTH && chars[i + 1] !== " ") {
      out += `\n${" ".repeat(indent)}`;
      at = indent;
      spaces = true;
      return;
    }
    spaces = char === " ";
    out += char;
    at++;
  });
  return out;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0", "\u0007": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\u001b": "e",
  '"': '"', "\\": "\\", "\u0085": "N", "\u00a0": "_", "\u2028": "L", "\u2029": "P",
};

function escaped(char: string): string {
  const code = char.codePointAt(0)!;
  if (isPrintable(char) && !isBreak(char) && char !== '"' && char !== "\\") return char;
  if (Object.hasOwn(ESCAPES, char)) return `\\${ESCAPES[char]}`;
  const hex = (digits: number): string => code.toString(16).toUpperCase().padStart(digits, "0");
  return code <= 0xff ? `\\x${hex(2)}` : code <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

function doubleQuoted(text: string, column: number, indent: number | null): string {
  const chars = [...text];
  let out = '"';
  let at = column + 1;
  let spaces = false;
  chars.forEach((char, i) => {
    if (char === " " && indent !== null && !spaces && at > WIDTH && i > 0 && i < chars.length - 1) {
      const bar = chars[i + 1] === " " ? "\\" : "";
      out += `\n${" ".repeat(indent)}${bar}`;
      at = indent + bar.length;
      spaces = true;
      return;
    }
    spaces = char === " ";
    const piece = escaped(char);
    out += piece;
    at += [...piece].length;
  });
  return `${out}"`;
}

function literal(text: string, indent: number): string {
  const hint = text.startsWith(" ") || isBreak(text[0]) ? "2" : "";
  const chomp = !text.endsWith("\n") ? "-" : text === "\n" || text.endsWith("\n\n") ? "+" : "";
  const lines = (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n");
  return `|${hint}${chomp}\n${lines.map((line) => (line === "" ? "" : " ".repeat(indent) + line)).join("\n")}`;
}
