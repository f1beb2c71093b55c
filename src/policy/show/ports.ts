/* Sets of ports and tables of text as every printer writes them. */
import type { AllowedPorts } from "../allowed-ports.js";

const names = ["TCP", "UDP", "SCTP"] as const;

/** `TCP 80, 8000-8100; UDP 53`, `TCP all`, `all`, or `nothing`. */
export function portsText(ports: AllowedPorts): string {
  const whole = (name: (typeof names)[number]): boolean => ports[name]?.[0]?.[0] === 1 && ports[name]?.[0]?.[1] === 65535;
  if (names.every(whole)) return "all";
  const parts = names.flatMap((name) => {
    const ranges = ports[name];
    if (ranges === undefined || ranges.length === 0) return [];
    return [`${name} ${whole(name) ? "all" : ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ")}`];
  });
  return parts.length === 0 ? "nothing" : parts.join("; ");
}

/** `0.0.0.0-255.255.255.255` as `all IPv4`; every other name as it is. */
export function endText(name: string): string {
  if (name === "0.0.0.0-255.255.255.255") return "all IPv4";
  return name === "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" ? "all IPv6" : name;
}

/** Rows in columns, two spaces apart, without blanks at line ends. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()).join("\n");
}

/** One line of CSV (RFC 4180). */
export function csvLine(cells: readonly (string | number)[]): string {
  return cells.map((cell) => (/[",\r\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell))).join(",");
}

/** A Markdown table; the first row is its head. */
export function markdownTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** `file:line`, or nothing for what was read from no file. */
export function placeText({ file, line }: { readonly file: string; readonly line: number }): string {
  return file === "" ? "" : `${file}:${line}`;
}
