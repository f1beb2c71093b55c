/** A lab script on this machine's kernel, for exported clusters: what it printed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { runLab } from "../../src/shell/lab/run-lab.js";
import { shared } from "../support/shared.js";

const LIMIT_MS = 120_000;

/** On the real kernel; nothing may go wrong with the run itself. */
export function realRun(lab: string): string {
  const folder = mkdtempSync(join(tmpdir(), "podwire-"));
  try {
    const path = join(folder, "cluster.lab");
    writeFileSync(path, lab);
    const run = spawnSync("python3", [resolve(shared!, "oracle/runlab.py"), path], { encoding: "utf8", timeout: LIMIT_MS });
    expect(run.stderr).toBe("");
    return run.stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** On simulated kernels, where no command may be refused. */
export function simulatedRun(lab: string): string {
  const { problem = "", output } = runLab(lab, "export");
  expect(problem).toBe("");
  expect([...output.matchAll(/^\$ .*\n(?:.*\n)?\[exit.*$/gm)].map(([found]) => found)).toEqual([]);
  return output;
}

/** The same on both, the real side tried anew as often as `tries` says: a server that wakes late acknowledges a FIN by itself. */
export function sameOnBoth(lab: string, comparable: (output: string) => string, tries: number): void {
  const ours = comparable(simulatedRun(lab));
  let theirs = "";
  for (let n = 0; n < tries && theirs !== ours; n++) theirs = comparable(realRun(lab));
  expect(ours).toBe(theirs);
}
