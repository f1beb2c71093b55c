import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BrokenInvariant } from "../../src/base/problem.js";
import { Checkpoints } from "../../src/engine/checkpoint.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { Timers } from "../../src/engine/timers.js";

const WORK = 1;
const TIMER = 2;
const NOTE = 3;

/** A world in small: events that draw, schedule, cancel, and restart timers. */
function world(seed: number) {
  const engine = new Engine(seed);
  const streams = new Streams(seed);
  const timers = new Timers(engine);
  const log: string[] = [];
  const cancellable: number[] = [];
  engine.on(WORK, (a) => {
    const stream = streams.stream(`place-${a % 3}`);
    log.push(`${engine.now} work ${a}`);
    const delay = 2 ** streams.below(stream, 36) + streams.below(stream, 3);
    if (engine.pendingCount < 40) engine.schedule(delay, WORK, (a * 7 + 1) % 1000, 0);
    if (a % 2 === 0) timers.start(TIMER, a % 8, streams.below(stream, 5_000_000));
    if (a % 5 === 0) cancellable.push(engine.scheduleWith(delay, NOTE, a, 0, { text: `note ${a}` }));
    if (a % 7 === 0) engine.cancel(cancellable.shift() ?? 0);
    if (a % 11 === 0) timers.stop(TIMER, a % 8);
  });
  timers.on(TIMER, (row) => {
    log.push(`${engine.now} timer ${row}`);
    engine.schedule(1, WORK, row + 3, 0);
  });
  engine.on(NOTE, (a, _, record) => log.push(`${engine.now} note ${a} ${String(record?.["text"])}`));
  const checkpoints = new Checkpoints();
  checkpoints.add({ name: "engine", save: () => engine.save(), restore: (s) => engine.restore(s as never), fold: (d) => engine.fold(d) });
  checkpoints.add({ name: "streams", save: () => streams.save(), restore: (s) => streams.restore(s as never), fold: () => {} });
  checkpoints.add({ name: "timers", save: () => timers.save(), restore: (s) => timers.restore(s as never), fold: () => {} });
  checkpoints.add({
    name: "cancellable",
    save: () => cancellable.slice(),
    restore: (s) => cancellable.splice(0, Infinity, ...(s as number[])),
    fold: (d) => cancellable.forEach(() => d.i32(1)),
  });
  return { engine, timers, log, checkpoints, start: () => [1, 2, 3, 70].forEach((a) => engine.schedule(a, WORK, a, 0)) };
}

describe("Engine", () => {
  test("runs equal times in the order of scheduling and keeps the clock", () => {
    const engine = new Engine();
    const ran: [number, number][] = [];
    engine.on(WORK, (a) => {
      ran.push([engine.now, a]);
      if (a === 1) engine.schedule(0, WORK, 4, 0);
    });
    engine.schedule(5, WORK, 1, 0);
    engine.schedule(5, WORK, 2, 0);
    engine.schedule(3, WORK, 3, 0);
    expect(engine.nextTime()).toBe(3);
    expect(engine.run(4)).toBe(1);
    expect(engine.now).toBe(4);
    expect(engine.run(Infinity)).toBe(3);
    expect(ran).toEqual([[3, 3], [5, 1], [5, 2], [5, 4]]);
    expect([engine.now, engine.steps, engine.nextTime(), engine.step()]).toEqual([5, 4, Infinity, false]);
  });

  test("shows what is pending, in order, and cancels it once", () => {
    const engine = new Engine();
    engine.on(WORK, () => {});
    engine.schedule(10_000_000_000, WORK, 1, 0);
    const id = engine.scheduleWith(10_000_000_000, WORK, 2, 9, { why: "test" });
    engine.schedule(7, WORK, 3, 0);
    expect(engine.pending().map((event) => [event.time, event.a])).toEqual([[7, 3], [10_000_000_000, 1], [10_000_000_000, 2]]);
    expect(engine.pending()[2]).toMatchObject({ id, b: 9, record: { why: "test" } });
    expect(engine.timeOf(id)).toBe(10_000_000_000);
    expect([engine.isPending(id), engine.cancel(id), engine.cancel(id), engine.isPending(id)]).toEqual([true, true, false, false]);
    expect(engine.run(Infinity)).toBe(2);
  });

  test("an id of an event that ran does not name the event now in its place", () => {
    const engine = new Engine();
    engine.on(WORK, () => {});
    const first = engine.schedule(1, WORK, 1, 0);
    engine.step();
    const second = engine.schedule(1, WORK, 2, 0);
    expect(second).not.toBe(first);
    expect(engine.cancel(first)).toBe(false);
    expect(engine.pendingCount).toBe(1);
  });

  test.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])("a delay of %d is a broken invariant", (delay) => {
    const engine = new Engine(42);
    engine.on(WORK, () => {});
    expect(() => engine.schedule(delay, WORK, 0, 0)).toThrow(BrokenInvariant);
    expect(engine.pendingCount).toBe(0);
  });

  test("an event without handler names step and seed", () => {
    const engine = new Engine(42);
    engine.schedule(1, 9, 0, 0);
    expect(() => engine.step()).toThrow(expect.objectContaining({ name: "BrokenInvariant", step: 1, seed: 42 }));
  });

  test("the fingerprint tells order, time and content apart, and reading does not change it", () => {
    const prints = new Set<string>();
    for (const events of [[[1, 1], [1, 2]], [[1, 2], [1, 1]], [[1, 1], [2, 2]], [[1, 1]], [[1, 1], [1, 2], [1, 3]]] as const) {
      const engine = new Engine();
      engine.on(WORK, () => {});
      for (const [delay, a] of events) engine.schedule(delay, WORK, a, 0);
      engine.run(10);
      const print = engine.fingerprint();
      engine.nextTime();
      engine.save();
      expect(engine.fingerprint()).toBe(print);
      expect(print).toMatch(/^[0-9a-f]{16}$/);
      prints.add(print);
    }
    expect(prints.size).toBe(5);
  });
});

