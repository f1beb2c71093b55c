/**
 * Timers of rows: at most one for each (kind, row), which fires as the event (kind, row, 0). Starting a running timer moves
 * it, behind everything already scheduled for its new instant. Cancelling is exact, so a queue holds no dead events.
 */
import { BrokenInvariant } from "../base/problem.js";
import type { Engine } from "./engine.js";

export type TimerHandler = (row: number) => void;

/** Event ids by row for each kind that has a timer running or had one; plain data. */
export type TimersState = readonly (readonly [kind: number, ids: Float64Array])[];

interface Kind {
  /** Id of the pending event by the owner's row, 0 if the timer does not run. */
  ids: Float64Array;
}

export class Timers {
  private readonly engine: Engine;
  private readonly kinds = new Map<number, Kind>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Says what happens when timers of that event kind fire; the kind belongs to timers alone. */
  on(kind: number, handler: TimerHandler): void {
    const timers: Kind = { ids: new Float64Array(8) };
    this.kinds.set(kind, timers);
    this.engine.on(kind, (row) => {
      timers.ids[row] = 0;
      handler(row);
    });
  }

  /** Starts the timer of a row, or moves it: it fires `delay` ns from now. */
  start(kind: number, row: number, delay: number): void {
    const timers = this.of(kind);
    if (row >= timers.ids.length) timers.ids = widened(timers.ids, row + 1);
    const running = timers.ids[row]!;
    if (running !== 0) this.engine.cancel(running);
    timers.ids[row] = this.engine.schedule(delay, kind, row, 0);
  }

  /** False if it did not run. */
  stop(kind: number, row: number): boolean {
    const { ids } = this.of(kind);
    const running = ids[row] ?? 0;
    if (running === 0) return false;
    ids[row] = 0;
    return this.engine.cancel(running);
  }

  isRunning(kind: number, row: number): boolean {
    return (this.of(kind).ids[row] ?? 0) !== 0;
  }

  /** When the timer fires, Infinity if it does not run. */
  deadline(kind: number, row: number): number {
    return this.engine.timeOf(this.of(kind).ids[row] ?? 0);
  }

  save(): TimersState {
    return Array.from(this.kinds, ([kind, { ids }]) => [kind, ids.slice()] as const);
  }

  /** To be called beside the restore of the engine's state of the same instant. */
  restore(state: TimersState): void {
    for (const timers of this.kinds.values()) timers.ids.fill(0);
    for (const [kind, ids] of state) {
      const timers = this.of(kind);
      if (ids.length > timers.ids.length) timers.ids = ids.slice();
      else timers.ids.set(ids);
    }
  }

  private of(kind: number): Kind {
    const timers = this.kinds.get(kind);
    if (timers === undefined) throw new BrokenInvariant(`no timers of kind ${kind}`, { step: this.engine.steps, seed: this.engine.seed, detail: { kind } });
    return timers;
  }
}

function widened(ids: Float64Array, rows: number): Float64Array {
  const wider = new Float64Array(Math.max(rows, ids.length * 2));
  wider.set(ids);
  return wider;
}
