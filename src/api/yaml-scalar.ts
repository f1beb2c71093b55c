/*
 * What a plain (unquoted) YAML scalar means to kubectl.
 * Read first: kubernetes-sigs/yaml goyaml.v2/resolve.go. It is YAML 1.1 with differences: no base-60 numbers,
 * 0o octals, dates left as text, and a number may carry underscores.
 */

const trueWords: ReadonlySet<string> = new Set(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const falseWords: ReadonlySet<string> = new Set(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);
const nullWords: ReadonlySet<string> = new Set(["", "~", "null", "Null", "NULL"]);
const notFinite: ReadonlyMap<string, number> = new Map(
  [".nan", ".NaN", ".NAN"]
    .map((word): [string, number] => [word, Number.NaN])
    .concat([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Number.POSITIVE_INFINITY]))
    .concat(["-.inf", "-.Inf", "-.INF"].map((word) => [word, Number.NEGATIVE_INFINITY])),
);

const floatForm = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const decimalForm = /^[-+]?(?:0|[1-9][0-9]*)$/;
const prefixedForm = /^([-+]?)0([xXoObB]?)([0-9a-fA-F]+)$/;

/** The value of a plain scalar; NaN and infinities come out as such, though no Kubernetes field takes them. */
export function resolvePlain(text: string): string | number | boolean | null {
  if (trueWords.has(text)) return true;
  if (falseWords.has(text)) return false;
  if (nullWords.has(text)) return null;
  const special = notFinite.get(text);
  if (special !== undefined) return special;
  if (!/^[-+.0-9]/.test(text)) return text;

  const digits = text.startsWith(".") ? text : text.replaceAll("_", "");
  return integer(digits) ?? (floatForm.test(digits) ? Number(digits) : text);
}

function integer(digits: string): number | undefined {
  if (decimalForm.test(digits)) return Number(digits);
  const prefixed = prefixedForm.exec(digits);
  if (prefixed === null) return undefined;
  const [, sign, prefix = "", body = ""] = prefixed;
  const base = prefix === "" || prefix === "o" || prefix === "O" ? 8 : prefix === "x" || prefix === "X" ? 16 : 2;
  const highest = base === 16 ? /^[0-9a-fA-F]+$/ : base === 8 ? /^[0-7]+$/ : /^[01]+$/;
  if (!highest.test(body)) return undefined;
  const value = Number.parseInt(body, base);
  return sign === "-" ? -value : value;
}
