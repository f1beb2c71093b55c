/*
 * Which identities have which label, one key at a time and only for keys that a selector asks for. A hint
 * and no more: lists may hold numbers that no longer fit, so whoever reads them tests again.
 */
import type { Identities } from "./identities.js";
import type { SelectorTest } from "./selector-test.js";

export class LabelIndex {
  readonly #identities: Identities;
  #columns = new Map<string, Map<string, number[]>>();

  constructor(identities: Identities) {
    this.#identities = identities;
  }

  /** A list that holds every identity the test can match, or null when only a full walk will do. */
  candidates(test: SelectorTest): readonly number[] | null {
    let best: readonly number[] | null = null;
    for (let i = 0; i < test.keys.length; i++) {
      const list = this.#column(test.keys[i]!).get(test.values[i]!) ?? [];
      if (best === null || list.length < best.length) best = list;
    }
    if (best !== null) return best;
    const listed = test.others.find((each) => each.operator === "In");
    if (listed === undefined) return null;
    const column = this.#column(listed.key);
    return listed.values.flatMap((value) => column.get(value) ?? []);
  }

  /** A number that is new, or used anew for other labels. */
  add(identity: number): void {
    const labels = this.#identities.labels(identity);
    for (const [key, column] of this.#columns) {
      const value = labels[key];
      if (typeof value === "string") append(column, value, identity);
    }
  }

  /** Forgets everything; the next question builds what it needs. */
  drop(): void {
    this.#columns = new Map();
  }

  #column(key: string): Map<string, number[]> {
    let column = this.#columns.get(key);
    if (column !== undefined) return column;
    column = new Map();
    const { pods } = this.#identities;
    for (let identity = 0; identity < pods.length; identity++) {
      const value = pods[identity]?.input.labels[key];
      if (typeof value === "string") append(column, value, identity);
    }
    this.#columns.set(key, column);
    return column;
  }
}

function append(column: Map<string, number[]>, value: string, identity: number): void {
  const list = column.get(value);
  if (list === undefined) column.set(value, [identity]);
  else list.push(identity);
}
