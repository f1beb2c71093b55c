/** `conntrack` 1.4.7: -L, -D, -F, -C with filters. */
import { deleteFlows, type Flow, formatFlow, listFlows } from "../linux/nf/conntrack-list.js";
import type { ConntrackDelete } from "../linux/plumbing/act.js";
import { failed, NotModelled, type Output, said } from "./output.js";
import type { Place } from "./place.js";

type Filter = { -readonly [K in keyof ConntrackDelete["filter"]]: ConntrackDelete["filter"][K] };

const BANNER = "conntrack v1.4.7 (conntrack-tools): ";
const TEXT_OPTIONS: Readonly<Record<string, "origSrc" | "origDst" | "replySrc" | "replyDst" | "proto" | "dstNat" | "srcNat">> = Object.freeze({
  "-s": "origSrc", "--src": "origSrc", "--orig-src": "origSrc", "-d": "origDst", "--dst": "origDst", "--orig-dst": "origDst",
  "-r": "replySrc", "--reply-src": "replySrc", "-q": "replyDst", "--reply-dst": "replyDst", "-p": "proto", "--proto": "proto",
  "-g": "dstNat", "--dst-nat": "dstNat", "-n": "srcNat", "--src-nat": "srcNat",
});
const NUMBER_OPTIONS: Readonly<Record<string, "sport" | "dport" | "mark">> = Object.freeze({
  "--sport": "sport", "--orig-port-src": "sport", "--dport": "dport", "--orig-port-dst": "dport", "-m": "mark", "--mark": "mark",
});
const COMMANDS: Readonly<Record<string, "list" | "delete" | "flush" | "count">> = Object.freeze({
  "-L": "list", "--dump": "list", "-D": "delete", "--delete": "delete", "-F": "flush", "--flush": "flush", "-C": "count", "--count": "count",
});

export function conntrack(place: Place, words: readonly string[]): Output {
  const { s, ns } = place;
  const filter: Filter = {};
  let command: "list" | "delete" | "flush" | "count" | "" = "";
  let state = "";
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const known = COMMANDS[word];
    const text = TEXT_OPTIONS[word];
    const number = NUMBER_OPTIONS[word];
    if (known !== undefined) {
      command = known;
      if (words[i + 1] === "conntrack") i++;
      else if (words[i + 1] === "expect") throw new NotModelled("conntrack expect");
    } else if (text !== undefined) filter[text] = words[++i] ?? "";
    else if (number !== undefined) filter[number] = Number(words[++i]);
    else if (word === "-f" || word === "--family") filter.family = words[++i] === "ipv6" ? 6 : 4;
    else if (word === "--state") state = words[++i] ?? "";
    else throw new NotModelled(`conntrack ${word}`);
  }
  if (command === "flush") {
    deleteFlows(s, ns, {});
    return said(`${BANNER}connection tracking table has been emptied.`);
  }
  if (command === "count") return said(String(listFlows(s, ns).length));
  if (command === "") return failed(2, `${BANNER}need an operation\nTry \`conntrack -h' or 'conntrack --help' for more information.`);
  if (filter.family === undefined) filter.family = 4;
  if (command === "list") {
    const flows = listFlows(s, ns).filter((flow) => wanted(flow, filter) && (state === "" || flow.state === state));
    return said([`${BANNER}${flows.length} flow entries have been shown.`, ...flows.map(formatFlow)].join("\n"));
  }
  if (state !== "") throw new NotModelled("conntrack -D --state");
  const lines = listFlows(s, ns).filter((flow) => wanted(flow, filter)).map(formatFlow);
  const deleted = deleteFlows(s, ns, filter);
  const text = [`${BANNER}${deleted} flow entries have been deleted.`, ...lines].join("\n");
  return deleted === 0 ? failed(1, text) : said(text);
}

function wanted(flow: Flow, filter: Filter): boolean {
  return (
    (filter.family === undefined || flow.family === filter.family) &&
    (filter.proto === undefined || flow.proto === filter.proto || String(flow.protoNumber) === filter.proto) &&
    (filter.origSrc === undefined || flow.original.src === filter.origSrc) &&
    (filter.origDst === undefined || flow.original.dst === filter.origDst) &&
    (filter.replySrc === undefined || flow.reply.src === filter.replySrc) &&
    (filter.replyDst === undefined || flow.reply.dst === filter.replyDst) &&
    (filter.sport === undefined || flow.original.sport === filter.sport) &&
    (filter.dport === undefined || flow.original.dport === filter.dport) &&
    (filter.dstNat === undefined || (flow.reply.src === filter.dstNat && flow.original.dst !== filter.dstNat)) &&
    (filter.srcNat === undefined || (flow.reply.dst === filter.srcNat && flow.original.src !== filter.srcNat)) &&
    (filter.mark === undefined || flow.mark === filter.mark)
  );
}
