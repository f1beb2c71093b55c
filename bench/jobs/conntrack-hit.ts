// A packet of a known connection finds it: UDP flows of one namespace, each found by its original tuple, in random order.
// Ours is the table of connections of the simulated kernel with both tuples of every flow in it; plain is a Map by text.
import { ConntrackTable, CTS } from "../../src/linux/nf/conntrack-table.js";
import { fold, xorshift32 } from "../chance.js";
import type { FloorWork, Job, Work } from "../job.js";

const NS = 1;
const UDP = 17;
const PORT = 53;
const PACKETS = 1 << 20;
const CHECKED = 100_000;

/** Flows by number: pods ask services, every flow is another. */
interface Flows {
  readonly src: Int32Array;
  readonly dst: Int32Array;
  readonly sport: Uint16Array;
  /** the same of packets in the order in which they come */
  readonly packets: { readonly src: Int32Array; readonly dst: Int32Array; readonly sport: Uint16Array };
}

function makeFlows(size: number): Flows {
  const draw = xorshift32(11);
  const src = Int32Array.from({ length: size }, (_, i) => 1 + (i >>> 4));
  const dst = Int32Array.from({ length: size }, () => 200_000 + (draw() % 10_000));
  const sport = Uint16Array.from({ length: size }, (_, i) => 1024 + (i % 60_000));
  const order = Int32Array.from({ length: PACKETS }, () => draw() % size);
  return { src, dst, sport, packets: { src: order.map((i) => src[i]!), dst: order.map((i) => dst[i]!), sport: Uint16Array.from(order, (i) => sport[i]!) } };
}

function confirm(table: ConntrackTable, { src, dst, sport }: Flows, i: number): void {
  const row = table.add(NS, UDP, 0, 3);
  table.setTuple(row, 0, src[i]!, dst[i]!, sport[i]!, PORT);
  table.setTuple(row, 1, dst[i]!, src[i]!, PORT, sport[i]!);
  table.insert(row);
  table.t.c.status[row] = CTS.confirmed;
}

/** The packets in their order; `find` gives the number of a packet's flow from 0. */
function hits({ packets: { src, dst, sport } }: Flows, find: (src: number, dst: number, sport: number) => number): Work {
  let at = 0;
  let kept = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const p = at++ & (PACKETS - 1);
        kept ^= find(src[p]!, dst[p]!, sport[p]!);
      }
      if (kept < 0) throw new Error("a flow is negative");
    },
    check() {
      let digest = 0;
      for (let p = 0; p < CHECKED; p++) digest = fold(digest, find(src[p]!, dst[p]!, sport[p]!));
      return digest;
    },
  };
}

function ours(size: number, given: unknown): Work {
  const flows = given as Flows;
  const table = new ConntrackTable();
  for (let i = 0; i < size; i++) confirm(table, flows, i);
  return hits(flows, (src, dst, sport) => (table.find(NS, src, dst, sport, PORT, UDP, 0) >> 1) - 1);
}

function plain(size: number, given: unknown): Work {
  const flows = given as Flows;
  const { src, dst, sport } = flows;
  const key = (from: number, to: number, fromPort: number, toPort: number): string => `${NS}:${from}:${to}:${fromPort}:${toPort}:${UDP}`;
  const table = new Map<string, number>();
  for (let i = 0; i < size; i++) {
    table.set(key(src[i]!, dst[i]!, sport[i]!, PORT), i);
    table.set(key(dst[i]!, src[i]!, PORT, sport[i]!), i);
  }
  return hits(flows, (from, to, port) => table.get(key(from, to, port, PORT))!);
}

/** One load at random from as many 32-byte slots as there are flows. */
function oneLoad(size: number, given: unknown): FloorWork {
  const { src, sport } = (given as Flows).packets;
  const slots = new Int32Array(size * 8);
  let at = 0;
  let kept = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        const p = at++ & (PACKETS - 1);
        kept ^= slots[((Math.imul(src[p]! ^ (sport[p]! << 8), 0x9e3779b1) >>> 0) % size) * 8]!;
      }
      if (kept !== 0) throw new Error("a slot was written");
    },
  };
}

export const job: Job = {
  sizes: [10_000, 1_000_000],
  quickSizes: [10_000],
  given: makeFlows,
  contenders: { ours, plain, floor: { name: "one load of 32 bytes", make: oneLoad } },
};
