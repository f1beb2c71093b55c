/** What the code says it does not model, collected from the places where it says so. */
import ts from "typescript";
import { type Source, walkTree } from "../../support/sources.js";
import { allSources, wordsBelow } from "./code-words.js";

/** Classes and functions that make a refusal of the words they are given. */
const MAKERS: readonly string[] = ["NotModelled", "notModelled"];
const ANY = "…";

/** The words that stand for `name` where `node` is reached: it was compared with them on the way. */
function valuesAt(node: ts.Node, name: string, source: Source): string[] | null {
  for (let at = node; at.parent !== undefined; at = at.parent) {
    const { parent } = at;
    if (ts.isIfStatement(parent) && parent.thenStatement === at) {
      const words = alternatives(parent.expression, name, source);
      if (words !== null) return words;
    }
    if (ts.isCaseClause(parent) && parent.parent.parent.expression.getText(source.tree) === name) {
      const clauses = parent.parent.clauses;
      const words: string[] = [];
      for (let i = clauses.indexOf(parent); i >= 0; i--) {
        const clause = clauses[i]!;
        if (!ts.isCaseClause(clause) || (clause !== parent && clause.statements.length > 0)) break;
        words.unshift(...wordsBelow(clause.expression));
      }
      return words;
    }
  }
  return null;
}

/** The words of `x === "a" || ["b", "c"].includes(x)`, or of a part of a conjunction; null where it says anything else of `x`. */
function alternatives(condition: ts.Expression, name: string, source: Source): string[] | null {
  if (ts.isParenthesizedExpression(condition)) return alternatives(condition.expression, name, source);
  if (ts.isBinaryExpression(condition)) {
    const { left, right } = condition;
    const sign = condition.operatorToken.kind;
    if (sign === ts.SyntaxKind.EqualsEqualsEqualsToken) return left.getText(source.tree) === name && ts.isStringLiteral(right) ? [right.text] : null;
    const both = [alternatives(left, name, source), alternatives(right, name, source)] as const;
    if (sign === ts.SyntaxKind.AmpersandAmpersandToken) return both[0] ?? both[1];
    if (sign === ts.SyntaxKind.BarBarToken) return both[0] === null || both[1] === null ? null : [...both[0], ...both[1]];
    return null;
  }
  const asked = ts.isCallExpression(condition) && ts.isPropertyAccessExpression(condition.expression) && condition.expression.name.text === "includes";
  if (!asked || condition.arguments[0]?.getText(source.tree) !== name) return null;
  const list = condition.expression.expression;
  return ts.isArrayLiteralExpression(list) ? wordsBelow(list) : null;
}

/** The texts that an expression can give, as far as the code around it shows. */
function texts(node: ts.Expression, source: Source): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === "trim") return texts(node.expression.expression, source);
  if (!ts.isTemplateExpression(node)) return valuesAt(node, node.getText(source.tree), source) ?? [ANY];
  return node.templateSpans.reduce<string[]>(
    (made, span) => {
      const values = valuesAt(node, span.expression.getText(source.tree), source) ?? [ANY];
      return made.flatMap((text) => values.map((value) => `${text}${value}${span.literal.text}`));
    },
    [node.head.text],
  );
}

const plain = (text: string): string => text.replace(/^not modelled(: |$)|: not modelled\b| (is|are) not modelled\b|, not modelled\b/g, "").trim();

function refusalsOf(source: Source): string[] {
  const all: string[] = [];
  walkTree(source, (node) => {
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && MAKERS.includes(node.expression.getText(source.tree))) all.push(...texts(node.arguments![0]!, source));
    else if (ts.isCallExpression(node) && node.arguments[0] !== undefined && wordsBelow(node.arguments[0]).includes("not-modelled")) all.push(...texts(node.arguments[2]!, source).map(plain));
    else if ((ts.isTemplateExpression(node) || ts.isStringLiteralLike(node)) && /^(?!.*\n).+\bnot modelled\b|^.not modelled: /.test(node.getText(source.tree)) && !within(node, source)) all.push(...texts(node, source).map(plain));
  });
  return all.filter((text) => text !== ANY && text !== "" && !/^-[mj] …$/.test(text));
}

/** Whether a text is part of what was collected already, or of the maker itself. */
function within(node: ts.Node, source: Source): boolean {
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (ts.isTemplateExpression(at)) return true;
    if ((ts.isFunctionDeclaration(at) || ts.isClassDeclaration(at)) && MAKERS.includes(at.name?.text ?? "")) return true;
    if (ts.isCallExpression(at) && at.arguments[0] !== undefined && at.arguments[0] !== node && wordsBelow(at.arguments[0]).includes("not-modelled")) return true;
    if (ts.isCallExpression(at) && MAKERS.includes(at.expression.getText(source.tree))) return true;
  }
  return false;
}

/** Refusals by the file that speaks them, in the order of paths and lines. */
export function refusals(): ReadonlyMap<string, readonly string[]> {
  const made = new Map<string, readonly string[]>();
  for (const source of allSources().values()) {
    const said = [...new Set(refusalsOf(source))];
    if (said.length > 0) made.set(source.path, said);
  }
  return made;
}
