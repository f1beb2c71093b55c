/* What a change opens and closes, in lines, CSV or a Markdown table. */
import type { ReachChange, ReachDiff } from "../diff.js";
import { columns, csvLine, endText, markdownTable, portsText } from "./ports.js";

/** One line for each connection: `+` opened, `-` closed, `~` other ports. */
export function diffText({ changes, added, removed }: ReachDiff): string {
  const rows = changes.map((each) => [sign(each), endText(each.from), "->", `${endText(each.to)}:`, says(each)]);
  const counts = (["+", "-", "~"] as const).map((mark) => changes.filter((each) => sign(each) === mark).length);
  return [
    ...added.map((id) => `+ workload ${id}`),
    ...removed.map((id) => `- workload ${id}`),
    ...(rows.length === 0 ? [] : [columns(rows), ""]),
    changes.length === 0 ? "no connection changes" : `${counts[0]} opened, ${counts[1]} closed, ${counts[2]} changed`,
  ].join("\n");
}

/** `from,to,before,after`. */
export function diffCsv({ changes }: ReachDiff): string {
  return ["from,to,before,after", ...changes.map(({ from, to, before, after }) => csvLine([from, to, portsText(before), portsText(after)]))].join("\n");
}

/** Changes as a table in Markdown. */
export function diffMarkdown({ changes }: ReachDiff): string {
  return markdownTable([["", "from", "to", "before", "after"], ...changes.map((each) => [sign(each), endText(each.from), endText(each.to), portsText(each.before), portsText(each.after)])]);
}

function sign({ before, after }: ReachChange): "+" | "-" | "~" {
  if (Object.keys(before).length === 0) return "+";
  return Object.keys(after).length === 0 ? "-" : "~";
}

function says(change: ReachChange): string {
  const mark = sign(change);
  if (mark === "+") return portsText(change.after);
  return mark === "-" ? portsText(change.before) : `${portsText(change.before)} => ${portsText(change.after)}`;
}
