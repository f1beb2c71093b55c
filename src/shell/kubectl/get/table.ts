/** Tables of `kubectl get`: what a kind's columns are, and how rows become text. */
import type { Labels } from "../../../api/index.js";
import type { KubeObject } from "../../../api/index.js";
import { TabWriter } from "../output/tab-writer.js";

/** What cells depend on besides the object. */
export interface CellContext {
  /** seconds since 1970 */
  readonly now: number;
  readonly wide: boolean;
}

/** Columns of one kind. */
export interface TableKind<T> {
  readonly columns: readonly string[];
  /** further ones of `-o wide`, behind the others */
  readonly wide?: readonly string[];
  /** with `-o wide`, where the further ones stand between the others */
  readonly all?: readonly string[];
  /** one text for every column of `-o wide` */
  cells(object: T, context: CellContext): readonly string[];
}

/** One line of a table. */
export interface Row {
  readonly object: KubeObject;
  readonly cells: readonly string[];
}

export interface TableOptions {
  readonly headers: boolean;
  readonly namespaces: boolean;
  readonly labels: boolean;
  /** labels with columns of their own */
  readonly columns?: readonly string[];
}

/** `a=1,b=2` with keys sorted, or `<none>`. */
export function labelsText(labels: Labels | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return pairs.length === 0 ? "<none>" : pairs.map(([key, value]) => `${key}=${value}`).join(",");
}

/** The table as text. */
export function tableText(columns: readonly string[], rows: readonly Row[], options: TableOptions): string {
  const writer = new TabWriter(6, 3);
  const line = (cells: readonly string[]): void => writer.write(`${cells.map(oneLine).join("\t")}\n`);
  if (options.headers) line([...(options.namespaces ? ["NAMESPACE"] : []), ...columns.map((column) => column.toUpperCase()), ...(options.columns ?? []).map((key) => key.slice(key.lastIndexOf("/") + 1).toUpperCase()), ...(options.labels ? ["LABELS"] : [])]);
  for (const { object, cells } of rows) {
    const { namespace = "", labels } = object.metadata;
    line([...(options.namespaces ? [namespace] : []), ...cells, ...(options.columns ?? []).map((key) => labels?.[key] ?? ""), ...(options.labels ? [labelsText(labels)] : [])]);
  }
  return writer.result();
}

/** Values of several lines are cut at the first. */
function oneLine(cell: string): string {
  const end = cell.search(/[\f\n\r]/);
  return end < 0 ? cell : `${cell.slice(0, end)}...`;
}
