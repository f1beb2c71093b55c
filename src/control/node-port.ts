/** Node ports: bare numbers of the whole cluster. Read first: kubernetes `pkg/registry/core/service/portallocator/allocator.go`. */
import { NumberPool, type NumberPoolState } from "./number-pool.js";

export class NodePorts {
  private readonly pool: NumberPool;

  constructor(
    readonly first: number = 30_000,
    readonly last: number = 32_767,
  ) {
    const size = last - first + 1;
    this.pool = new NumberPool(size, size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128));
  }

  /** Takes that port; null, or why not in the server's words. */
  take(port: number): string | null {
    if (port < this.first || port > this.last)
      return `provided port is not in the valid range. The range of valid ports is ${this.first}-${this.last}`;
    return this.pool.take(port - this.first) ? null : "provided port is already allocated";
  }

  /** Any free port; null if the range is full. */
  draw(below: (n: number) => number): number | null {
    const number = this.pool.draw(below);
    return number === null ? null : this.first + number;
  }

  release(port: number): void {
    this.pool.release(port - this.first);
  }

  save(): NumberPoolState {
    return this.pool.save();
  }

  restore(state: NumberPoolState): void {
    this.pool.restore(state);
  }
}
