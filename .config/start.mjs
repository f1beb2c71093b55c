// `npm start`: builds what is missing or out of date, then runs the demonstration.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const bin = resolve(root, "dist/podwire.js");

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(resolve(path, name))));
}

function run(file, ...args) {
  const { status } = spawnSync(process.execPath, [resolve(root, file), ...args], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

const sources = ["src", "package.json", "tsup.config.ts"].map((name) => newest(resolve(root, name)));
if (!existsSync(bin) || statSync(bin).mtimeMs < Math.max(...sources)) {
  process.stderr.write("building podwire ...\n");
  run(".config/build.mjs", "--no-types");
}
run("dist/podwire.js", "demo", ...process.argv.slice(2));
