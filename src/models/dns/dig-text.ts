/** dig's page of one answer. Read first: bind bin/dig/dig.c (printmessage, received) and lib/dns/masterdump.c (the columns). */
import type { DnsMessage } from "../../packet/wire/dns.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";
import { dataText, RCODE_WORDS, rooted, typeWord } from "./record-text.js";

const VERSION = "9.18.28";
const TTL_COLUMN = 24;
const CLASS_COLUMN = 32;
const TYPE_COLUMN = 40;
const DATA_COLUMN = 48;

/** How an answer came. */
export interface DigArrival {
  readonly server: string;
  readonly tcp: boolean;
  readonly milliseconds: number;
  /** `Sat Nov 01 10:00:00 UTC 2025` */
  readonly when: string;
  readonly bytes: number;
  /** the client's cookie, as hexadecimal digits */
  readonly cookie: string;
}

/** The first lines, before any answer. */
export function digGreeting(words: readonly string[]): string[] {
  return ["", `; <<>> DiG ${VERSION} <<>> ${words.join(" ")}`, ";; global options: +cmd"];
}

/** Cells at their columns: tabs to the column, or one blank where it is passed. */
function columns(cells: readonly (readonly [text: string, column: number])[]): string {
  let line = "";
  let at = 0;
  for (const [text, column] of cells) {
    const to = line === "" ? 0 : Math.max(column, at + 1);
    const tabs = Math.floor(to / 8) - Math.floor(at / 8);
    line += tabs > 0 ? "\t".repeat(tabs) + " ".repeat(to % 8) : " ".repeat(to - at);
    line += text;
    at = to + text.length;
  }
  return line;
}

const className = (number: number): string => (number === 1 ? "IN" : number === 255 ? "ANY" : `CLASS${number}`);

function recordLine(record: Exclude<DnsRecord, { type: "OPT" }>): string {
  return columns([[rooted(record.name), 0], [String(record.ttl), TTL_COLUMN], [className(record.class), CLASS_COLUMN], [record.type === "other" ? typeWord(record.code) : record.type, TYPE_COLUMN], [dataText(record), DATA_COLUMN]]);
}

function section(title: string, records: readonly DnsRecord[]): string[] {
  const shown = records.filter((record): record is Exclude<DnsRecord, { type: "OPT" }> => record.type !== "OPT");
  return shown.length === 0 ? [] : [`;; ${title} SECTION:`, ...shown.map(recordLine), ""];
}

function optLines(message: DnsMessage, cookie: string): string[] {
  const opt = message.additionals.find((record) => record.type === "OPT");
  if (opt === undefined || opt.type !== "OPT") return [];
  const hex = (data: Uint8Array): string => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const cookies = opt.options.filter(({ code }) => code === 10).map(({ data }) => `; COOKIE: ${hex(data)}${hex(data) === cookie ? " (echoed)" : " (good)"}`);
  return [";; OPT PSEUDOSECTION:", `; EDNS: version: ${opt.version}, flags:${opt.dnssecOk ? " do" : ""}; udp: ${opt.udpSize}`, ...cookies];
}

/** Everything from `;; Got answer:` to the size. */
export function digAnswer(message: DnsMessage, arrival: DigArrival): string[] {
  const flags = [["qr", message.response], ["aa", message.authoritative], ["tc", message.truncated], ["rd", message.recursionDesired], ["ra", message.recursionAvailable], ["ad", message.authenticData], ["cd", message.checkingDisabled]] as const;
  const { questions, answers, authorities, additionals } = message;
  const head = [
    ";; Got answer:",
    `;; ->>HEADER<<- opcode: QUERY, status: ${RCODE_WORDS[message.rcode] ?? `RESERVED${message.rcode}`}, id: ${message.id}`,
    `;; flags: ${flags.filter(([, set]) => set).map(([word]) => word).join(" ")}; QUERY: ${questions.length}, ANSWER: ${answers.length}, AUTHORITY: ${authorities.length}, ADDITIONAL: ${additionals.length}`,
    ...(message.recursionDesired && !message.recursionAvailable ? [";; WARNING: recursion requested but not available"] : []),
    "",
  ];
  const asked = questions.length === 0 ? [] : [";; QUESTION SECTION:", ...questions.map((q) => `;${columns([[rooted(q.name), 0], [className(q.class), CLASS_COLUMN], [typeWord(q.type), TYPE_COLUMN]])}`), ""];
  const tail = [
    `;; Query time: ${arrival.milliseconds} msec`,
    `;; SERVER: ${arrival.server}#53(${arrival.server}) (${arrival.tcp ? "TCP" : "UDP"})`,
    `;; WHEN: ${arrival.when}`,
    `;; MSG SIZE  rcvd: ${arrival.bytes}`,
    "",
  ];
  return [...head, ...optLines(message, arrival.cookie), ...asked, ...section("ANSWER", answers), ...section("AUTHORITY", authorities), ...section("ADDITIONAL", additionals), ...tail];
}
