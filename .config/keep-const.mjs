// esbuild makes `var` of every constant at the top of a file it bundles. V8 reads such a variable anew each time, and what it
// holds, while it puts the value of a `const` into optimised code. This gives back the `const` of whatever is never assigned again.
// Lists that esbuild has made of several declarations are taken apart for that.
import ts from "typescript";

const STEPS = new Set([ts.SyntaxKind.PlusPlusToken, ts.SyntaxKind.MinusMinusToken]);

/** The same program with `const` for top-level variables that are written once. */
export function keepConst(code) {
  const file = ts.createSourceFile("chunk.js", code, ts.ScriptTarget.ESNext, false, ts.ScriptKind.JS);
  const assigned = new Set();
  const note = (target) => {
    if (ts.isIdentifier(target)) assigned.add(target.text);
    else ts.forEachChild(target, note);
  };
  const visit = (node) => {
    if (ts.isBinaryExpression(node) && node.operatorToken.kind >= ts.SyntaxKind.FirstAssignment && node.operatorToken.kind <= ts.SyntaxKind.LastAssignment) note(node.left);
    else if (ts.isPostfixUnaryExpression(node) || (ts.isPrefixUnaryExpression(node) && STEPS.has(node.operator))) note(node.operand);
    else if ((ts.isForInStatement(node) || ts.isForOfStatement(node)) && !ts.isVariableDeclarationList(node.initializer)) note(node.initializer);
    ts.forEachChild(node, visit);
  };
  visit(file);
  const isKept = ({ name, initializer }) => initializer !== undefined && ts.isIdentifier(name) && !assigned.has(name.text);
  const lists = file.statements.filter((statement) => ts.isVariableStatement(statement) && (statement.declarationList.flags & ts.NodeFlags.BlockScoped) === 0);
  let made = "";
  let from = 0;
  for (const statement of lists) {
    made += code.slice(from, statement.getStart(file));
    made += statement.declarationList.declarations.map((each) => `${isKept(each) ? "const" : "var"} ${each.getText(file)};`).join(" ");
    from = statement.getEnd();
  }
  return made + code.slice(from);
}
