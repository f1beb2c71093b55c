/** A cluster CIDR cut into node CIDRs. Read first: kubernetes `pkg/controller/nodeipam/ipam/cidrset/cidr_set.go`. */
import { type Cidr, contains, cutCidr, formatCidr, indexOf, overlaps, parseCidr } from "../base/cidr.js";

/** The set's memory; plain data. */
export interface CidrSetState {
  readonly used: Uint8Array;
  readonly next: number;
}

/** IPv6 cluster CIDRs may be at most this many bits longer than the nodes' parts; IPv4 ones cannot be. */
const MOST_BITS = 16;

/** Why a controller manager would not start with these flags, in its words; null if it would. */
export function clusterCidrFault(clusterCidr: string, nodeMask: number): string | null {
  const cidr = parseCidr(clusterCidr);
  if (cidr === null) return `invalid CIDR address: ${clusterCidr}`;
  if (nodeMask < cidr.prefix || nodeMask > (cidr.family === 4 ? 32 : 128)) {
    return "Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family";
  }
  return cidr.family === 6 && nodeMask - cidr.prefix > MOST_BITS ? "New CIDR set failed; the node CIDR size is too big" : null;
}

export class CidrSet {
  private used: Uint8Array;
  private next = 0;
  private allocated = 0;

  /** Null where `clusterCidrFault` has something to say. */
  static of(clusterCidr: string, nodeMask: number): CidrSet | null {
    const cidr = parseCidr(clusterCidr);
    return cidr === null || clusterCidrFault(clusterCidr, nodeMask) !== null ? null : new CidrSet(cidr, nodeMask);
  }

  private constructor(
    readonly cluster: Cidr,
    readonly nodeMask: number,
  ) {
    this.used = new Uint8Array(2 ** (nodeMask - cluster.prefix));
  }

  /** The next free part from where the last search ended; null if there is none. */
  allocate(): string | null {
    const { length } = this.used;
    if (this.allocated === length) return null;
    let index = this.next;
    while (this.used[index] === 1) index = (index + 1) % length;
    this.next = (index + 1) % length;
    this.mark(index, 1);
    return formatCidr(cutCidr(this.cluster, this.nodeMask, index)!);
  }

  /** Marks every part that a CIDR touches; false if it lies outside of the cluster's. */
  occupy(text: string): boolean {
    return this.markAll(text, 1);
  }

  /** Gives a part back; it is handed out again only after the search has come round. */
  release(text: string): boolean {
    return this.markAll(text, 0);
  }

  save(): CidrSetState {
    return { used: this.used.slice(), next: this.next };
  }

  restore(state: CidrSetState): void {
    this.used = state.used.slice();
    this.next = state.next;
    this.allocated = this.used.reduce((sum, bit) => sum + bit, 0);
  }

  private markAll(text: string, bit: 0 | 1): boolean {
    const cidr = parseCidr(text);
    if (cidr === null || cidr.family !== this.cluster.family || !overlaps(this.cluster, cidr)) return false;
    const bits = (cidr.family === 4 ? 32 : 128) - this.nodeMask;
    const first = contains(this.cluster, cidr.words) ? Math.floor(indexOf(this.cluster, cidr.words) / 2 ** bits) : 0;
    const count = cidr.prefix <= this.cluster.prefix ? this.used.length : Math.max(1, 2 ** (this.nodeMask - cidr.prefix));
    const from = cidr.prefix <= this.cluster.prefix ? 0 : first;
    for (let index = from; index < from + count && index < this.used.length; index++) this.mark(index, bit);
    return true;
  }

  private mark(index: number, bit: 0 | 1): void {
    this.allocated += bit - this.used[index]!;
    this.used[index] = bit;
  }
}
