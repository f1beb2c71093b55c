// The measured side: one process runs one contender of one job at one size, and prints one line of JSON.
import type { Factory, FloorWork, Job, Work } from "./job.js";

/** What one process measured. */
export interface Measured {
  /** Operations per second: the median of the timed spans. */
  readonly rate: number;
  /** The digest of the answers; null for a floor, and where it was not asked for. */
  readonly check: number | null;
  /** Bytes that the prepared work holds. */
  readonly memory: number;
}

const WARM_SECONDS = 0.06;
const SPANS = 3;
const MOST_OPERATIONS = 3e8;
/** A single run that takes longer than this is its own measurement: more of them would only heat the room. */
const LONG_SECONDS = 5;

const seconds = (): number => Number(process.hrtime.bigint()) / 1e9;

function timed(work: FloorWork, n: number): number {
  const start = seconds();
  work.run(n);
  return Math.max(seconds() - start, 1e-9);
}

/** Bytes in use once nothing more can be freed: array buffers are given back a turn after the sweep that finalised them. */
async function held(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  for (let sweep = 0; sweep < 3; sweep++) {
    gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function median(values: readonly number[]): number {
  const ordered = [...values].sort((x, y) => x - y);
  const middle = ordered.length >> 1;
  const [low, high] = [ordered[middle - 1] ?? 0, ordered[middle] ?? 0];
  return ordered.length % 2 === 1 ? high : (low + high) / 2;
}

function factoryOf(job: Job, name: string): Factory<Work | FloorWork> | undefined {
  const { ours, plain, peers, floor } = job.contenders;
  return { ours, plain, floor: floor?.make }[name] ?? peers?.find((peer) => peer.name === name)?.make;
}

async function measure(job: Job, name: string, size: number, budget: number, checks: boolean): Promise<Measured> {
  const make = factoryOf(job, name);
  if (make === undefined) throw new Error(`the job has no contender ${name}`);
  const given = job.given?.(size);
  const empty = await held();
  const work = await make(size, given);
  const memory = Math.max(0, (await held()) - empty);
  let n = 1;
  let took = timed(work, n);
  // Grows the span until it is long enough to time; the cap bounds work that costs nothing.
  while (job.once !== true && took < WARM_SECONDS && n < MOST_OPERATIONS) {
    n = Math.ceil(n * Math.min(8, Math.max(1.5, (WARM_SECONDS * 1.3) / took)));
    took = timed(work, n);
  }
  const batch = work.batch ?? 1;
  const long = job.once === true || took > LONG_SECONDS;
  const span = Math.max(1, Math.ceil((n * budget) / took));
  const rates = long ? [(n * batch) / took] : Array.from({ length: SPANS }, () => (span * batch) / timed(work, span));
  const check = checks && "check" in work ? work.check() : null;
  return { rate: median(rates), check, memory };
}

/** The entry of a bundled job: `node job.mjs CONTENDER SIZE SECONDS_PER_SPAN [check]`. */
export async function serve(job: Job): Promise<void> {
  const [name = "", size = "0", budget = "0.25", check] = process.argv.slice(2);
  const measured = await measure(job, name, Number(size), Number(budget), check === "check");
  process.stdout.write(`${JSON.stringify(measured)}\n`);
}

/** What a job offers, for the harness: `node job.mjs --describe`. */
export function describe(job: Job): void {
  const { plain, peers = [], floor } = job.contenders;
  const names = peers.map((peer) => peer.name);
  const contenders = ["ours", ...(plain ? ["plain"] : []), ...names, ...(floor ? ["floor"] : [])];
  process.stdout.write(
    `${JSON.stringify({
      sizes: job.sizes,
      quickSizes: job.quickSizes ?? job.sizes,
      rounds: job.rounds ?? 3,
      contenders,
      peers: names,
      floor: floor?.name ?? null,
    })}\n`,
  );
}
