/**
 * The seed of random labs that are run every day: it moves with each commit, and is the same wherever that commit is judged. Where the
 * checkout is none of git's, a stated one.
 */
import { spawnSync } from "node:child_process";

const STATED = 8;
/** 28 bits: what fast-check takes as a seed. */
const DIGITS = 7;

export function commitSeed(): number {
  const head = spawnSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" });
  return head.status === 0 && /^[0-9a-f]{40}/.test(head.stdout) ? Number.parseInt(head.stdout.slice(0, DIGITS), 16) : STATED;
}
