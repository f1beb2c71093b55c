/** `-o custom-columns=NAME:.metadata.name,...`. */
import type { KubeObject } from "../../../api/index.js";
import { Ended } from "../../output.js";
import { jsonPathValues, valueText } from "../output/json-path.js";
import { TabWriter } from "../output/tab-writer.js";

export function customColumnsText(spec: string, objects: readonly KubeObject[], headers: boolean): string {
  if (spec === "") throw new Ended(1, "error: custom-columns format specified but no custom columns given");
  const columns = spec.split(/,(?![^[]*\])/).map((part) => {
    const at = part.indexOf(":");
    if (at < 0) throw new Ended(1, `error: unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    return { head: part.slice(0, at), path: part.slice(at + 1) };
  });
  const writer = new TabWriter(6, 3);
  const line = (cells: readonly string[]): void => writer.write(`${cells.join("\t")}\n`);
  if (headers) line(columns.map(({ head }) => head));
  for (const object of objects) line(columns.map(({ path }) => cellOf(path, object)));
  return writer.result();
}

function cellOf(path: string, object: KubeObject): string {
  const values = jsonPathValues(path, object);
  return values.length === 0 ? "<none>" : values.map((value) => (value === null ? "<nil>" : typeof value === "object" ? goText(value) : valueText(value))).join(",");
}

/** A map or list as Go prints it. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `map[${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => `${key}:${goText(each)}`).join(" ")}]`;
}
