// The hold model: `size` events are pending; an operation runs the earliest and schedules one more, exponentially later.
// Equal times leave in the order of their scheduling, in every contender but the floor.
import TinyQueue from "tinyqueue";
import { Engine } from "../../src/engine/engine.js";
import { fold, xorshift32 } from "../chance.js";
import type { FloorWork, Job, Work } from "../job.js";

const DELAYS = 1 << 16;
const MEAN = 1000;
/** Ten seconds in nanoseconds: after the first two a time no longer fits the small integers that an engine keeps unboxed. */
const START = 10_000_000_000;
const CHECKED = 10_000;

const delays = ((): Int32Array => {
  const draw = xorshift32(7);
  return Int32Array.from({ length: DELAYS }, () => 1 + Math.floor(-Math.log((draw() + 1) / 4294967297) * MEAN));
})();

/** The digest of the events that a fresh queue runs first; `fresh` gives the next event's (id, time) at each call. */
function checked(next: () => { id: number; time: number }): number {
  let digest = 0;
  for (let i = 0; i < CHECKED; i++) {
    const { id, time } = next();
    digest = fold(fold(digest, id), time % 0x80000000);
  }
  return digest;
}

const KIND = 1;

function oursOn(size: number): { engine: Engine; last: { id: number } } {
  const engine = new Engine(1);
  const last = { id: 0 };
  let k = 0;
  engine.on(KIND, (id) => {
    last.id = id;
    engine.schedule(delays[k++ & (DELAYS - 1)]!, KIND, id, 0);
  });
  engine.run(START);
  for (let id = 0; id < size; id++) engine.schedule(delays[id & (DELAYS - 1)]!, KIND, id, 0);
  return { engine, last };
}

function ours(size: number): Work {
  const { engine } = oursOn(size);
  // An engine runs to a time, not for a number of events: what it ran too many is credited to the next span.
  const slice = Math.max(1, Math.floor((MEAN * 2000) / size));
  let ahead = 0;
  return {
    run(n) {
      while (ahead < n) ahead += engine.run(engine.now + slice);
      ahead -= n;
    },
    check() {
      const fresh = oursOn(size);
      return checked(() => {
        fresh.engine.step();
        return { id: fresh.last.id, time: fresh.engine.now };
      });
    },
  };
}

interface Event {
  time: number;
  sequence: number;
  id: number;
}

const earlier = (a: Event, b: Event): number => a.time - b.time || a.sequence - b.sequence;

const firstEvents = (size: number): Event[] => Array.from({ length: size }, (_, id) => ({ time: START + delays[id & (DELAYS - 1)]!, sequence: id, id }));

/** An array kept in order, latest first: the next event is popped, a new one is put in its place by bisection. */
function sortedArray(size: number): () => Event {
  const events = firstEvents(size).sort((a, b) => earlier(b, a));
  let sequence = size;
  let k = 0;
  return () => {
    const event = events.pop()!;
    const added = { time: event.time + delays[k++ & (DELAYS - 1)]!, sequence: sequence++, id: event.id };
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (earlier(events[middle]!, added) > 0) low = middle + 1;
      else high = middle;
    }
    events.splice(low, 0, added);
    return event;
  };
}

/** tinyqueue, the popped object used again. */
function tinyqueue(size: number): () => Event {
  const queue = new TinyQueue(firstEvents(size), earlier);
  const ran: Event = { time: 0, sequence: 0, id: 0 };
  let sequence = size;
  let k = 0;
  return () => {
    const event = queue.pop()!;
    ran.id = event.id;
    ran.time = event.time;
    event.time += delays[k++ & (DELAYS - 1)]!;
    event.sequence = sequence++;
    queue.push(event);
    return ran;
  };
}

function worked(make: (size: number) => () => Event): (size: number) => Work {
  return (size) => {
    const next = make(size);
    let last = 0;
    return {
      run(n) {
        for (let i = 0; i < n; i++) last ^= next().id;
        if (last < 0) throw new Error("an id is negative");
      },
      check: () => checked(make(size)),
    };
  };
}

/** A ring without any order. */
function ring(size: number): FloorWork {
  const ids = Int32Array.from({ length: size }, (_, id) => id);
  const times = new Float64Array(size);
  let at = 0;
  let k = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        times[at]! += delays[k++ & (DELAYS - 1)]!;
        ids[at]! ^= 1;
        if (++at === size) at = 0;
      }
    },
  };
}

export const job: Job = {
  sizes: [1000, 100_000, 1_000_000],
  quickSizes: [1000, 100_000],
  contenders: {
    ours,
    plain: worked(sortedArray),
    peers: [{ name: "tinyqueue", make: worked(tinyqueue) }],
    floor: { name: "ring without order", make: ring },
  },
};
