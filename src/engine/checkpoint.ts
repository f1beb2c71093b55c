/**
 * Saving and taking back a whole world. The world's owner registers its parts once, in a fixed order; a checkpoint is plain
 * data under their names (typed arrays, frozen records, Maps), so that `structuredClone(checkpoint)` works. Code is never part.
 */
import { Digest } from "../base/hash.js";
import { BrokenInvariant } from "../base/problem.js";

/** Something with state. `save` copies, so that going on leaves a checkpoint as it was; `restore` copies too. */
export interface Part {
  readonly name: string;
  /** Its state as plain data. */
  save(): unknown;
  /** Takes on a saved state. */
  restore(state: unknown): void;
  /** Folds what distinguishes this state from another; numbers of rows and handles must not show. */
  fold(digest: Digest): void;
}

/** A saved world: what each part gave, by name. Plain data. */
export interface Checkpoint {
  readonly parts: Readonly<Record<string, unknown>>;
}

/** The parts of a world, saved, restored and compared as one. */
export class Checkpoints {
  private readonly parts: Part[] = [];

  /** Parts are saved, restored and folded in the order of their adding. */
  add(part: Part): void {
    if (this.parts.some((other) => other.name === part.name)) throw broken(`two parts are called ${part.name}`);
    this.parts.push(part);
  }

  /** The state of every part. */
  checkpoint(): Checkpoint {
    const parts: Record<string, unknown> = {};
    for (const part of this.parts) parts[part.name] = part.save();
    return { parts };
  }

  /** Goes back to a checkpoint of a world with the same parts. */
  restore(checkpoint: Checkpoint): void {
    for (const { name } of this.parts) {
      if (!Object.hasOwn(checkpoint.parts, name)) throw broken(`the checkpoint lacks the part ${name}`);
    }
    for (const part of this.parts) part.restore(checkpoint.parts[part.name]);
  }

  /** 16 hexadecimal digits: equal for equal histories. */
  fingerprint(): string {
    const digest = new Digest();
    for (const part of this.parts) part.fold(digest);
    return digest.hex();
  }
}

function broken(message: string): BrokenInvariant {
  return new BrokenInvariant(message, { step: 0, seed: 0, detail: undefined });
}
