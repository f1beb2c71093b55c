// npm run bench [-- --quick] [-- JOB...]: measures the jobs of bench/jobs and writes bench/results.json (job.ts says how to
// write one). Rounds are interleaved, so that a slow spell of the machine falls on every contender; a figure is the median
// of its rounds. Compare ratios inside one run, not figures of different runs. `--out FILE` writes elsewhere.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { tuned } from "../.config/tuned.mjs";
import { type Measured, median } from "./contender.js";

interface Described {
  readonly sizes: readonly number[];
  readonly quickSizes: readonly number[];
  readonly rounds: number;
  readonly contenders: readonly string[];
  readonly peers: readonly string[];
  readonly floor: string | null;
}

interface Figure {
  readonly name: string;
  readonly value: number;
}

/** One line of bench/results.json. Rates are operations per second of the same work, memory is bytes; null where a job has no such contender. */
interface Result {
  readonly job: string;
  readonly size: number;
  readonly ours: number;
  readonly plain: number | null;
  readonly peer: Figure | null;
  readonly floor: Figure | null;
  readonly memory: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const PROCESS_TIMEOUT_MS = 600_000;

async function bundle(name: string, folder: string): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    stdin: {
      contents: `import { job } from "./jobs/${name}.ts";\nimport { describe, serve } from "./contender.ts";\nprocess.argv[2] === "--describe" ? describe(job) : await serve(job);`,
      resolveDir: here,
      sourcefile: `${name}.entry.ts`,
      loader: "ts",
    },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    // Libraries written as CommonJS ask for require, which an ES module lacks.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    outfile,
    logLevel: "warning",
  });
  writeFileSync(outfile, tuned(readFileSync(outfile, "utf8")));
  return outfile;
}

function spawn<T>(file: string, ...args: string[]): T {
  const out = execFileSync(process.execPath, ["--expose-gc", "--max-old-space-size=4096", file, ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    timeout: PROCESS_TIMEOUT_MS,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(out.trim().split("\n").at(-1) ?? "null") as T;
}

/** Round by round, each contender in a fresh process; throws when two contenders answer differently. */
function measure(file: string, job: string, described: Described, size: number, quick: boolean): Map<string, Measured[]> {
  const all = new Map<string, Measured[]>(described.contenders.map((name) => [name, []]));
  const rounds = quick ? 1 : described.rounds;
  const budget = quick ? "0.05" : "0.25";
  for (let round = 0; round < rounds; round++) {
    for (const [name, measured] of all) measured.push(spawn<Measured>(file, name, String(size), budget, round === 0 ? "check" : "")); // one look at the answers is enough
  }
  const digests = [...all].flatMap(([name, runs]) => runs.flatMap((run) => (run.check === null ? [] : [{ name, check: run.check }])));
  if (new Set(digests.map((d) => d.check)).size > 1) {
    throw new Error(`${job} at ${size}: the contenders answer differently: ${digests.map((d) => `${d.name} ${d.check}`).join(", ")}`);
  }
  return all;
}

function resultOf(job: string, size: number, described: Described, all: ReadonlyMap<string, readonly Measured[]>): Result {
  const rate = (name: string): number | null => {
    const runs = all.get(name);
    return runs === undefined ? null : Number(median(runs.map((run) => run.rate)).toPrecision(5));
  };
  const [peer] = described.peers.map((name) => ({ name, value: rate(name) ?? 0 })).sort((x, y) => y.value - x.value);
  const floor = rate("floor");
  return {
    job,
    size,
    ours: rate("ours") ?? 0,
    plain: rate("plain"),
    peer: peer ?? null,
    floor: floor === null ? null : { name: described.floor ?? "", value: floor },
    memory: Math.round(median((all.get("ours") ?? []).map((run) => run.memory))),
  };
}

function short(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (value >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
  return value.toPrecision(3);
}

const ratio = (ours: number, other: number | null | undefined): string => (other == null ? "" : `${(ours / other).toPrecision(3)}x`);

function row(r: Result): string[] {
  const other = (f: Figure | null): string => (f === null ? "" : `${short(f.value)} ${f.name}`);
  return [
    r.job, String(r.size), short(r.ours), `${(1e9 / r.ours).toPrecision(3)} ns`, r.plain === null ? "" : short(r.plain), ratio(r.ours, r.plain),
    other(r.peer), ratio(r.ours, r.peer?.value), other(r.floor), ratio(r.ours, r.floor?.value), `${short(r.memory)}B`,
  ];
}

const HEAD = ["job", "size", "ours/s", "each", "plain/s", "ratio", "peer/s", "ratio", "floor/s", "ratio", "memory"];

function table(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(row)];
  const widths = HEAD.map((_, at) => Math.max(...rows.map((r) => r[at]?.length ?? 0)));
  return rows.map((r) => r.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ").trimEnd()).join("\n");
}

/** New figures in place of old ones of the same job and size; the others stay, so that one job can be measured again. */
function merged(file: string, fresh: readonly Result[], all: boolean): Result[] {
  const old = !all && existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Result[]) : [];
  const jobs = new Set(fresh.map((r) => r.job));
  return [...old.filter((r) => !jobs.has(r.job)), ...fresh].sort((x, y) => (x.job === y.job ? x.size - y.size : x.job < y.job ? -1 : 1));
}

async function main(argv: readonly string[]): Promise<number> {
  const quick = argv.includes("--quick");
  const outAt = argv.indexOf("--out");
  const out = resolve(outAt < 0 ? join(here, "results.json") : (argv[outAt + 1] ?? ""));
  const asked = argv.filter((arg, at) => !arg.startsWith("--") && (outAt < 0 || at !== outAt + 1));
  const known = readdirSync(join(here, "jobs")).flatMap((file) => /^([\w-]+)\.ts$/.exec(file)?.[1] ?? []).sort((x, y) => (x < y ? -1 : 1));
  const strange = asked.filter((name) => !known.includes(name));
  if (strange.length > 0) {
    process.stderr.write(`no such job: ${strange.join(", ")}; there are ${known.join(", ")}\n`);
    return 2;
  }
  const jobs = asked.length > 0 ? asked : known;
  const folder = mkdtempSync(join(tmpdir(), "podwire-bench-"));
  const results: Result[] = [];
  const failures: string[] = [];
  try {
    for (const job of jobs) {
      const file = await bundle(job, folder);
      const described = spawn<Described>(file, "--describe");
      for (const size of quick ? described.quickSizes : described.sizes) {
        process.stderr.write(`${job} ${size} ...\n`);
        try {
          results.push(resultOf(job, size, described, measure(file, job, described, size, quick)));
        } catch (error) {
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(`${table(results)}\n`);
  for (const failure of failures) process.stderr.write(`failed: ${failure}\n`);
  const lines = merged(out, results, asked.length === 0).map((r) => `  ${JSON.stringify(r)}`);
  writeFileSync(out, `[\n${lines.join(",\n")}\n]\n`);
  return failures.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
