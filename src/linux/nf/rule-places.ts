/** Where a rule stands, behind one integer, for traces: a trace keeps the number and outlives the rule. */
export interface RulePlace {
  readonly family: 4 | 6;
  /** TABLE number */
  readonly table: number;
  readonly chain: string;
  /** rule number from 1; of a policy or the end of a chain, one more than the chain has rules */
  readonly number: number;
  /** how the legacy TRACE names it */
  readonly label: "rule" | "return" | "policy";
  /** saved form of the rule; the policy's word or "" at the end of a chain */
  readonly text: string;
  readonly cause: number;
}

/** Append-only and no part of a world's state: filled only while something records. */
export class RulePlaces {
  private readonly ids: Map<string, number> = new Map();
  private readonly places: RulePlace[] = [];

  of(place: RulePlace): number {
    const key = `${place.family} ${place.table} ${place.chain} ${place.number} ${place.label} ${place.cause} ${place.text}`;
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    this.places.push(Object.freeze({ ...place }));
    this.ids.set(key, this.places.length);
    return this.places.length;
  }

  get(id: number): RulePlace | undefined {
    return this.places[id - 1];
  }
}
