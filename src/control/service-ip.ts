/** Cluster IPs. Read first: kubernetes `pkg/registry/core/service/ipallocator/ipallocator.go`, and KEP-3070 on the two bands. */
import {
  type Cidr,
  cidrSize,
  contains,
  formatCidr,
  formatWords,
  indexOf,
  masked,
  nthAddress,
  parseAddress,
  parseCidr,
} from "../base/cidr.js";
import { NumberPool, type NumberPoolState } from "./number-pool.js";

/** How many of the first usable addresses are kept for explicit wishes. */
export function staticBand(size: number): number {
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256);
}

export class ServiceIps {
  readonly family: 4 | 6;
  private readonly cidr: Cidr;
  private readonly pool: NumberPool;

  /** `text` is a valid CIDR. */
  constructor(text: string) {
    const cidr = masked(parseCidr(text)!);
    this.cidr = cidr;
    this.family = cidr.family;
    const size = Math.min(cidrSize(cidr), 2 ** 52);
    const usable = Math.max(0, cidr.family === 4 ? size - 2 : size - 1);
    this.pool = new NumberPool(usable, Math.min(usable, staticBand(size)));
  }

  /** Takes that address; null, or why not in the server's words. */
  take(ip: string): string | null {
    const number = this.numberOf(ip);
    if (number === null)
      return `failed to allocate IP ${ip}: the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${formatCidr(this.cidr)}`;
    return this.pool.take(number) ? null : `failed to allocate IP ${ip}: provided IP is already allocated`;
  }

  /** Any free address; null if the range is full. */
  draw(below: (n: number) => number): string | null {
    const number = this.pool.draw(below);
    return number === null ? null : formatWords(this.family, nthAddress(this.cidr, number + 1)!);
  }

  release(ip: string): void {
    const number = this.numberOf(ip);
    if (number !== null) this.pool.release(number);
  }

  save(): NumberPoolState {
    return this.pool.save();
  }

  restore(state: NumberPoolState): void {
    this.pool.restore(state);
  }

  /** Place among the usable addresses from 0: the network's own address and, in IPv4, its broadcast address are not. */
  private numberOf(ip: string): number | null {
    const address = parseAddress(ip);
    if (address === null || address.family !== this.family || !contains(this.cidr, address.words)) return null;
    const index = indexOf(this.cidr, address.words);
    return index < 1 || index > this.pool.size ? null : index - 1;
  }
}
