/** What two outputs of a lab are compared through: the same as ../shared/oracle/normal.py. */

const MASKED = /time[=<][\d.]+ ?ms|, time \d+ms|^rtt min.*|link-netnsid? \S+|^\d+: |@if\d+|uid 0 ?|qlen \d+/g;
const TUNNEL = /sport=\d+ dport=8472 src=(\S+) dst=(\S+) sport=8472 dport=\d+/g;

function compare(a: string, b: string): number {
  const [x, y] = [[...a].map((ch) => ch.codePointAt(0)!), [...b].map((ch) => ch.codePointAt(0)!)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

const place = (line: string): string => line.trim().split(/\s+/).slice(0, 2).join("\u0000");

export function normal(text: string): string {
  const blocks: { command: string; body: string[] }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("$ ")) blocks.push({ command: line, body: [] });
    else if (blocks.length > 0 && line.trim() !== "") blocks.at(-1)!.body.push(line.trimEnd());
  }
  let out = "";
  for (const { command, body } of blocks) {
    let lines = body.filter((line) => !/^(# (Generated|Completed)|conntrack v)/.test(line));
    if (command.includes("conntrack -L")) lines = lines.map((line) => line.replace(/^(\w+ +\d+) \d+/, "$1 T")).sort(compare);
    if (command.startsWith("$ captured")) lines = lines.sort((a, b) => compare(place(a), place(b)));
    if (command.includes(" neigh") || command.includes(" fdb ")) lines.sort(compare);
    if (command.startsWith("$ birdc")) lines = lines.map((line) => line.replace(/\d\d:\d\d:\d\d(\.\d+)?/g, "HH:MM:SS"));
    lines = lines.map((line) => line.replace(MASKED, "").replace(TUNNEL, "sport=S dport=8472 src=$1 dst=$2 sport=8472 dport=S"));
    out += `${command}\n${lines.join("\n")}\n`;
  }
  return out;
}
