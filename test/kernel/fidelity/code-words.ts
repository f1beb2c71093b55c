/** Words out of the source's own syntax trees: the lists, cases and comparisons by which the code decides what it knows. */
import ts from "typescript";
import { type Source, sources, walkTree } from "../../support/sources.js";

let files: ReadonlyMap<string, Source> | undefined;

/** Every file under src by its path from there. */
export function allSources(): ReadonlyMap<string, Source> {
  files ??= new Map(sources().map((source) => [source.path, source]));
  return files;
}

export function sourceAt(path: string): Source {
  const source = allSources().get(path);
  if (source === undefined) throw new Error(`src/${path} is gone: tell test/kernel/fidelity where its words are now`);
  return source;
}

function found<T>(value: T | undefined, what: string, path: string): T {
  if (value === undefined) throw new Error(`src/${path} has no ${what} any more: tell test/kernel/fidelity where its words are now`);
  return value;
}

function firstNode<T extends ts.Node>(source: Source, is: (node: ts.Node) => node is T): T | undefined {
  let first: T | undefined;
  walkTree(source, (node) => {
    if (first === undefined && is(node)) first = node;
  });
  return first;
}

const isWord = (node: ts.Node): node is ts.StringLiteralLike => ts.isStringLiteralLike(node);

/** Literals below a node, in order. */
export function wordsBelow(node: ts.Node): string[] {
  if (isWord(node)) return [node.text];
  const all: string[] = [];
  node.forEachChild((child) => {
    all.push(...wordsBelow(child));
  });
  return all;
}

/** The array in an initializer: `[...]`, `Object.freeze([...])`, `new Map([...])`, `[...] as const`. */
function arrayIn(node: ts.Node): ts.ArrayLiteralExpression | undefined {
  if (ts.isArrayLiteralExpression(node)) return node;
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return node.arguments?.map(arrayIn).find((one) => one !== undefined);
  return ts.isAsExpression(node) ? arrayIn(node.expression) : undefined;
}

/** The words of a constant list, or the first word of each of its rows; the keys of a constant record. */
export function constWords(path: string, name: string, source: Source = sourceAt(path)): string[] {
  const is = (node: ts.Node): node is ts.VariableDeclaration => ts.isVariableDeclaration(node) && node.name.getText(source.tree) === name;
  const value = found(firstNode(source, is)?.initializer, `constant ${name}`, path);
  const array = arrayIn(value);
  if (array !== undefined) return array.elements.flatMap((element) => (ts.isSpreadElement(element) ? [] : wordsBelow(element).slice(0, 1)));
  const record = ts.isCallExpression(value) ? value.arguments[0]! : value;
  if (!ts.isObjectLiteralExpression(record)) throw new Error(`src/${path}: ${name} is neither a list nor a record`);
  return record.properties.map((property) => (isWord(property.name!) ? property.name.text : property.name!.getText(source.tree)));
}

/** The words that a type allows, or one field of an interface, or the field `kind` of each of a union's records. */
export function typeWords(path: string, name: string, field?: string): string[] {
  const source = sourceAt(path);
  const is = (node: ts.Node): node is ts.TypeAliasDeclaration | ts.InterfaceDeclaration => (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name.text === name;
  const type = found(firstNode(source, is), `type ${name}`, path);
  if (field === undefined) return wordsBelow(type);
  const words: string[] = [];
  const go = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) && node.name.getText(source.tree) === field) words.push(...wordsBelow(node));
    else node.forEachChild(go);
  };
  go(type);
  return [...new Set(words)];
}

type Body = ts.FunctionDeclaration | ts.MethodDeclaration;

function bodyOf(path: string, name: string): Body {
  const source = sourceAt(path);
  const is = (node: ts.Node): node is Body => (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name?.getText(source.tree) === name;
  return found(firstNode(source, is), `function ${name}`, path);
}

/** The words of a function's switch whose case does not refuse. */
export function caseWords(path: string, name: string): string[] {
  const words: string[] = [];
  const go = (node: ts.Node): void => {
    if (!ts.isCaseBlock(node)) {
      node.forEachChild(go);
      return;
    }
    let waiting: string[] = [];
    for (const clause of node.clauses) {
      if (ts.isCaseClause(clause)) waiting.push(...wordsBelow(clause.expression));
      if (clause.statements.length === 0) continue;
      if (!clause.statements.some((statement) => statement.getText().startsWith("throw new NotModelled"))) words.push(...waiting);
      waiting = [];
    }
  };
  go(bodyOf(path, name));
  return words.filter((word) => word !== "");
}

/** The words that a function compares `variable` with. */
export function comparedWords(path: string, name: string, variable: string): string[] {
  const words: string[] = [];
  const go = (node: ts.Node): void => {
    const compares = ts.isBinaryExpression(node) && /^[=!]==$/.test(node.operatorToken.getText()) && node.left.getText() === variable;
    if (compares && isWord(node.right)) words.push(node.right.text);
    node.forEachChild(go);
  };
  go(bodyOf(path, name));
  return [...new Set(words)];
}

/** Settings of the kernel that the code reads or knows by name; `*` stands for a part that varies. */
export function settingNames(folder: string): string[] {
  const names: string[] = [];
  for (const source of allSources().values()) {
    if (!source.path.startsWith(folder)) continue;
    walkTree(source, (node) => {
      const text = isWord(node) ? node.text : ts.isTemplateExpression(node) ? node.head.text + node.templateSpans.map((span) => `*${span.literal.text}`).join("") : "";
      if (/^net\.[\w.*-]+$/.test(text)) names.push(text);
    });
  }
  return [...new Set(names)];
}
