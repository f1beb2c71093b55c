// Builds every door twice (ESM and CommonJS) with its declarations, and the command line once. With `--no-types` the
// declarations, most of the time, are left out: what `npm start` needs to run.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const dist = resolve(root, "dist");

rmSync(dist, { recursive: true, force: true });
const tsup = resolve(root, "node_modules/tsup/dist/cli-default.js");
const types = process.argv.includes("--no-types") ? ["--no-dts"] : [];
const built = spawnSync(process.execPath, [tsup, ...types], { cwd: root, stdio: "inherit" });
if (built.status !== 0) {
  // A half-built folder would look up to date to `npm start`.
  rmSync(dist, { recursive: true, force: true });
  process.exit(built.status ?? 1);
}
const bin = resolve(dist, "podwire.js");
if (existsSync(bin)) chmodSync(bin, 0o755);
// The command is an ES module; its CommonJS twin has no reader.
for (const twin of ["podwire.cjs", "podwire.cjs.map"]) rmSync(resolve(dist, twin), { force: true });
