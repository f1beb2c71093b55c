/* Findings of lint, failures of check, gaps of coverage and the exposed, as lines and tables. */
import type { CheckResult } from "../check.js";
import type { Coverage, MutationCoverage } from "../coverage.js";
import type { Exposure } from "../exposure.js";
import type { Lint } from "../lint.js";
import { columns, csvLine, endText, markdownTable, placeText, portsText } from "./ports.js";

/** `file:line: severity: message [code]`, with policy and path below, as compilers print. */
export function lintText({ findings }: Lint): string {
  const lines = findings.map((each) => {
    const head = [placeText(each), each.severity, `${each.message} [${each.code}]`].filter((part) => part !== "").join(": ");
    return [head, `  ${[each.policy, each.path].filter((part) => part !== "").join(" ")}`, ...(each.fix === "" ? [] : [`  fix: ${each.fix}`])].join("\n");
  });
  return [...lines, findings.length === 0 ? "nothing found" : `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`].join("\n");
}

/** Findings as CSV. */
export function lintCsv({ findings }: Lint): string {
  const rows = findings.map(({ code, severity, policy, path, file, line, message, fix }) => csvLine([code, severity, policy, path, file, line, message, fix]));
  return ["code,severity,policy,path,file,line,message,fix", ...rows].join("\n");
}

/** Findings as a table in Markdown. */
export function lintMarkdown({ findings }: Lint): string {
  return markdownTable([["severity", "code", "where", "message", "fix"], ...findings.map((each) => [each.severity, each.code, `${each.policy} \`${each.path}\` ${placeText(each)}`.trim(), each.message, each.fix])]);
}

/** Expectations that failed, as lines of text. */
export function checkText({ passed, failed, problems }: CheckResult): string {
  const lines = failed.flatMap((each) => [
    `${[placeText(each), "FAILED"].filter((part) => part !== "").join(": ")}${each.name === "" ? "" : ` ${each.name}`}: ${each.message}`,
    ...each.violations.map(({ message }) => `  ${message}`),
    ...(each.count > each.violations.length ? [`  and ${each.count - each.violations.length} more`] : []),
  ]);
  const unclear = problems.map(({ file, line, message }) => `${file === undefined ? "" : `${file}:${line}: `}${message}`);
  return [...lines, ...unclear, `${passed} passed, ${failed.length} failed${problems.length === 0 ? "" : `, ${problems.length} unclear`}`].join("\n");
}

/** What decided nothing, as lines of text. */
export function coverageText({ items, decided, never }: Coverage): string {
  const rows = never.map((each) => [placeText(each), each.policy, each.what, `${each.path} (${each.direction})`]);
  return [...(rows.length === 0 ? [] : ["never decided anything:", columns(rows)]), `${decided} of ${items} parts of policies decided something`].join("\n");
}

/** Changes that nothing noticed, as lines of text. */
export function mutationText({ mutants, noticed, unnoticed, equivalent }: MutationCoverage): string {
  const rows = unnoticed.map((each) => [placeText(each), each.policy, each.path, each.says, `${each.changes} connections`]);
  const count = `${noticed} of ${mutants} one-token changes noticed, ${unnoticed.length} not, ${equivalent} change nothing here`;
  return [...(rows.length === 0 ? [] : ["changes that no expectation notices:", columns(rows)]), count].join("\n");
}

/** Exposure as lines of text. */
export function exposureText({ workloads, notes }: Exposure): string {
  const lines = workloads.flatMap(({ workload, exposed }) => [
    `${workload}${exposed.length === 0 ? ": nobody outside these manifests" : ""}`,
    ...(exposed.length === 0 ? [] : [columns(exposed.map((each) => ["", portsText(each.allowed), `from ${endText(each.who)}`]))]),
  ]);
  return [...lines, ...notes.map((note) => `note: ${note}`)].join("\n");
}

/** Exposure as CSV. */
export function exposureCsv({ workloads }: Exposure): string {
  const rows = workloads.flatMap(({ workload, exposed }) => exposed.map((each) => csvLine([workload, each.kind, each.who, portsText(each.allowed)])));
  return ["workload,kind,who,allowed", ...rows].join("\n");
}

/** Exposure as a table in Markdown. */
export function exposureMarkdown({ workloads }: Exposure): string {
  return markdownTable([["workload", "who", "may open"], ...workloads.flatMap(({ workload, exposed }) => exposed.map((each) => [workload, endText(each.who), portsText(each.allowed)]))]);
}
