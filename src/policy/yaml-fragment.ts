/* Plain data as a block of YAML, as a person would write it into a manifest. */

/** Lines of YAML without a final line break; `item` makes it an entry of a list. */
export function yamlFragment(value: unknown, item = false): string {
  return (item ? linesOf([value]) : linesOf(value)).join("\n");
}

function linesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ["[]"];
    return value.flatMap((each) => linesOf(each).map((line, i) => (i === 0 ? `- ${line}` : `  ${line}`)));
  }
  if (typeof value !== "object" || value === null) return [scalar(value)];
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return ["{}"];
  return entries.flatMap(([key, each]) => {
    const lines = linesOf(each);
    const flat = lines.length === 1 && (typeof each !== "object" || each === null || /^[[{]/.test(lines[0]!));
    return flat ? [`${scalar(key)}: ${lines[0]}`] : [`${scalar(key)}:`, ...lines.map((line) => `  ${line}`)];
  });
}

/** Quoted wherever YAML could read anything but this very text. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const plain = /^[A-Za-z][A-Za-z0-9_./-]*$/.test(value) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(value);
  return plain ? value : JSON.stringify(value);
}
