// What V8 would like to know of a file that esbuild has bundled.
//
// esbuild makes `var` of every constant at the top. V8 reads such a variable anew each time, and what it holds, while it puts the
// value of a `const` into optimised code: so whatever is never assigned again gets its `const` back. And a number behind a name
// costs a lookup and a check in bytecode, whose length decides what V8 takes inline: so numbers are put where they are used.
import ts from "typescript";

const STEPS = new Set([ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken]);

/** The same program with `const` for top-level variables that are written once, and its named numbers in their places. */
export function tuned(code) {
  const file = ts.createSourceFile("chunk.js", code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const { assigned, bindings, uses } = survey(file);
  const edits = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement) || (statement.declarationList.flags & ts.NodeFlags.BlockScoped) !== 0) continue;
    const { declarations } = statement.declarationList;
    if (!declarations.every(({ name, initializer }) => initializer !== undefined && ts.isIdentifier(name) && !assigned.has(name.text))) continue;
    const at = statement.declarationList.getStart(file);
    edits.push({ at, end: at + "var".length, text: "const" });
    for (const { name, initializer } of declarations) {
      const number = isNumber(initializer) && bindings.get(name.text) === 1 ? initializer.getText(file) : null;
      if (number !== null) for (const use of uses.get(name.text) ?? []) edits.push(placed(use, number));
    }
  }
  let made = "";
  let from = 0;
  for (const { at, end, text } of edits.sort((a, b) => a.at - b.at)) {
    made += code.slice(from, at) + text;
    from = end;
  }
  return made + code.slice(from);
}

function isNumber(node) {
  return ts.isNumericLiteral(node) || (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken && ts.isNumericLiteral(node.operand));
}

function placed(use, number) {
  const text = ts.isShorthandPropertyAssignment(use.parent) ? `${use.text}: ${number}` : `(${number})`;
  return { at: use.getStart(), end: use.getEnd(), text };
}

/** Names that are assigned somewhere, how often each name is declared in any scope, and where each is read. */
function survey(file) {
  const assigned = new Set();
  const bindings = new Map();
  const uses = new Map();
  const note = (target) => {
    if (ts.isIdentifier(target)) assigned.add(target.text);
    // What stands in `a[i] = x` or `a.b = x` is read.
    else if (!ts.isElementAccessExpression(target) && !ts.isPropertyAccessExpression(target)) ts.forEachChild(target, note);
  };
  const visit = (node) => {
    if (ts.isBinaryExpression(node) && node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && node.operatorToken.kind <= ts.SyntaxKind.LastAssignment) note(node.left);
    else if (ts.isPostfixUnaryExpression(node) || (ts.isPrefixUnaryExpression(node) && STEPS.has(node.operator))) note(node.operand);
    else if ((ts.isForInStatement(node) || ts.isForOfStatement(node)) && !ts.isVariableDeclarationList(node.initializer)) note(node.initializer);
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      if (isBinding(node, parent)) bindings.set(node.text, (bindings.get(node.text) ?? 0) + 1);
      else if (isRead(node, parent)) uses.set(node.text, [...(uses.get(node.text) ?? []), node]);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { assigned, bindings, uses };
}

function isBinding(node, parent) {
  const declares =
    ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isFunctionDeclaration(parent) || ts.isFunctionExpression(parent) ||
    ts.isClassDeclaration(parent) || ts.isClassExpression(parent) || ts.isImportSpecifier(parent) || ts.isNamespaceImport(parent) || ts.isImportClause(parent);
  return declares && parent.name === node;
}

function isRead(node, parent) {
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isExportSpecifier(parent) || ts.isImportSpecifier(parent) || ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  // What has a name of its own (a property, a method) is no use of the name.
  return parent.name !== node || ts.isShorthandPropertyAssignment(parent);
}
