import type { RestoreRule } from "./restore-doc.js";
import type { Rule } from "./rule.js";

interface Read {
  readonly place: number;
  readonly spec: string;
  readonly rules: readonly Rule[];
}

/**
 * What the lines of documents were read as, by the line's record: proxies give many nodes the same records. A cache; rules that
 * name sets are left out, since those are another namespace's own.
 */
export class RestoreReads {
  private known = new WeakMap<RestoreRule, Read>();

  /** The rules of a line, null if it has not been read for that table. */
  find(line: RestoreRule, family: number, table: number): readonly Rule[] | null {
    const read = this.known.get(line);
    return read !== undefined && read.place === placeOf(family, table) && read.spec === line.spec ? read.rules : null;
  }

  keep(line: RestoreRule, family: number, table: number, rules: readonly Rule[]): void {
    if (rules.every((rule) => rule.sets.length === 0)) this.known.set(line, { place: placeOf(family, table), spec: line.spec, rules });
  }

  drop(): void {
    this.known = new WeakMap();
  }
}

function placeOf(family: number, table: number): number {
  return family * 8 + table;
}
