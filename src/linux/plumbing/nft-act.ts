import type { NftChain, NftSet } from "../nf/nft/nft-doc.js";

/** A table of nftables as it shall be, null: gone; what `nft` makes of its commands. */
export interface NftTableAct {
  readonly verb: "nft-table";
  /** namespace row */
  readonly ns: number;
  readonly family: "ip" | "ip6" | "inet";
  readonly name: string;
  readonly table: {
    readonly comment?: string;
    readonly handle?: number;
    readonly handles?: number;
    readonly chains: readonly NftChain[];
    readonly sets: readonly NftSet[];
  } | null;
}
