/** A rule's numbers: what its counter has counted, and how often its `numgen inc` was asked. */
export interface NftCount {
  packets: number;
  bytes: number;
  turns: number;
}

/** By what a rule's numbers are kept; "" for rules without a handle, which have none. */
export function countKey(table: { readonly ns: number; readonly family: 0 | 4 | 6; readonly name: string }, rule: { readonly handle?: number | undefined }): string {
  return rule.handle === undefined ? "" : `${table.ns}/${table.family}/${table.name}/${rule.handle}`;
}
