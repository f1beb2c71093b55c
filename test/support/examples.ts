import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { root } from "./shared.js";
import { sources } from "./sources.js";

/** A TypeScript example out of a page or a docstring. */
export interface Example {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

function pages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((x, y) => (x.name < y.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === "api" ? [] : pages(path);
      return entry.name.endsWith(".md") ? [path] : [];
    });
}

/** The ```ts fences of a text whose first line has the number `first`. */
export function fencesOf(file: string, text: string, first = 1): Example[] {
  const found: Example[] = [];
  const lines = text.split("\n");
  let open: { at: number; indent: string } | null = null;
  lines.forEach((line, at) => {
    const fence = /^(\s*)```(\w*)\s*$/.exec(line);
    if (fence === null) return;
    if (open !== null) {
      const { at: start, indent } = open;
      const body = lines.slice(start + 1, at).map((l) => (l.startsWith(indent) ? l.slice(indent.length) : l));
      found.push({ file, line: first + start + 1, text: body.join("\n") });
      open = null;
    } else if (fence[2] === "ts") open = { at, indent: fence[1] ?? "" };
  });
  return found;
}

/** The ```ts fences of the docstrings of a source text. */
export function docstringExamples(file: string, text: string): Example[] {
  const found: Example[] = [];
  const scanner = ts.createScanner(ts.ScriptTarget.ES2022, false, ts.LanguageVariant.Standard, text);
  for (let token = scanner.scan(); token !== ts.SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token !== ts.SyntaxKind.MultiLineCommentTrivia || !scanner.getTokenText().startsWith("/**")) continue;
    const body = scanner.getTokenText().slice(3, -2).split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
    const line = text.slice(0, scanner.getTokenStart()).split("\n").length;
    found.push(...fencesOf(file, body.join("\n"), line));
  }
  return found;
}

/** Every example of README.md, docs/ and the docstrings under src. */
export function examples(): Example[] {
  const files = [join(root, "README.md"), ...pages(join(root, "docs"))];
  const written = files.flatMap((file) => fencesOf(relative(root, file), readFileSync(file, "utf8")));
  const spoken = sources().flatMap(({ path, text }) => docstringExamples(`src/${path}`, text));
  return [...written, ...spoken];
}

/** What an example says that it prints: the texts after `// =>`, in order. */
export function promised(example: Example): string[] {
  return example.text.split("\n").flatMap((line) => /\/\/ => (.*)$/.exec(line)?.[1]?.trim() ?? []);
}
