import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";

const root = resolve(import.meta.dirname, "../..");

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Podwire {
  run(args: readonly string[], input?: string): Ran;
  remove(): void;
}

/** The command as it is shipped: one bundle in a folder beside package.json. */
export async function buildPodwire(): Promise<Podwire> {
  const folder = mkdtempSync(join(tmpdir(), "podwire-"));
  mkdirSync(join(folder, "dist"));
  copyFileSync(resolve(root, "package.json"), join(folder, "package.json"));
  const bin = join(folder, "dist", "podwire.js");
  await build({
    entryPoints: [resolve(root, "src/cli/bin.ts")],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    outfile: bin,
    logLevel: "warning",
  });
  return {
    run(args, input = "") {
      const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { input, encoding: "utf8", timeout: 60_000, maxBuffer: 1 << 26 });
      return { status, stdout, stderr };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
