import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import ts from "typescript";
import { root } from "./shared.js";

/** One import, export-from or import type of a source file. */
export interface ImportLine {
  readonly from: string;
  readonly line: number;
  /** The text between the quotes. */
  readonly specifier: string;
  /** The file under src that it names (`linux/fib.ts`), or null for a package. */
  readonly target: string | null;
  readonly typeOnly: boolean;
}

/** One file under src: its path from src with forward slashes, its text and its syntax tree. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

function listed(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((x, y) => (x.name < y.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return listed(path);
      return entry.name.endsWith(".ts") ? [path] : [];
    });
}

/** Parses a text as if it were the file `path` under src. */
export function parseSource(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) };
}

/** Every TypeScript file under src, in the order of their paths. */
export function sources(): Source[] {
  const src = join(root, "src");
  return listed(src).map((file) => parseSource(relative(src, file).split(sep).join("/"), readFileSync(file, "utf8")));
}

/** The line of a node, counted from one. */
export function lineOf(source: Source, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
}

/** Calls `visit` for each node of a file, parents first. */
export function walkTree(source: Source, visit: (node: ts.Node) => void): void {
  const go = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, go);
  };
  go(source.tree);
}

function allTypes(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  return clause.name === undefined && named !== undefined && ts.isNamedImports(named) && named.elements.length > 0 && named.elements.every((e) => e.isTypeOnly);
}

/** Everything a file imports: static and dynamic imports, re-exports, `import("x")` types and `require`. */
export function importsOf(source: Source): ImportLine[] {
  const found: ImportLine[] = [];
  const add = (node: ts.Node, quoted: ts.Node | undefined, typeOnly: boolean): void => {
    if (quoted === undefined || !ts.isStringLiteralLike(quoted)) return;
    const specifier = quoted.text;
    const target = specifier.startsWith(".") ? posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, ".ts") : null;
    found.push({ from: source.path, line: lineOf(source, node), specifier, target, typeOnly });
  };
  walkTree(source, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, allTypes(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) add(node, node.moduleReference.expression, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, true);
    else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      if (callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === "require")) add(node, node.arguments[0], false);
    }
  });
  return found;
}

/** The room of a file: its first folder, or `.` for a file straight under src. */
export function roomOf(path: string): string {
  const folder = dirname(path);
  return folder === "." ? "." : (path.split("/")[0] ?? ".");
}
