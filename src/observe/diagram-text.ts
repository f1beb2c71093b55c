/** Text as the languages of diagrams take it. */

/** A string of DOT (graphviz): in quotes, `\\n` for a new line. */
export function dotText(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** A label of a Mermaid flowchart: in quotes, entities for what would end it. */
export function flowText(text: string): string {
  return `"${text.replaceAll("#", "#35;").replaceAll('"', "#quot;").replaceAll("\n", "<br/>")}"`;
}

/** A message, note or name of a Mermaid sequence diagram, which ends at the line or at a semicolon. */
export function sequenceText(text: string): string {
  return text.replaceAll("#", "#35;").replaceAll(";", "#59;").replaceAll("\n", "<br/>");
}
