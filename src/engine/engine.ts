/**
 * The loop of a world: time, order and dispatch. An event is data (time, kind, two int32, perhaps one frozen record); what a
 * kind does is code, registered anew in every process and never saved.
 */
import { Digest } from "../base/hash.js";
import { BrokenInvariant } from "../base/problem.js";
import { END_OF_TIME } from "../base/time.js";
import { queueFor } from "./far-queue.js";
import { EventQueue } from "./queue.js";
import { type EventQueueState, type EventRecord, KINDS, type PendingEvent } from "./queue-layout.js";

/** What a kind of event does, given the event's two integers and its record. */
export type EventHandler = (a: number, b: number, record: EventRecord | undefined) => void;

/** A saved `Engine`. */
export interface EngineState {
  readonly now: number;
  readonly steps: number;
  readonly lane0: number;
  readonly lane1: number;
  readonly queue: EventQueueState;
}

/** The loop of a world: a clock, the events to come, and what each kind of event does. */
export class Engine {
  /** Nanoseconds since boot. */
  now = 0;
  /** Events run so far. */
  steps = 0;
  /** Only named in the reports of broken invariants. */
  readonly seed: number;
  /** Every event that ran, in order. */
  private readonly digest = new Digest();
  private queue = new EventQueue();
  private readonly handlers: (EventHandler | undefined)[] = [];

  constructor(seed = 0) {
    this.seed = seed;
  }

  /** Says what a kind (0 to 2047) of event does; a kind has one handler. */
  on(kind: number, handler: EventHandler): void {
    if (this.handlers[kind] !== undefined) throw this.broken(`two handlers for event kind ${kind}`, { kind });
    if (kind >>> 0 !== kind || kind >= KINDS) throw this.broken(`event kind ${kind} is none of 0 to ${KINDS - 1}`, { kind });
    while (this.handlers.length < kind) this.handlers.push(undefined);
    this.handlers[kind] = handler;
  }

  /** An event `delay` ns from now, behind all that are scheduled for that instant; `a` and `b` are int32. Returns an id for `cancel`. */
  schedule(delay: number, kind: number, a: number, b: number): number {
    return this.queue.push(this.timeAfter(delay), kind, a, b);
  }

  /** The same with a record of plain data, which is frozen here. */
  scheduleWith(delay: number, kind: number, a: number, b: number, record: object): number {
    return this.queue.pushWith(this.timeAfter(delay), kind, a, b, Object.freeze(record) as EventRecord);
  }

  /** False if the event has run or was cancelled before. */
  cancel(id: number): boolean {
    return this.queue.cancel(id);
  }

  /** Whether an event is still to run. */
  isPending(id: number): boolean {
    return this.queue.isPending(id);
  }

  /** When an event will run, Infinity if it is no longer pending. */
  timeOf(id: number): number {
    return this.queue.timeOf(id);
  }

  /** Runs the next event, whenever it is; false if there is none. */
  step(): boolean {
    if (!this.queue.pop(END_OF_TIME)) return false;
    this.dispatch();
    return true;
  }

  /** Runs every event up to and including `until`, sets the clock there (unless `until` is Infinity), returns how many ran. */
  run(until: number): number {
    const before = this.steps;
    this.queue = queueFor(this.queue);
    while (this.queue.pop(until)) this.dispatch();
    if (until !== Infinity && until > this.now) this.now = until;
    return this.steps - before;
  }

  /** Time of the next event, Infinity if there is none. */
  nextTime(): number {
    return this.queue.peekTime();
  }

  /** Events scheduled and not yet run. */
  get pendingCount(): number {
    return this.queue.size;
  }

  /** What will run, in order, as things stand. */
  pending(): PendingEvent[] {
    return this.queue.pending();
  }

  /** Folds the history of events, the clock and the number of pending events into a digest of the world. */
  fold(digest: Digest): void {
    digest.i32(this.digest.lane0);
    digest.i32(this.digest.lane1);
    digest.f64(this.now);
    digest.f64(this.steps);
    digest.i32(this.queue.size);
  }

  /** 16 hexadecimal digits that are equal when two runs had the same events in the same order. */
  fingerprint(): string {
    const digest = new Digest();
    this.fold(digest);
    return digest.hex();
  }

  /** What it holds, as plain data. */
  save(): EngineState {
    return { now: this.now, steps: this.steps, lane0: this.digest.lane0, lane1: this.digest.lane1, queue: this.queue.save() };
  }

  /** Takes on a saved state. */
  restore(state: EngineState): void {
    this.now = state.now;
    this.steps = state.steps;
    this.digest.lane0 = state.lane0;
    this.digest.lane1 = state.lane1;
    this.queue = new EventQueue();
    this.queue.restore(state.queue);
  }

  private dispatch(): void {
    const { time, low, high, kind, a, b, record } = this.queue;
    this.now = time;
    this.steps++;
    this.digest.event(low, high, kind, a, b);
    const handler = this.handlers[kind];
    if (handler === undefined) throw this.broken(`no handler for event kind ${kind}`, { kind, a, b, time });
    handler(a, b, record);
  }

  private timeAfter(delay: number): number {
    const time = this.now + delay;
    // What is an unsigned 32-bit integer, as nearly all delays are, needs no closer look.
    if (delay >>> 0 !== delay || time > END_OF_TIME) this.judge(delay, time);
    return time;
  }

  private judge(delay: number, time: number): void {
    if (Number.isInteger(delay) && delay >= 0 && time <= END_OF_TIME) return;
    throw this.broken(`an event cannot be scheduled ${delay} ns after ${this.now}`, { delay, now: this.now });
  }

  private broken(message: string, detail: unknown): BrokenInvariant {
    return new BrokenInvariant(message, { step: this.steps, seed: this.seed, detail });
  }
}
