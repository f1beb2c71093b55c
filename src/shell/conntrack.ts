/** `conntrack` 1.4.7: -L, -G, -D, -F, -C and their filters. */
import { contains } from "../base/cidr.js";
import { type Flow, formatFlow, listFlows } from "../linux/nf/conntrack-list.js";
import { killFlow } from "../linux/nf/conntrack.js";
import { prefixOf } from "./ip/device-list.js";
import { Ended, failed, NotModelled, type Output, said } from "./output.js";
import type { Place } from "./place.js";

type Test = (flow: Flow) => boolean;
type Command = "list" | "get" | "delete" | "flush" | "count" | "";

const BANNER = "conntrack v1.4.7 (conntrack-tools): ";
const HELP = "Try `conntrack -h' or 'conntrack --help' for more information.";
const COMMANDS: Readonly<Record<string, Command>> = Object.freeze({ "-L": "list", "--dump": "list", "-G": "get", "--get": "get", "-D": "delete", "--delete": "delete", "-F": "flush", "--flush": "flush", "-C": "count", "--count": "count" });
const PROTOCOLS: Readonly<Record<string, number>> = Object.freeze({ icmp: 1, tcp: 6, udp: 17, dccp: 33, gre: 47, icmpv6: 58, "ipv6-icmp": 58, sctp: 132, udplite: 136 });
/** Protocols whose options can be given; a flow of another is asked for by its number. */
const WITH_PORTS: readonly number[] = [6, 17, 33, 132, 136];
const TCP_STATES: readonly string[] = ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "LISTEN", "SYN_SENT2"];
const ADDRESSES: Readonly<Record<string, (flow: Flow) => string>> = Object.freeze({
  "-s": (flow) => flow.original.src, "--src": (flow) => flow.original.src, "--orig-src": (flow) => flow.original.src, "-d": (flow) => flow.original.dst, "--dst": (flow) => flow.original.dst, "--orig-dst": (flow) => flow.original.dst,
  "-r": (flow) => flow.reply.src, "--reply-src": (flow) => flow.reply.src, "-q": (flow) => flow.reply.dst, "--reply-dst": (flow) => flow.reply.dst,
});
const PORTS: Readonly<Record<string, (flow: Flow) => number>> = Object.freeze({
  "--sport": (flow) => flow.original.sport, "--orig-port-src": (flow) => flow.original.sport, "--dport": (flow) => flow.original.dport, "--orig-port-dst": (flow) => flow.original.dport,
  "--reply-port-src": (flow) => flow.reply.sport, "--reply-port-dst": (flow) => flow.reply.dport,
});

const isIcmp = ({ protoNumber }: Flow): boolean => protoNumber === 1;
const sourceChanged = (flow: Flow): boolean => flow.original.src !== flow.reply.dst || (WITH_PORTS.includes(flow.protoNumber) && flow.original.sport !== flow.reply.dport);
const destinationChanged = (flow: Flow): boolean => flow.original.dst !== flow.reply.src || (WITH_PORTS.includes(flow.protoNumber) && flow.original.dport !== flow.reply.sport);
const STATUSES: Readonly<Record<string, Test>> = Object.freeze({
  ASSURED: (flow) => flow.assured,
  SEEN_REPLY: (flow) => !flow.unreplied,
  UNREPLIED: (flow) => flow.unreplied,
  UNSET: (flow) => flow.unreplied && !flow.assured,
  CONFIRMED: () => true,
  SRC_NAT: sourceChanged,
  DST_NAT: destinationChanged,
  EXPECTED: () => false,
  FIXED_TIMEOUT: () => false,
  OFFLOAD: () => false,
  HW_OFFLOAD: () => false,
});

const stop = (words: string): Ended => new Ended(2, `${BANNER}${words}\n${HELP}`);

interface Asked {
  command: Command;
  table: string;
  family: 0 | 4 | 6;
  protocol: number;
  extended: boolean;
  readonly tests: Test[];
}

