import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { root } from "./shared.js";

// The command line as a program: bundled from the sources into a folder beside dist/, where its paths to the package hold.

const BUNDLE = resolve(root, `dist-test/podwire-${process.pid}.mjs`);
let built = false;
afterAll(() => rmSync(BUNDLE, { force: true }));

function bundle(): string {
  if (!built) {
    buildSync({ entryPoints: [resolve(root, "src/cli/bin.ts")], bundle: true, platform: "node", format: "esm", outfile: BUNDLE, packages: "external", logLevel: "silent", tsconfigRaw: {} });
    built = true;
  }
  return BUNDLE;
}

/** What a run of the command gave. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `podwire` with these words; standard input is `stdin`. Paths are relative to the repository. */
export function podwire(words: readonly string[], stdin = ""): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle(), ...words], { cwd: root, input: stdin, encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 28 });
  return { code: status, stdout, stderr };
}
