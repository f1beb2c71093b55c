/** `traceroute` 2.1.2: UDP, ICMP and TCP probes over IPv4 and IPv6. */
import { MS, SECOND } from "../../base/time.js";
import { errnoName } from "../../linux/errno.js";
import { fibLookup } from "../../linux/fib.js";
import { launch } from "../../linux/sock/app.js";
import { Ended, NotModelled, type Output } from "../output.js";
import type { Place } from "../place.js";
import { servicePort } from "../service-names.js";
import { runApp } from "./echo-program.js";
import { type PathArguments, type PathResult, pathProgram } from "./path-program.js";
import { systemWords } from "./system-words.js";

const UNREACHABLE4: Readonly<Record<number, string>> = Object.freeze({ 0: " !N", 5: " !S", 1: " !H", 2: " !P", 3: "", 9: " !X", 10: " !X", 13: " !X", 14: " !V", 15: " !C" });
const UNREACHABLE6: Readonly<Record<number, string>> = Object.freeze({ 0: " !N", 1: " !X", 2: " !S", 3: " !H", 4: "", 5: " !X", 6: " !X" });
const LONG: Readonly<Record<string, string>> = Object.freeze({
  "--icmp": "-I", "--tcp": "-T", "--udp": "-U", "--dont-fragment": "-F", "--first": "-f", "--max-hops": "-m", "--sim-queries": "-N", "--port": "-p", "--wait": "-w", "--queries": "-q", "--source": "-s", "--interface": "-i", "--module": "-M", "--version": "-V",
  "--tos": "-t", "--extensions": "-e", "--debug": "-d", "--sendwait": "-z", "--fwmark": "--fwmark", "--sport": "--sport", "--mtu": "--mtu", "--back": "--back",
});
const WITH_VALUE = "fmNpwqsiMtzlgOP";
const HEADER = { 4: 20, 6: 40 } as const;
const DATA = 40;
const MOST_HOPS = 255;
const MOST_QUERIES = 10;

interface Asked {
  method: "default" | "icmp" | "udp" | "tcp";
  family: 0 | 4 | 6;
  numeric: boolean;
  dontFragment: boolean;
  first: number;
  most: number;
  together: number;
  queries: number;
  port: number;
  wait: number;
  source: string;
  device: string;
  host: string;
  length: number;
  /** number of the host's word, and of words */
  position: readonly [number, number];
}

const stop = (words: string): Ended => new Ended(2, words);

function read(words: readonly string[]): Asked | Output {
  const made: Asked = { method: "default", family: 0, numeric: false, dontFragment: false, first: 1, most: 30, together: 16, queries: 3, port: 0, wait: 5 * SECOND, source: "", device: "", host: "", length: -1, position: [0, 0] };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("-") || word === "-") {
      if (made.host === "") Object.assign(made, { host: word, position: [1, i + 1] });
      else if (made.length < 0) made.length = number(word, "packetlen", i + 1);
      else throw stop(`Extra arg \`${word}' (position 3, argc ${i + 1})`);
      continue;
    }
    const [name = "", value] = word.split("=");
    const long = LONG[name];
    if (word.startsWith("--") && long === undefined) throw stop(`Bad option \`${word}' (argc ${i + 1})`);
    const letters = (long ?? word).slice(1);
    for (let k = 0; k < letters.length; k++) {
      const letter = long?.startsWith("--") === true ? long : letters[k]!;
      if (letter === "V") return { text: "Modern traceroute for Linux, version 2.1.2\nCopyright (c) 2016  Dmitry Butskoy,   License: GPL v2 or any later", code: 0 };
      if ("46nFITUerd".includes(letter)) flag(made, letter);
      else if (!WITH_VALUE.includes(letter)) {
        if ("ADL".includes(letter) || letter.startsWith("--")) throw new NotModelled(`traceroute ${word}`);
        throw stop(`Bad option \`${word}' (argc ${i + 1})`);
      } else {
        const joined = long === undefined ? letters.slice(k + 1) : (value ?? "");
        option(made, letter, joined !== "" ? joined : (words[++i] ?? ""), i + 1);
        break;
      }
    }
  }
  if (made.host === "") throw stop("Usage:\n  traceroute [ OPTIONS ] host [ packetlen ]");
  if (made.first < 1 || made.first > made.most) throw stop("first hop out of range");
  if (made.most > MOST_HOPS) throw stop(`max hops cannot be more than ${MOST_HOPS}`);
  if (made.queries < 1 || made.queries > MOST_QUERIES) throw stop(`no more than ${MOST_QUERIES} probes per hop`);
  return made;
}

function flag(made: Asked, letter: string): void {
  if (letter === "4" || letter === "6") made.family = letter === "4" ? 4 : 6;
  else if (letter === "n") made.numeric = true;
  else if (letter === "F") made.dontFragment = true;
  else if (letter === "I") made.method = "icmp";
  else if (letter === "T") made.method = "tcp";
  else if (letter === "U") made.method = "udp";
}

