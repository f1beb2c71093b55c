/** An answer as JSON, two spaces deep, port ranges on one line. */
export function jsonText(answer: unknown): string {
  return JSON.stringify(answer, null, 2).replace(/\[\s+(\d+),\s+(\d+)\s+\]/g, "[$1, $2]");
}
