/** Manifests from disk: a file, a folder read recursively in byte order, or `-` for standard input. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ManifestFile } from "../api/index.js";
import { compareText } from "../base/names.js";
import type { Problem } from "../base/problem.js";
import { InputError } from "../cluster/input-error.js";

const MANIFEST = /\.(ya?ml|json)$/i;

function missing(path: string, message: string): Problem {
  return { code: "no-such-file", severity: "error", path: "", file: path, message };
}

function readOne(path: string, problems: Problem[]): ManifestFile[] {
  if (path === "-") return [{ name: "<stdin>", text: readFileSync(0, "utf8") }];
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    problems.push(missing(path, `the path "${path}" does not exist`));
    return [];
  }
  if (!isFolder) return [{ name: path, text: readFileSync(path, "utf8") }];
  const names = readdirSync(path).sort(compareText);
  const files = names.flatMap((name) => {
    const inside = join(path, name);
    if (statSync(inside).isDirectory()) return readOne(inside, problems);
    return MANIFEST.test(name) ? [{ name: inside, text: readFileSync(inside, "utf8") }] : [];
  });
  return files;
}

/** All files that the paths name; throws an InputError that lists every path that cannot be read. */
export function readFiles(paths: readonly string[]): ManifestFile[] {
  const problems: Problem[] = [];
  const files = paths.flatMap((path) => {
    try {
      const found = readOne(path, problems);
      if (found.length === 0 && problems.length === 0) problems.push(missing(path, `no YAML or JSON files in "${path}"`));
      return found;
    } catch (error) {
      problems.push(missing(path, `cannot read "${path}": ${(error as Error).message}`));
      return [];
    }
  });
  if (problems.length > 0) throw new InputError(problems);
  return files;
}

/** One file's text, for options that name a file. */
export function readText(path: string): string {
  const [file] = readFiles([path]);
  return file!.text;
}
