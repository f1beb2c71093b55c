/** Packets that wait for their missing pieces: state only, see `fragment.ts`. */
import type { Digest } from "../base/hash.js";

/** Pieces of one packet so far, in the order they came. */
export interface FragmentQueue {
  readonly id: number;
  readonly ns: number;
  readonly pieces: readonly number[];
}

/** A saved `FragmentTable`. */
export interface FragmentState {
  readonly queues: Map<string, FragmentQueue>;
  readonly next: number;
}

/** Every packet of a world that waits for its missing pieces. */
export class FragmentTable {
  /** by namespace, addresses, protocol and identification */
  queues: Map<string, FragmentQueue> = new Map();
  /** number of the next queue, so that an old timer does not end a new queue */
  next = 1;

  /** What it holds, as plain data. */
  save(): FragmentState {
    return { queues: new Map(this.queues), next: this.next };
  }

  /** Takes on a saved state. */
  restore(state: FragmentState): void {
    this.queues = new Map(state.queues);
    this.next = state.next;
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    digest.i32(this.next);
    for (const queue of this.queues.values()) {
      digest.i32(queue.id);
      digest.i32(queue.pieces.length);
    }
  }
}
