/** One block of a pool: which of its addresses are held by whom, and in which order the free ones are given out. */

/** An AllocationBlock of the datastore; a change makes another record. */
export interface IpamBlock {
  readonly cidr: string;
  /** node that the block is affine to, empty for none */
  readonly affinity: string;
  /** handles by ordinal */
  readonly owners: Readonly<Record<number, string>>;
  /** free ordinals, the next to be given out first; one that is given back goes to the end */
  readonly free: readonly number[];
  /** ns since boot at which it became empty, -1 while an address is held */
  readonly emptySince: number;
}

/** A fresh block of `size` addresses, the first of which is given out first. */
export function newBlock(cidr: string, affinity: string, size: number, now: number): IpamBlock {
  return Object.freeze({ cidr, affinity, owners: Object.freeze({}), free: Object.freeze(Array.from({ length: size }, (_, i) => i)), emptySince: now });
}

/** The block with its next free address taken, and that ordinal; null where all are held. */
export function takeAddress(block: IpamBlock, handle: string): { readonly block: IpamBlock; readonly ordinal: number } | null {
  const [ordinal, ...free] = block.free;
  if (ordinal === undefined) return null;
  return { ordinal, block: Object.freeze({ ...block, owners: Object.freeze({ ...block.owners, [ordinal]: handle }), free: Object.freeze(free), emptySince: -1 }) };
}

/** The block without an address's holder. */
export function giveBack(block: IpamBlock, ordinal: number, now: number): IpamBlock {
  const { [ordinal]: _holder, ...owners } = block.owners;
  return Object.freeze({ ...block, owners: Object.freeze(owners), free: Object.freeze([...block.free, ordinal]), emptySince: Object.keys(owners).length === 0 ? now : -1 });
}
