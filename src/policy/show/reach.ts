/* All allowed connections for people and programs: lines, CSV, a Markdown matrix, DOT, Mermaid. */
import type { Reach } from "../reach.js";
import { columns, csvLine, endText, markdownTable, portsText } from "./ports.js";

/** One line for each connection. */
export function reachText({ connections, notes, workloads }: Reach): string {
  const rows = connections.map(({ from, to, allowed }) => [endText(from), "->", `${endText(to)}:`, portsText(allowed)]);
  const count = `${connections.length} connections among ${workloads.length} workloads and the outside`;
  return [...(rows.length === 0 ? [] : [columns(rows), ""]), count, ...notes.map((note) => `note: ${note}`)].join("\n");
}

/** `from,to,protocol,first,last`, one line for each range of ports. */
export function reachCsv({ connections }: Reach): string {
  const lines = connections.flatMap(({ from, to, allowed }) =>
    (["TCP", "UDP", "SCTP"] as const).flatMap((protocol) => (allowed[protocol] ?? []).map(([first, last]) => csvLine([from, to, protocol, first, last]))),
  );
  return ["from,to,protocol,first,last", ...lines].join("\n");
}

/** Who (rows) may open what to whom (columns). */
export function reachMarkdown({ connections }: Reach): string {
  const cells = new Map(connections.map(({ from, to, allowed }) => [`${from}\0${to}`, portsText(allowed)]));
  const froms = [...new Set(connections.map((each) => each.from))];
  const tos = [...new Set(connections.map((each) => each.to))];
  const rows = froms.map((from) => [endText(from), ...tos.map((to) => cells.get(`${from}\0${to}`) ?? (from === to ? "-" : ""))]);
  return markdownTable([["from \\ to", ...tos.map(endText)], ...rows]);
}

/** A graph in the DOT language: workloads are boxes, grouped by namespace; ranges are ellipses. */
export function reachDot({ connections, workloads }: Reach): string {
  const known = new Set(workloads.map((each) => each.id));
  const ends = [...new Set([...known, ...connections.flatMap(({ from, to }) => [from, to])])];
  const spaces = new Map<string, string[]>();
  for (const end of ends) {
    const space = known.has(end) || end.includes("/") ? end.slice(0, end.indexOf("/")) : "";
    spaces.set(space, [...(spaces.get(space) ?? []), end]);
  }
  const groups = [...spaces].flatMap(([space, names]) => {
    if (space === "") return names.map((name) => `  ${quoted(name)} [shape=ellipse, label=${quoted(endText(name))}];`);
    const nodes = names.map((name) => `    ${quoted(name)} [shape=box, label=${quoted(name.slice(space.length + 1))}];`);
    return [`  subgraph ${quoted(`cluster_${space}`)} {`, `    label=${quoted(space)};`, ...nodes, "  }"];
  });
  const edges = connections.map(({ from, to, allowed }) => `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(portsText(allowed))}];`);
  return ["digraph reach {", "  rankdir=LR;", ...groups, ...edges, "}"].join("\n");
}

/** The same graph as a Mermaid flowchart. */
export function reachMermaid({ connections, workloads }: Reach): string {
  const ends = [...new Set([...workloads.map((each) => each.id), ...connections.flatMap(({ from, to }) => [from, to])])];
  const ids = new Map(ends.map((name, i) => [name, `n${i}`]));
  const nodes = ends.map((name) => (name.includes("/") ? `  ${ids.get(name)}[${mermaidText(name)}]` : `  ${ids.get(name)}([${mermaidText(endText(name))}])`));
  const edges = connections.map(({ from, to, allowed }) => `  ${ids.get(from)} -->|${mermaidText(portsText(allowed))}| ${ids.get(to)}`);
  return ["flowchart LR", ...nodes, ...edges].join("\n");
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function mermaidText(text: string): string {
  return `"${text.replaceAll("#", "#35;").replaceAll('"', "#quot;")}"`;
}