describe("checkpoints", () => {
  test("save, clone, restore and continue equals going on, at every step", () => {
    const plain = world(7);
    plain.start();
    const prints: string[] = [];
    for (let step = 0; step < 250 && plain.engine.step(); step++) prints.push(plain.checkpoints.fingerprint());
    expect(prints.length).toBeGreaterThan(200);

    const source = world(7);
    source.start();
    for (let step = 0; step < prints.length; step++) {
      const checkpoint = structuredClone(source.checkpoints.checkpoint());
      const copy = world(0);
      copy.checkpoints.restore(checkpoint);
      for (let next = step; next < Math.min(step + 25, prints.length); next++) {
        copy.engine.step();
        expect(copy.checkpoints.fingerprint()).toBe(prints[next]);
      }
      source.engine.step();
    }
    expect(source.log).toEqual(plain.log);
  });

  test("a checkpoint can be restored again and again, into a world that has gone on", () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.integer({ min: 0, max: 2 ** 53 - 1 }), (before, after, seed) => {
        const { engine, checkpoints, start, log } = world(seed);
        start();
        for (let i = 0; i < before; i++) engine.step();
        const checkpoint = checkpoints.checkpoint();
        const runs = [0, 1].map(() => {
          checkpoints.restore(checkpoint);
          log.length = 0;
          for (let i = 0; i < after; i++) engine.step();
          return [checkpoints.fingerprint(), ...log];
        });
        expect(runs[1]).toEqual(runs[0]);
      }),
      { numRuns: 50 },
    );
  });

  test("an idle engine's state is small", () => {
    const engine = new Engine();
    engine.on(WORK, () => {});
    for (let i = 0; i < 10; i++) engine.schedule(i * 1_000_000_000, WORK, 0, 0);
    const { events, slots } = engine.save().queue;
    expect(events.byteLength + slots.byteLength).toBeLessThan(1000);
  });

  test("parts with one name, and a checkpoint that lacks a part, are refused", () => {
    const checkpoints = new Checkpoints();
    const part = { name: "a", save: () => 1, restore: () => {}, fold: () => {} };
    checkpoints.add(part);
    expect(() => checkpoints.add(part)).toThrow(BrokenInvariant);
    expect(() => checkpoints.restore({ parts: {} })).toThrow(BrokenInvariant);
  });
});

describe("Timers", () => {
  test("a timer fires once at its last deadline, stopped ones never", () => {
    const engine = new Engine();
    const timers = new Timers(engine);
    const fired: [number, number][] = [];
    timers.on(TIMER, (row) => fired.push([engine.now, row]));
    timers.start(TIMER, 1, 10);
    timers.start(TIMER, 100, 10);
    timers.start(TIMER, 3, 20);
    engine.run(5);
    timers.start(TIMER, 1, 10);
    expect(timers.deadline(TIMER, 1)).toBe(15);
    expect([timers.stop(TIMER, 3), timers.stop(TIMER, 3), timers.stop(TIMER, 5000)]).toEqual([true, false, false]);
    expect([timers.isRunning(TIMER, 1), timers.isRunning(TIMER, 3), timers.deadline(TIMER, 3)]).toEqual([true, false, Infinity]);
    engine.run(Infinity);
    expect(fired).toEqual([[10, 100], [15, 1]]);
    expect(timers.isRunning(TIMER, 1)).toBe(false);
  });

  test("a restarted timer runs behind what was scheduled before for the same instant", () => {
    const engine = new Engine();
    const timers = new Timers(engine);
    const ran: string[] = [];
    timers.on(TIMER, () => ran.push("timer"));
    engine.on(WORK, () => ran.push("work"));
    timers.start(TIMER, 1, 10);
    engine.schedule(10, WORK, 0, 0);
    timers.start(TIMER, 1, 10);
    engine.run(Infinity);
    expect(ran).toEqual(["work", "timer"]);
  });

  test("a kind nobody defined is a broken invariant", () => {
    expect(() => new Timers(new Engine()).start(TIMER, 1, 1)).toThrow(BrokenInvariant);
  });
});
