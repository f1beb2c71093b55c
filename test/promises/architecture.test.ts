import { describe, expect, test } from "vitest";
import { type ImportLine, importsOf, parseSource, roomOf, type Source, sources } from "../support/sources.js";

// Imports go only to lower numbers; between rooms of the same number there are none.
const ROOMS: Readonly<Record<string, number>> = {
  base: 0,
  engine: 1,
  trace: 1,
  api: 1,
  packet: 2,
  policy: 2,
  linux: 3,
  models: 4,
  control: 5,
  shell: 6,
  cluster: 7,
  observe: 8,
  ask: 9,
  testing: 9,
  ".": 9.5, // index.ts, the door of the whole
  cli: 10,
};

const MAX_LINES = 350;

const files = sources();
const code = files.filter((file) => !file.path.endsWith(".d.ts"));
const imports = code.flatMap(importsOf);

const said = (i: ImportLine): string => `${i.from}:${i.line} imports ${i.specifier}`;

function wrongArrows(all: readonly ImportLine[]): string[] {
  return all.flatMap((i) => {
    if (i.target === null) return [];
    const from = roomOf(i.from);
    const to = roomOf(i.target);
    if (from === to) return [];
    const here = ROOMS[from];
    const there = ROOMS[to];
    if (here === undefined || there === undefined) return [`${said(i)}: room ${here === undefined ? from : to} has no number`];
    return there < here ? [] : [`${said(i)}: ${from} (${here}) to ${to} (${there})`];
  });
}

/** The circles of a graph of files, each as the files on it; a type-only arrow is an arrow too. */
function circles(all: readonly ImportLine[]): string[][] {
  const next = new Map<string, string[]>();
  for (const i of all) if (i.target !== null) next.set(i.from, [...(next.get(i.from) ?? []), i.target]);
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, "open");
    path.push(file);
    for (const target of next.get(file) ?? []) visit(target);
    path.pop();
    state.set(file, "done");
  };
  for (const file of next.keys()) visit(file);
  return found;
}

