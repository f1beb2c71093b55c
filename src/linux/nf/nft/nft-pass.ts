import type { NftTable } from "./nft-tables.js";

/** What one pass through one base chain knows. */
export interface Pass {
  readonly table: NftTable;
  /** of the packet, where the table is of both families */
  readonly family: 4 | 6;
  readonly nat: boolean;
  readonly hook: number;
  readonly inDev: number;
  readonly outDev: number;
}