function read(words: readonly string[], place: Place): Asked | Output {
  const made: Asked = { command: "", table: "conntrack", family: 0, protocol: 0, extended: false, tests: [] };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const value = (): string => {
      const next = words[++i];
      if (next === undefined) throw stop(`option \`${word}' requires an argument`);
      return next;
    };
    const command = COMMANDS[word];
    const following = words[i + 1];
    if (command !== undefined) {
      if (made.command !== "") throw stop("Invalid commands combination");
      made.command = command;
      if (following !== undefined && ["conntrack", "expect", "dying", "unconfirmed"].includes(following)) made.table = words[++i]!;
    } else if (word === "-V" || word === "--version") return said("conntrack v1.4.7 (conntrack-tools)");
    else if (Object.hasOwn(ADDRESSES, word)) addressTest(made, ADDRESSES[word]!, value(), place);
    else if (Object.hasOwn(PORTS, word)) {
      if (!WITH_PORTS.includes(made.protocol)) throw stop(`unknown option \`${word}'`);
      const port = Number(value());
      const of = PORTS[word]!;
      made.tests.push((flow) => of(flow) === port);
    } else if (word === "-p" || word === "--proto" || word === "--protonum") protocolTest(made, value());
    else if (word === "--state") {
      if (made.protocol !== 6) throw stop("unknown option `--state'");
      const state = value();
      if (!TCP_STATES.includes(state)) throw stop(`unknown TCP state \`${state}'`);
      made.tests.push((flow) => flow.state === state);
    } else if (["-n", "--src-nat", "-g", "--dst-nat", "-j", "--any-nat"].includes(word)) {
      natTest(made, word.replace(/^-+/, "")[0]!, following !== undefined && !following.startsWith("-") ? words[++i]! : "");
    } else if (word === "-m" || word === "--mark") {
      const [mark, mask] = value().split("/").map(Number);
      made.tests.push((flow) => (mask === undefined ? flow.mark === mark! : (flow.mark & mask) >>> 0 === mark! >>> 0));
    } else if (word === "-u" || word === "--status") statusTest(made, value());
    else if (word === "-w" || word === "--zone") {
      const zone = Number(value());
      made.tests.push((flow) => flow.zone === zone);
    } else if (word === "-f" || word === "--family") {
      const family = value();
      if (family !== "ipv4" && family !== "ipv6") throw stop(`\`${family}' unsupported protocol`);
      made.family = family === "ipv6" ? 6 : 4;
    } else if (word === "-o" || word === "--output") {
      for (const kind of value().split(",")) {
        if (kind === "extended") made.extended = true;
        else if (["xml", "id", "save", "userspace", "labels"].includes(kind)) throw new NotModelled(`conntrack -o ${kind}`);
        else if (kind !== "timestamp" && kind !== "ktimestamp") throw stop(`\`${kind}' unsupported option`);
      }
    } else if (word !== "-z" && word !== "--zero") {
      if (["-I", "--create", "-U", "--update", "-E", "--event", "-S", "--stats", "-A", "-R", "--load-file", "-t", "-c", "-e", "-l", "-b"].includes(word)) throw new NotModelled(`conntrack ${word}`);
      throw stop(`unknown option \`${word}'`);
    }
  }
  return made;
}

function addressTest(made: Asked, of: (flow: Flow) => string, text: string, { s }: Place): void {
  if (s.book.ofText(text.split("/")[0]!) === 0) throw stop(`Invalid IP address \`${text}'`);
  const range = prefixOf(text);
  made.family = range.family;
  made.tests.push((flow) => flow.family === range.family && contains(range, s.book.words, s.book.ofText(of(flow)) * 4));
}

function protocolTest(made: Asked, text: string): void {
  const number = /^\d+$/.test(text) ? Number(text) : PROTOCOLS[text];
  if (number === undefined) throw stop(`\`${text}' unsupported protocol`);
  made.protocol = number;
  made.tests.push((flow) => flow.protoNumber === number);
}

/** Without an address: whatever was translated. The tool takes an echo request's type for a port, and its reply's for another. */
function natTest(made: Asked, letter: string, address: string): void {
  const source = (flow: Flow): boolean => (address === "" ? sourceChanged(flow) || isIcmp(flow) : flow.reply.dst === address && flow.original.src !== address);
  const destination = (flow: Flow): boolean => (address === "" ? destinationChanged(flow) || isIcmp(flow) : flow.reply.src === address && flow.original.dst !== address);
  made.tests.push(letter === "n" || letter === "s" ? source : letter === "g" || letter === "d" ? destination : (flow) => source(flow) || destination(flow));
}

function statusTest(made: Asked, list: string): void {
  for (const name of list.split(",")) {
    const test = Object.hasOwn(STATUSES, name) ? STATUSES[name] : undefined;
    if (test === undefined) throw stop(`Bad parameter \`${list}'`);
    made.tests.push(test);
  }
}

export function conntrack(place: Place, words: readonly string[]): Output {
  const { s, ns } = place;
  const asked = read(words, place);
  if ("text" in asked) return asked;
  if (asked.command === "") throw stop("need an operation");
  if (asked.table === "expect") {
    if (asked.command === "list") return said(`${BANNER}0 expectations have been shown.`);
    if (asked.command === "flush") return said(`${BANNER}expectation table has been emptied.`);
    if (asked.command === "count") return said("0");
    throw new NotModelled("conntrack expect");
  }
  const flows = asked.table === "conntrack" ? listFlows(s, ns) : [];
  if (asked.command === "flush") {
    for (const flow of flows) killFlow(s, flow.row);
    return said(`${BANNER}connection tracking table has been emptied.`);
  }
  if (asked.command === "count") return said(String(flows.length));
  const wanted = flows.filter((flow) => (asked.family === 0 || flow.family === asked.family) && asked.tests.every((test) => test(flow)));
  const lines = wanted.map((flow) => `${asked.extended ? (flow.family === 4 ? "ipv4     2 " : "ipv6     10 ") : ""}${formatFlow(flow)}`);
  if (asked.command === "get") {
    if (wanted.length === 0) return failed(1, `${BANNER}Operation failed: such conntrack doesn't exist`);
    // The answer holds the entry while it is written.
    return said([`${BANNER}1 flow entries have been shown.`, lines[0]!.replace(/use=(\d+)$/, (_, uses: string) => `use=${Number(uses) + 1}`)].join("\n"));
  }
  if (asked.command === "list") return said([`${BANNER}${wanted.length} flow entries have been shown.`, ...lines].join("\n"));
  for (const flow of wanted) killFlow(s, flow.row);
  const text = [`${BANNER}${wanted.length} flow entries have been deleted.`, ...lines].join("\n");
  return wanted.length === 0 ? failed(1, text) : said(text);
}
