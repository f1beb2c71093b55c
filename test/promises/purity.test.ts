import ts from "typescript";
import { describe, expect, test } from "vitest";
import { lineOf, parseSource, type Source, sources, walkTree } from "../support/sources.js";

// A run is a pure function of (version, options, seed, command log): no clock, no die, no host, no locale in the core.
// The page's own names (window, document) are left to the compiler, which knows no DOM here: they are good names of ours.
const FORBIDDEN_GLOBALS = new Set([
  "Date", "setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "queueMicrotask", "requestAnimationFrame",
  "performance", "Intl", "eval", "Function", "console", "process", "Buffer", "require", "globalThis", "crypto", "fetch",
  "WeakRef", "FinalizationRegistry", "SharedArrayBuffer", "Atomics", "__dirname", "__filename",
]);

const LOCALE_METHODS = new Set(["localeCompare", "toLocaleString", "toLocaleLowerCase", "toLocaleUpperCase", "toLocaleDateString", "toLocaleTimeString"]);

/** True where an identifier stands for a value in scope, and not for a member, a key or the name of a declaration's part. */
function isFreeName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isTypeReferenceNode(parent)) return false;
  const declares = parent as { name?: ts.Node };
  return declares.name !== node;
}

/** Names that a file itself declares or imports: there they are not the host's. */
function declaredNames(source: Source): Set<string> {
  const names = new Set<string>();
  walkTree(source, (node) => {
    const binds = ts.isFunctionDeclaration(node) || ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node) || ts.isImportSpecifier(node);
    if (binds && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}

function offence(node: ts.Node, declared: ReadonlySet<string>): string | null {
  if (ts.isIdentifier(node)) {
    if (FORBIDDEN_GLOBALS.has(node.text) && !declared.has(node.text) && isFreeName(node)) return node.text;
  } else if (ts.isPropertyAccessExpression(node)) {
    const member = node.name.text;
    if (LOCALE_METHODS.has(member)) return `.${member}`;
    if (member === "random" && ts.isIdentifier(node.expression) && node.expression.text === "Math") return "Math.random";
  } else if (ts.isBindingElement(node)) {
    const declaration = node.parent.parent;
    const source = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
    if (source !== undefined && ts.isIdentifier(source) && source.text === "Math" && (node.propertyName ?? node.name).getText() === "random") return "Math.random";
  } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const method = node.expression.name.text;
    if ((method === "sort" || method === "toSorted") && node.arguments.length === 0) return `.${method}() without a comparator`;
  } else if (ts.isForInStatement(node)) {
    // Where every order gives the same, the line above says so.
    return /order does not show/.test(node.getFullText().slice(0, node.getLeadingTriviaWidth())) ? null : "for-in: its order is not stated";
  } else if (ts.isEnumDeclaration(node)) {
    return "enum: use a frozen list with stable numbers";
  }
  return null;
}

/** State that outlives a run: a `let` or `var` at the top of a module. */
function moduleState(source: Source): string[] {
  return source.tree.statements.flatMap((statement) => {
    if (!ts.isVariableStatement(statement)) return [];
    if ((statement.declarationList.flags & ts.NodeFlags.Const) !== 0) return [];
    return [`${source.path}:${lineOf(source, statement)} module-level let`];
  });
}

function offences(source: Source): string[] {
  const found = moduleState(source);
  const declared = declaredNames(source);
  walkTree(source, (node) => {
    const what = offence(node, declared);
    if (what !== null) found.push(`${source.path}:${lineOf(source, node)} ${what}`);
  });
  return found;
}

describe("the core is pure", () => {
  const core = sources().filter((file) => !file.path.startsWith("cli/") && !file.path.endsWith(".d.ts"));

  test("there are sources to judge", () => {
    expect(core.length).toBeGreaterThan(20);
  });

  test("no clock, chance, host, locale or state of a module", () => {
    expect(core.flatMap(offences)).toEqual([]);
  });
});

describe("the scan itself", () => {
  const judged = (text: string): string[] => offences(parseSource("base/x.ts", text)).map((line) => line.replace(/^\S+ /, ""));

  test.each([
    ["const x = Math.random();", "Math.random"],
    ["const { random } = Math;", "Math.random"],
    ["const t = Date.now();", "Date"],
    ["const t = new Date();", "Date"],
    ["const f = { now: Date };", "Date"],
    ["setTimeout(() => {}, 1);", "setTimeout"],
    ["const t = performance.now();", "performance"],
    ['a.localeCompare("b");', ".localeCompare"],
    ["new Intl.Collator();", "Intl"],
    ["names.sort();", ".sort() without a comparator"],
    ['eval("1");', "eval"],
    ['new Function("return 1");', "Function"],
    ['console.log("x");', "console"],
    ["const e = process.env;", "process"],
    ["const g = globalThis;", "globalThis"],
    ["for (const k in o) use(k);", "for-in: its order is not stated"],
    ["// a loop\nfor (const k in o) use(k);", "for-in: its order is not stated"],
    ["enum A { B }", "enum: use a frozen list with stable numbers"],
    ["let count = 0;", "module-level let"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text is code under judgement
    ["const s = `${Date.now()}`;", "Date"],
  ])("finds %s", (text, what) => {
    expect(judged(text)).toEqual([what]);
  });

  test.each([
    "// Math.random() and Date.now()",
    '/* eval("1") */ const s = "setTimeout(console.log)";',
    "names.sort((a, b) => a - b);",
    "export interface Row { readonly process: string; readonly Date: number }",
    "const p = { process: 1, console: 2 }; use(p.process, row.performance);",
    "export function f(): number { let n = 0; n++; return n; }",
    "const s = `Date`;",
    "function process(p: number): void {} process(1);",
  ])("passes %s", (text) => {
    expect(judged(text)).toEqual([]);
  });
});