/** Imports of packages that only the named place may use. */
function strayPackages(all: readonly ImportLine[]): string[] {
  const owners: readonly [RegExp, RegExp][] = [
    [/^node:/, /^cli\//],
    [/^commander$/, /^cli\//],
    [/^picocolors$/, /^cli\//],
    [/^yaml$/, /^api\/(read|yaml)[\w-]*\.ts$/],
    [/^ip-address$/, /^(base\/|api\/ip-text\.ts$)/],
    [/^ipaddr\.js$/, /^(base\/|api\/ip-text\.ts$)/],
    [/^fast-check$/, /^testing\//],
  ];
  return all.flatMap((i) => {
    if (i.target !== null) return [];
    const owner = owners.find(([name]) => name.test(i.specifier));
    if (owner === undefined) return [`${said(i)}: not a package of this house`];
    return owner[1].test(i.from) ? [] : [`${said(i)}: only ${owner[1].source} may`];
  });
}

describe("the house's imports", () => {
  test("there are sources to judge", () => {
    expect(code.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(20);
  });

  test("every arrow goes to a lower room", () => {
    expect(wrongArrows(imports)).toEqual([]);
  });

  test("no circle of files", () => {
    expect(circles(imports).map((c) => c.join(" -> "))).toEqual([]);
  });

  test("every relative import names a file", () => {
    const known = new Set(files.map((f) => f.path));
    expect(imports.filter((i) => i.target !== null && !known.has(i.target)).map(said)).toEqual([]);
  });

  test("packages stay where they belong", () => {
    expect(strayPackages(imports)).toEqual([]);
  });

  test("policy reads base and api alone", () => {
    const stray = imports.filter((i) => roomOf(i.from) === "policy" && i.target !== null && !["policy", "base", "api"].includes(roomOf(i.target)));
    expect(stray.map(said)).toEqual([]);
  });

  test("linux reads nothing of Kubernetes and says no word of it", () => {
    const stray = imports.filter((i) => roomOf(i.from) === "linux" && i.target !== null && ["api", "policy"].includes(roomOf(i.target)));
    expect(stray.map(said)).toEqual([]);
    const words = /kube|\bpods?\b|networkpolic|endpointslice/i;
    const spoken = code.filter((f) => roomOf(f.path) === "linux").flatMap((f) => wordsIn(f, words));
    expect(spoken).toEqual([]);
  });

  test("models write into a kernel through its doors alone", () => {
    const doors = /^linux\/(plumbing(\/|\.ts$)|sock\/app|nf\/rule-doc)|^engine\/timers/;
    const stray = imports.filter((i) => roomOf(i.from) === "models" && i.target !== null && ["linux", "engine"].includes(roomOf(i.target)) && !i.typeOnly && !doors.test(i.target));
    expect(stray.map(said)).toEqual([]);
  });

  test("no file grows beyond reading", () => {
    const long = code.map((f) => ({ path: f.path, lines: f.text.split("\n").length - 1 })).filter((f) => f.lines > MAX_LINES);
    expect(long).toEqual([]);
  });

  test("no drawer names", () => {
    expect(code.map((f) => f.path).filter((path) => /(^|\/)(utils?|helpers?|common|manager|misc)(\/|\.ts$|-)/.test(path))).toEqual([]);
  });
});

/** Lines of code, without their comments, in which a word stands. */
function wordsIn(file: Source, words: RegExp): string[] {
  const bare = file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, " "));
  return bare.split("\n").flatMap((line, at) => (words.test(line) ? [`${file.path}:${at + 1} ${line.trim()}`] : []));
}

describe("the scan itself", () => {
  const scan = (path: string, text: string): ImportLine[] => importsOf(parseSource(path, text));

  test("finds an arrow that goes up, in every form of import", () => {
    expect(wrongArrows(scan("base/x.ts", 'import { a } from "../linux/a.js";'))).toHaveLength(1);
    expect(wrongArrows(scan("base/x.ts", 'import type { A } from "../linux/a.js";'))).toHaveLength(1);
    expect(wrongArrows(scan("base/x.ts", 'export * from "../linux/a.js";'))).toHaveLength(1);
    expect(wrongArrows(scan("base/x.ts", 'const a = await import("../linux/a.js");'))).toHaveLength(1);
    expect(wrongArrows(scan("base/x.ts", 'type A = import("../linux/a.js").A;'))).toHaveLength(1);
    expect(wrongArrows(scan("packet/x.ts", 'import "../policy/a.js";'))).toHaveLength(1);
    expect(wrongArrows(scan("linux/x.ts", 'import "../drawer/a.js";'))).toHaveLength(1);
    expect(wrongArrows(scan("linux/nf/x.ts", 'import "../../base/a.js"; import "../fib.js";'))).toEqual([]);
  });

  test("finds a circle", () => {
    const lines = [...scan("base/a.ts", 'import "./b.js";'), ...scan("base/b.ts", 'import type { C } from "./c.js";'), ...scan("base/c.ts", 'import "./a.js";')];
    expect(circles(lines)).toEqual([["base/a.ts", "base/b.ts", "base/c.ts", "base/a.ts"]]);
  });

  test("finds a package out of its place", () => {
    expect(strayPackages(scan("linux/x.ts", 'import fs from "node:fs";'))).toHaveLength(1);
    expect(strayPackages(scan("linux/x.ts", 'import { parse } from "yaml";'))).toHaveLength(1);
    expect(strayPackages(scan("base/x.ts", 'import left from "left-pad";'))).toHaveLength(1);
    expect(strayPackages(scan("cli/x.ts", 'import fs from "node:fs"; import "commander";'))).toEqual([]);
  });

  test("reads code and not comments when it looks for words", () => {
    expect(wordsIn(parseSource("linux/x.ts", '// a pod\nconst pod = 1;\n/* kube */ const x = "KUBE-SVC";'), /kube|\bpod\b/i)).toHaveLength(2);
  });
});
