/** What the command line prints: answers on stdout, problems and progress on stderr; colours on a terminal only. */
import { writeSync } from "node:fs";
import pc from "picocolors";
import { formatProblem, type Problem } from "../base/problem.js";
import { formatDuration } from "../base/time.js";
import type { Paint } from "../observe/narrate.js";

/** Writes all of a text even to a slow pipe; a closed pipe ends the program quietly. */
function write(fd: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") process.exit(process.exitCode ?? 0);
      if (code !== "EAGAIN") throw error;
    }
  }
}

export const out = (text: string): void => write(1, text);
export const err = (text: string): void => write(2, text);

/** A text answer, with the newline that ends its last line. */
export function outText(text: string): void {
  out(text === "" || text.endsWith("\n") ? text : `${text}\n`);
}

/** Bytes of a binary answer to stdout. */
export function outBytes(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

export function outJson(value: unknown): void {
  out(`${JSON.stringify(value, null, 2)}\n`);
}

/** Colours for stdout, or none. */
export function paint(): Paint {
  const { bold, green, red, dim } = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
  return { strong: bold, good: green, bad: red, faint: dim };
}

/** Problems on stderr, a line each; with JSON asked for, errors also as the answer on stdout. */
export function showProblems(problems: readonly Problem[], json: boolean): void {
  const errors = problems.filter((problem) => problem.severity === "error");
  for (const problem of problems) {
    const word = problem.severity === "error" ? "" : `${problem.severity}: `;
    const object = problem.object === undefined ? "" : ` [${problem.object}]`;
    const fix = problem.fix === undefined ? "" : `\n    ${problem.fix}`;
    err(`${word}${formatProblem(problem)}${object}${fix}\n`);
  }
  if (json && errors.length > 0) outJson({ problems });
}

/** A line on stderr that is written over, from two seconds on and on a terminal only. */
export class Progress {
  private readonly began = Date.now();
  private shown = false;

  constructor(private readonly what: string) {}

  tick(time: number, done: number): void {
    if (process.stderr.isTTY !== true || Date.now() - this.began < 2000) return;
    this.shown = true;
    err(`\r${this.what}: ${formatDuration(time)} of the cluster's time, ${done} events\u001b[K`);
  }

  end(): void {
    if (this.shown) err("\r\u001b[K");
  }
}
