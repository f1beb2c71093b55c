import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./shared.js";

/** A public door of the package: what a user imports, and the source file behind it. */
export interface Door {
  /** `podwire/policy` */
  readonly specifier: string;
  /** Absolute path of its source. */
  readonly source: string;
}

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Every door that package.json opens, in its order. */
export function doors(): Door[] {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  return Object.keys(manifest.exports)
    .filter((path) => path !== "./package.json")
    .map((path) => ({
      specifier: `podwire${path.slice(1)}`,
      source: join(root, "src", path === "." ? "index.ts" : `${path.slice(2)}/index.ts`),
    }));
}
