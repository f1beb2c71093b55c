/** A walk as a Markdown table: one row for each device, what the packet was there and what happened to it. */
import { hopLines, packetText } from "./narrate.js";
import type { Hop, Walk } from "./walk-record.js";

const cell = (text: string): string => text.replaceAll("|", "\\|");

function rows(hops: readonly Hop[]): string[] {
  let place = "";
  return hops.map((hop) => {
    const here = hop.netns === hop.node ? hop.node : `${hop.node}: ${hop.netns}`;
    const shown = here === place ? "" : here;
    place = here;
    const arrow = hop.direction === "in" ? "in by" : hop.direction === "out" ? "out by" : "at";
    return `| ${cell(shown)} | ${arrow} \`${hop.device}\` | \`${cell(packetText(hop.packet))}\` | ${hopLines(hop).map(cell).join("<br>")} |`;
  });
}

const HEAD = ["| where | device | packet | what happens |", "|---|---|---|---|"];

/** Request and reply, a table each; the end in a sentence behind them. */
export function walkMarkdown(walk: Walk): string {
  const { end, reply } = walk;
  const at = [end.node, end.netns === end.node ? "" : end.netns].filter((text) => text !== "").join(", ");
  const last = walk.verdict === "delivered" ? `Delivered at ${at}.` : `${walk.verdict} at ${at}: ${end.reason}, ${end.meaning}.`;
  return [...HEAD, ...rows(walk.hops), ...(reply === undefined ? [] : ["", "And back:", "", ...HEAD, ...rows(reply.hops)]), "", last, ""].join("\n");
}
