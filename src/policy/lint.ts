/* Problems in policies that no validation catches, because each policy is valid and only the set is wrong. */
import { type Finding, LintContext, type LintOptions } from "./lint-context.js";
import { lintDns, lintEnforcement, lintOpenDirection } from "./lint-open.js";
import { lintPorts } from "./lint-ports.js";
import { lintRules } from "./lint-rules.js";
import { lintSelectors } from "./lint-selectors.js";
import type { PolicyModel } from "./model.js";

/** Everything that lint found. */
export interface Lint {
  /** By file and line; what was read from no file comes by policy. */
  readonly findings: readonly Finding[];
}

/** Everything that looks wrong about the policies of a set. */
export function lint(model: PolicyModel, options: LintOptions = {}): Lint {
  const context = new LintContext(model, options);
  for (const { code, severity, path, message, object = "", file = "", line = 0, fix = "" } of model.problems) {
    context.findings.push({ code, severity, policy: object, path, file, line, message, fix });
  }
  for (const look of [lintEnforcement, lintSelectors, lintRules, lintPorts, lintDns, lintOpenDirection]) look(context);
  return { findings: context.findings.sort((a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.policy, b.policy) || compare(a.path, b.path)) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