function option(made: Asked, letter: string, value: string, argc: number): void {
  if (letter === "f") made.first = number(value, "f", argc);
  else if (letter === "m") made.most = number(value, "m", argc);
  else if (letter === "N") made.together = Math.max(1, number(value, "N", argc));
  else if (letter === "q") made.queries = number(value, "q", argc);
  else if (letter === "p") made.port = servicePort(value) ?? number(value, "p", argc);
  else if (letter === "w") made.wait = Math.round(Number(value.split(",")[0]) * SECOND);
  else if (letter === "s") made.source = value;
  else if (letter === "i") made.device = value;
  else if (letter === "M") {
    if (!["default", "icmp", "tcp", "udp"].includes(value)) throw new NotModelled(`traceroute -M ${value}`);
    made.method = value as Asked["method"];
  } else if (letter !== "t") throw new NotModelled(`traceroute -${letter}`);
}

function number(text: string, name: string, argc: number): number {
  if (!/^(0x[0-9a-fA-F]+|\d+)$/.test(text)) throw stop(name.length > 1 ? `Cannot handle "${name}" cmdline arg \`${text}' on position 2 (argc ${argc})` : `Cannot handle \`-${name}' option with arg \`${text}' (argc ${argc})`);
  return Number(text);
}

/** Words of `traceroute` behind its name; `named` is true for `traceroute6`. */
export function traceroute(place: Place, words: readonly string[], six: boolean): Output {
  const asked = read(six ? ["-6", ...words] : words);
  if ("text" in asked) return asked;
  const { s, ns } = place;
  const position = `Cannot handle "host" cmdline arg \`${asked.host}' on position ${asked.position[0]} (argc ${asked.position[1] - (six ? 1 : 0)})`;
  const literal = s.book.ofText(asked.host);
  const address = literal !== 0 ? asked.host : place.names?.forward(asked.host, asked.family) ?? "";
  if (address === "") throw stop(`${asked.host}: ${place.names === undefined ? "Temporary failure in name resolution" : "Name or service not known"}\n${position}`);
  const dst = s.book.ofText(address);
  const family = s.book.family[dst] === 6 ? 6 : 4;
  if (asked.family !== 0 && asked.family !== family) throw stop(`${asked.host}: Address family for hostname not supported\n${position}`);
  const length = Math.max(HEADER[family] + 8, asked.length < 0 ? HEADER[family] + DATA : asked.length);
  const head = `traceroute to ${asked.host} (${address}), ${asked.most} hops max, ${length} byte packets`;
  const errno = routeFault(place, dst);
  if (errno !== 0) return { text: `${head}\n${asked.method === "icmp" || asked.method === "default" || asked.method === "tcp" || asked.method === "udp" ? "connect" : "send"}: ${systemWords(errno)}`, code: 1 };
  const args: PathArguments = {
    host: address,
    method: asked.method === "default" ? "udp" : asked.method,
    counting: asked.method === "default" || asked.method === "icmp",
    port: asked.port !== 0 ? asked.port : { default: 33434, icmp: 1, tcp: 80, udp: 53 }[asked.method],
    source: asked.source,
    first: asked.first,
    last: asked.most,
    queries: asked.queries,
    together: asked.together,
    length,
    headers: HEADER[family] + 8,
    dontFragment: asked.dontFragment,
    wait: asked.wait,
  };
  const app = launch(s, ns, pathProgram.name, args as unknown as Readonly<Record<string, unknown>>);
  const { probes, end } = runApp(s, app, () => s.app.apps.get(app)!.state as unknown as { readonly probes: readonly { readonly result: PathResult | null }[]; readonly end: number });
  const lines = [head];
  for (let hop = asked.first, at = 0; at < end; hop++, at += asked.queries) lines.push(`${String(hop).padStart(2)} ${hopText(place, asked, dst, probes.slice(at, at + asked.queries).map((probe) => probe.result))}`);
  return { text: lines.join("\n"), code: 0 };
}

/** What connect(2) would answer. */
function routeFault({ s, ns }: Place, dst: number): number {
  const route = fibLookup(s, ns, dst as never, 0 as never, 0, 0, 0);
  return route === null || (route.hops.length === 0 && route.type !== 2) ? 101 : 0;
}

function hopText(place: Place, { numeric }: Asked, dst: number, results: readonly (PathResult | null)[]): string {
  const { s, ns } = place;
  const family = s.book.family[dst] === 6 ? 6 : 4;
  let text = "";
  let from = "";
  for (const result of results) {
    if (result === null || result.kind === "none") text += " *";
    else if (result.kind === "refused") text += ` *  ${(result.at / MS).toFixed(3)} ms ${errnoName(result.errno) === "EMSGSIZE" ? `!F-${s.dev.c.mtu[fibLookup(s, ns, dst as never, 0 as never, 0, 0, 0)?.hops[0]?.dev ?? 0] ?? 0}` : "!"}`;
    else {
      if (result.from !== from) text += ` ${hostText(place, numeric, (from = result.from))}`;
      text += `  ${(result.at / MS).toFixed(3)} ms${noteOf(result, family)}`;
    }
  }
  return text;
}

function hostText({ names }: Place, numeric: boolean, address: string): string {
  return numeric ? address : `${names?.reverse(address) ?? address} (${address})`;
}

function noteOf({ kind, type, code, info }: PathResult, family: 4 | 6): string {
  if (kind !== "error") return "";
  if (family === 4) return type !== 3 ? "" : code === 4 ? ` !F-${info}` : (UNREACHABLE4[code] ?? ` !<${code}>`);
  return type === 1 ? (UNREACHABLE6[code] ?? ` !<${code}>`) : type === 2 ? ` !F-${info}` : "";
}
