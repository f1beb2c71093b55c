/**
 * Going back and forth in a cluster's time: every command is logged with its instant, and a checkpoint stands before each so
 * many of them, so that any earlier instant is a restore and a short replay.
 */
import type { Checkpoint } from "../engine/checkpoint.js";

/** A command as it was given: plain data, replayed by the cluster that logged it. */
export interface Command {
  /** ns since boot */
  readonly time: number;
  readonly verb: string;
  readonly args: readonly unknown[];
}

/** A saved cluster: state and the log that led to it. `structuredClone` and JSON-free transports keep it usable. */
export interface SavedCluster {
  readonly checkpoint: Checkpoint;
  readonly log: readonly Command[];
}

interface Mark {
  readonly time: number;
  readonly checkpoint: Checkpoint;
  /** commands given before */
  readonly commands: number;
}

/** What a timeline needs of its cluster. */
export interface Rewindable<C> {
  readonly now: number;
  /** Runs to an instant, ns since boot. */
  runTo(time: number): void;
  /** All state as plain data. */
  checkpoint(): Checkpoint;
  /** Goes back to a checkpoint. */
  restore(checkpoint: Checkpoint): void;
  /** Carries out a logged command again. */
  replay(command: Command): void;
  /** An independent copy. */
  fork(): C;
}

/** Commands between two kept checkpoints. */
const STRIDE = 8;

/** A cluster's time: its log of commands, and the way back to any earlier instant. */
export class Timeline<C> {
  private commands: Command[] = [];
  private marks: Mark[] = [];

  constructor(private readonly cluster: Rewindable<C>) {}

  /** ns since boot. */
  get now(): number {
    return this.cluster.now;
  }

  /** Every command so far, in order. */
  get log(): readonly Command[] {
    return this.commands;
  }

  /** Called by the cluster before it carries out a command. */
  note(verb: string, args: readonly unknown[]): void {
    if (this.commands.length % STRIDE === 0) this.marks.push({ time: this.cluster.now, checkpoint: this.cluster.checkpoint(), commands: this.commands.length });
    this.commands.push(Object.freeze({ time: this.cluster.now, verb, args: Object.freeze([...args]) }));
  }

  /** Goes to an instant: forward by running, back by replaying from the nearest checkpoint; commands after it are forgotten. */
  goTo(time: number): void {
    if (time >= this.cluster.now) {
      this.cluster.runTo(time);
      return;
    }
    const mark = [...this.marks].reverse().find((m) => m.time <= time);
    if (mark === undefined) throw new RangeError(`the timeline begins at ${this.marks[0]?.time ?? this.cluster.now} ns, ${time} ns is before it`);
    const again = this.commands.slice(mark.commands).filter((command) => command.time <= time);
    this.marks = this.marks.slice(0, this.marks.indexOf(mark));
    this.commands = this.commands.slice(0, mark.commands);
    this.cluster.restore(mark.checkpoint);
    for (const command of again) {
      this.cluster.runTo(command.time);
      this.cluster.replay(command);
    }
    this.cluster.runTo(time);
    if (this.marks.length === 0) this.marks.push(mark);
  }

  /** Goes back by so many ns. */
  back(duration: number): void {
    this.goTo(Math.max(0, this.cluster.now - duration));
  }

  /** An independent cluster as this one is now. */
  fork(): C {
    return this.cluster.fork();
  }

  /** Everything as plain data, for `createCluster(options).timeline.load(saved)`. */
  save(): SavedCluster {
    return { checkpoint: this.cluster.checkpoint(), log: [...this.commands] };
  }

  /** Takes on a saved cluster of the same options. */
  load(saved: SavedCluster): void {
    this.cluster.restore(saved.checkpoint);
    this.commands = [...saved.log];
    this.marks = [];
    this.marks.push({ time: this.cluster.now, checkpoint: saved.checkpoint, commands: this.commands.length });
  }
}
