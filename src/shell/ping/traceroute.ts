/** `traceroute -I -n` 2.1.2: echo requests of rising TTL, three for each. Name lookups, UDP and TCP probes are not modelled. */
import { MS, SECOND } from "../../base/time.js";
import { failed, NotModelled, type Output } from "../output.js";
import type { Place } from "../place.js";
import { type EchoResult, sendEchoes } from "./echo-program.js";

const UNREACHABLE: Readonly<Record<number, string>> = Object.freeze({ 0: " !N", 1: " !H", 2: " !P", 9: " !X", 10: " !X", 13: " !X" });
const PACKET = 60;
const HEADERS = 28;

export function traceroute({ s, ns }: Place, words: readonly string[]): Output {
  let host = "";
  let most = 30;
  let queries = 3;
  let wait = 5 * SECOND;
  let icmp = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "-I") icmp = true;
    else if (word === "-n") continue;
    else if (word === "-m") most = Number(words[++i]);
    else if (word === "-q") queries = Number(words[++i]);
    else if (word === "-w") wait = Number(words[++i]) * SECOND;
    else if (word.startsWith("-")) throw new NotModelled(`traceroute ${word}`);
    else host = word;
  }
  if (!icmp) throw new NotModelled("traceroute without -I");
  if (s.book.ofText(host) === 0 || host.includes(":")) return failed(2, `${host}: Name or service not known\nCannot handle "host" cmdline arg \`${host}' on position 1 (argc ${words.length})`);
  const lines = [`traceroute to ${host} (${host}), ${most} hops max, ${PACKET} byte packets`];
  for (let ttl = 1, sequence = 1; ttl <= most; ttl++, sequence += queries) {
    const results = sendEchoes(s, ns, { host, ttls: Array.from({ length: queries }, () => ttl), first: sequence, size: PACKET - HEADERS, dontFragment: false, ident: 0, interval: 0, timeout: wait });
    lines.push(`${String(ttl).padStart(2)} ${hopText(results, sequence, queries)}`);
    if (results.some((result) => result.kind === "reply" || (result.kind === "error" && result.type === 3))) break;
  }
  return { text: lines.join("\n"), code: 0 };
}

function hopText(results: readonly EchoResult[], first: number, queries: number): string {
  let text = "";
  let from = "";
  for (let i = 0; i < queries; i++) {
    const result = results.find((known) => known.sequence === first + i);
    if (result === undefined || result.kind === "refused") {
      text += " *";
      continue;
    }
    if (result.from !== from) text += ` ${(from = result.from)} `;
    text += ` ${(result.at / MS).toFixed(3)} ms${result.kind === "error" && result.type === 3 ? (UNREACHABLE[result.code] ?? "") : ""}`;
  }
  return text;
}
