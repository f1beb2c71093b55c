/** One lab on both kernels: twice on the real one, and where that agrees with itself, once on ours. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runLab } from "../../../src/shell/lab/run-lab.js";
import { shared } from "../../support/shared.js";
import { normal } from "../normal.js";

/** A lab whose real runs differ from each other is set aside. */
export type Outcome =
  | { readonly kind: "same" }
  | { readonly kind: "aside"; readonly why: string }
  | { readonly kind: "different"; readonly real: string; readonly ours: string };

/** Longest that one real run may take. */
const LIMIT_MS = 60_000;

let unended = 0;

/** What the real kernel prints for the script at `path`, normalised. */
function realRun(path: string): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn("python3", [resolve(shared ?? "", "oracle/runlab.py"), path], { stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS, killSignal: "SIGKILL" });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", fail);
    child.on("close", (code) => {
      // A run that does not end on a busy machine differs from itself.
      if (code === 0 && err === "") done(normal(out));
      else if (code === null) done(`no end after ${LIMIT_MS} ms\n${++unended}`);
      else fail(new Error(`the real run ended with ${code}: ${err}`));
    });
  });
}

export function simulatedRun(text: string): string {
  const result = runLab(text, "random.lab");
  return result.problem === undefined ? normal(result.output) : result.problem;
}

/** Seconds that a probe and a tool take beyond what they wait for: of a real machine, and of one that has much else to do. Ours take none. */
const SLOWNESS: readonly { readonly probe: number; readonly tool: number }[] = [
  { probe: 0.001, tool: 0.005 },
  { probe: 0.002, tool: 0.01 },
  { probe: 0.005, tool: 0.02 },
  { probe: 0.01, tool: 0.04 },
  { probe: 0.02, tool: 0.08 },
];

/**
 * What ours prints where commands take time. A question that comes as a timer runs out (a neighbour is asked again after one
 * second and a part of the kernel's clock) sees it run out on a machine that is late.
 */
function simulatedSlowly(text: string, { probe, tool }: { readonly probe: number; readonly tool: number }): string {
  const late = text.replace(/^(?=probe |(ip netns exec|ip -n|bridge -n) )/gm, (_, isTool?: string) => `sleep ${isTool === undefined ? probe : tool}\n`);
  const added = new RegExp(`^\\$ sleep (${probe}|${tool})\n\n?`, "gm");
  return simulatedRun(late).replace(added, "");
}

/** Whether `real` is what ours prints as soon as commands take some time: the script asks at the edge of a timer. */
export function comesWithTime(text: string, real: string, also: (output: string) => string = (output) => output): boolean {
  return SLOWNESS.some((each) => also(simulatedSlowly(text, each)) === real);
}

/** Lines in which two outputs differ, the command before each. */
export function differences(real: string, ours: string): string {
  const blocks = (text: string): string[] => text.split(/^(?=\$ )/m);
  const [theirs, mine] = [blocks(real), blocks(ours)];
  const out: string[] = [];
  for (let n = 0; n < Math.max(theirs.length, mine.length); n++) {
    if (theirs[n] === mine[n]) continue;
    const [a, b] = [(theirs[n] ?? "").split("\n"), (mine[n] ?? "").split("\n")];
    out.push(a[0] ?? b[0] ?? "", ...a.slice(1).filter((line) => !b.includes(line)).map((line) => `  real ${line}`), ...b.slice(1).filter((line) => !a.includes(line)).map((line) => `  ours ${line}`));
  }
  return out.join("\n");
}

/** A difference counts only when the real kernel says the same thing twice more. `also`: what else is no difference. */
export async function compareLab(text: string, also: (output: string) => string = (output) => output): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "podwire-lab-"));
  const path = join(folder, "random.lab");
  try {
    writeFileSync(path, text);
    const pair = async (): Promise<string[]> => (await Promise.all([realRun(path), realRun(path)])).map(also);
    const first = await pair();
    if (first[0] !== first[1]) return { kind: "aside", why: differences(first[0]!, first[1]!) };
    const ours = also(simulatedRun(text));
    if (first[0] === ours) return { kind: "same" };
    if (comesWithTime(text, first[0]!, also)) return { kind: "aside", why: `at the edge of a timer:\n${differences(first[0]!, ours)}` };
    const again = await pair();
    const other = again.find((run) => run !== first[0]);
    if (other !== undefined) return { kind: "aside", why: differences(first[0]!, other) };
    return { kind: "different", real: first[0]!, ours };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
