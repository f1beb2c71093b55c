/** What tunnels have unpacked and nobody has taken in yet: state only, see `dev/gro-cells.ts`. */
import type { Digest } from "../base/hash.js";

/** Packets in cells, and the devices that unpacked them, as they came. */
export class GroCellTable {
  packets: readonly number[] = [];
  devices: readonly number[] = [];
  /** while a list is received at a device: the device, 0 between events, and the packets of it that are through PREROUTING */
  listing = 0;
  readonly list: number[] = [];

  /** What it holds, as plain data. */
  save(): { readonly packets: readonly number[]; readonly devices: readonly number[] } {
    return { packets: this.packets, devices: this.devices };
  }

  /** Takes on a saved state. */
  restore(state: { readonly packets: readonly number[]; readonly devices: readonly number[] }): void {
    this.packets = state.packets;
    this.devices = state.devices;
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    for (const dev of this.devices) digest.i32(dev);
  }
}
