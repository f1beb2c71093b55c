/* One answer of `why` as a person reads it: the verdict, both ends, the near misses, the change. */
import type { Reason } from "../rules.js";
import type { Why, WhyEnd } from "../why.js";
import type { PolicyChange } from "../why-change.js";
import { columns, csvLine, markdownTable, placeText } from "./ports.js";

/** An answer as lines of text. */
export function whyText(answer: Why): string {
  const { from, to, port, protocol, allowed } = answer;
  return [
    `${from} -> ${to}:${port}/${protocol}: ${allowed ? "allowed" : "denied"}`,
    ...endLines("egress", from, answer.egress),
    ...endLines("ingress", to, answer.ingress),
    ...(answer.changes.length === 0 ? [] : ["smallest change that allows it:", ...answer.changes.flatMap(changeLines)]),
    ...answer.notes.map((note) => `note: ${note}`),
  ].join("\n");
}

/** Many answers as one table in CSV. */
export function whyCsv(answers: readonly Why[]): string {
  const head = "from,to,port,protocol,allowed,egress,ingress,egressBy,ingressBy";
  const by = (end: WhyEnd): string => end.by.map((each) => `${each.policy} ${each.path}`).join("; ");
  const word = (end: { readonly allowed: boolean }): string => (end.allowed ? "allowed" : "denied");
  return [head, ...answers.map((each) => csvLine([each.from, each.to, each.port, each.protocol, word(each), word(each.egress), word(each.ingress), by(each.egress), by(each.ingress)]))].join("\n");
}

/** Answers as a table in Markdown. */
export function whyMarkdown(answers: readonly Why[]): string {
  const end = ({ allowed, by }: WhyEnd): string => `${allowed ? "allowed" : "**denied**"}${by[0] === undefined ? "" : ` by ${by[0].policy} \`${by[0].path}\``}`;
  const rows = answers.map((each) => [each.from, `${each.to}:${each.port}/${each.protocol}`, each.allowed ? "allowed" : "**denied**", end(each.egress), end(each.ingress)]);
  return markdownTable([["from", "to", "verdict", "egress", "ingress"], ...rows]);
}

function endLines(direction: string, own: string, end: WhyEnd): readonly string[] {
  const by = end.by.map((each) => `    by ${reasonText(each)}`);
  if (end.passedBy !== undefined) by.unshift(`    passed on by ${reasonText(end.passedBy)}`);
  const misses = end.nearMisses.slice(0, 3).flatMap((miss) => [
    `    nearly: ${reasonText(miss)}`,
    columns(miss.fields.map((field) => ["     ", field.path, `wants ${field.wanted},`, `found ${field.found}`])),
  ]);
  const more = end.nearMisses.length > 3 ? [`    and ${end.nearMisses.length - 3} more rules that nearly match`] : [];
  const other = end.otherwise === undefined ? [] : [`    without that rule: ${end.otherwise.allowed ? "allowed" : "denied"}${end.otherwise.by[0] === undefined ? "" : ` by ${reasonText(end.otherwise.by[0])}`}`];
  return [`  ${direction} of ${own}: ${end.allowed ? "allowed" : "denied"}: ${end.why}`, ...by, ...other, ...misses, ...more];
}

function reasonText(reason: Reason): string {
  const place = placeText(reason);
  return `${reason.policy} ${reason.path}${place === "" ? "" : ` (${place})`}`;
}

function changeLines(change: PolicyChange): readonly string[] {
  const text = change.yaml === "" ? [] : change.yaml.split("\n").map((line) => `    ${line}`);
  return [`  ${reasonText(change)}: ${change.says}`, ...text];
}
