/** `ping` of iputils 20221126, over IPv4 and IPv6. */
import { MS, SECOND } from "../../base/time.js";
import { deviceByName } from "../../linux/device.js";
import { ERRNO } from "../../linux/errno.js";
import { chooseHop, fibLookup, isLocalAddress } from "../../linux/fib.js";
import { RTN, type Route } from "../../linux/fib-table.js";
import { preferredSource } from "../../linux/source-address.js";
import { Ended, NotModelled, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import { type EchoResult, sendAndCount } from "./echo-program.js";
import { icmp6Text, icmpText } from "./icmp-text.js";
import { systemWords } from "./system-words.js";

const HEADERS = 28;
/** Replies carry the time they were asked at, where they have room for it. */
const ROOM_FOR_TIME = 16;
/** Requests of a ping that is ended by its deadline alone. */
const MANY = 100_000;

interface Asked {
  host: string;
  family: 0 | 4 | 6;
  /** 0: until it is stopped */
  count: number;
  size: number;
  ttl: number;
  timeout: number;
  interval: number;
  deadline: number;
  discovery: "do" | "dont" | "want" | "";
  quiet: boolean;
  numeric: boolean;
  outstanding: boolean;
  broadcast: boolean;
  from: string;
  mark: number;
}

const bad = (text: string, low: number, high: number | string): Ended => new Ended(1, `ping: invalid argument: '${text}': out of range: ${low} <= value <= ${high}`);

function whole(text: string, low: number, high: number, highText: number | string = high): number {
  if (!/^-?\d+$/.test(text)) throw new Ended(1, `ping: invalid argument: '${text}'`);
  const value = Number(text);
  if (value < low || value > high) throw bad(text, low, highText);
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) throw new Ended(1, `ping: bad timing interval: ${text}`);
  return Math.round(value * SECOND);
}

function read(words: readonly string[]): Asked | Output {
  const made: Asked = { host: "", family: 0, count: 0, size: 56, ttl: 64, timeout: 10 * SECOND, interval: SECOND, deadline: 0, discovery: "", quiet: false, numeric: false, outstanding: false, broadcast: false, from: "", mark: 0 };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("-") || word === "-") {
      made.host = word;
      continue;
    }
    for (let k = 1; k < word.length; k++) {
      const letter = word[k]!;
      if ("cWisMtIwmQS".includes(letter)) {
        const joined = word.slice(k + 1);
        valued(made, letter, joined !== "" ? joined : (words[++i] ?? ""));
        break;
      }
      if (letter === "V") return said("ping from iputils 20221126\nlibcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes");
      if (letter === "4" || letter === "6") made.family = letter === "4" ? 4 : 6;
      else if (letter === "q") made.quiet = true;
      else if (letter === "n") made.numeric = true;
      else if (letter === "O") made.outstanding = true;
      else if (letter === "b") made.broadcast = true;
      else if ("aABCDdefFhLlNprRTUv".includes(letter)) throw new NotModelled(`ping -${letter}`);
      else throw new Ended(2, `ping: invalid option -- '${letter}'\n\nUsage\n  ping [options] <destination>`);
    }
  }
  return made;
}

function valued(made: Asked, letter: string, text: string): void {
  if (letter === "c") made.count = whole(text, 1, Number.MAX_SAFE_INTEGER, "9223372036854775807");
  else if (letter === "W") made.timeout = seconds(text) === 0 ? 10 * SECOND : seconds(text);
  else if (letter === "i") made.interval = seconds(text);
  else if (letter === "s") made.size = whole(text, 0, 2147483647);
  else if (letter === "t") made.ttl = whole(text, 0, 255);
  else if (letter === "w") made.deadline = whole(text, 0, 2147483647) * SECOND;
  else if (letter === "I") made.from = text;
  else if (letter === "m") made.mark = Number(text) | 0;
  else if (letter === "M") {
    if (text !== "do" && text !== "dont" && text !== "want") throw new Ended(2, `ping: invalid -M argument: ${text}`);
    made.discovery = text;
  } else if (letter === "S") return;
  else throw new NotModelled(`ping -${letter}`);
}

/** Words of `ping`; `six` for `ping6`. */
export function ping(place: Place, words: readonly string[], six: boolean): Output {
  const asked = read(words);
  if ("text" in asked) return asked;
  if (six) asked.family = 6;
  if (asked.host === "") throw new Ended(1, "ping: usage error: Destination address required");
  const { s, ns } = place;
  const address = addressOf(place, asked);
  const dst = s.book.ofText(address);
  const v6 = s.book.family[dst] === 6;
  if (/^fe[89ab]/i.test(address)) throw new NotModelled("ping of a link-local address");
  const { source, text: from } = sourceOf(place, asked, dst);
  const route = fibLookup(s, ns, dst, source as never, asked.mark, 0, 0);
  const fault = routeFault(route);
  if (fault !== 0 && place.busybox === true) throw new Ended(1, `PING ${asked.host} (${address}): ${asked.size} data bytes\nping: sendto: ${systemWords(fault)}`);
  if (fault !== 0) throw new Ended(2, `ping: connect: ${systemWords(fault)}`);
  if (route!.type === RTN.broadcast && !asked.broadcast) throw new Ended(2, "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules");
  if (asked.count === 0 && asked.deadline === 0) throw new NotModelled("ping without -c and -w");
  const began = s.engine.now;
  const most = asked.deadline === 0 ? asked.count : Math.min(MANY, Math.ceil(asked.deadline / Math.max(asked.interval, MS)));
  const { results, sent } = sendAndCount(s, ns, {
    host: address,
    ttls: Array.from({ length: most }, () => asked.ttl),
    first: 1,
    size: asked.size,
    dontFragment: asked.discovery === "do",
    ident: 0,
    interval: asked.interval,
    timeout: asked.timeout,
    mark: asked.mark,
    ...(source === 0 ? {} : { source: s.book.text(source as never) }),
    ...(asked.deadline === 0 ? {} : { deadline: asked.deadline, ...(asked.count === 0 ? {} : { enough: asked.count }) }),
  });
  if (place.busybox === true) return busyboxText(asked, address, results, sent);
  const elapsed = (s.engine.now - began) / MS;
  const name = asked.host;
  const head = v6 ? `PING ${name}(${hostText(place, asked, address)})${from} ${asked.size} data bytes` : `PING ${name} (${address})${from} ${asked.size}(${asked.size + HEADERS}) bytes of data.`;
  const lines = asked.broadcast && route!.type === RTN.broadcast ? ["WARNING: pinging broadcast address", head] : [head];
  if (!asked.quiet) lines.push(...resultLines(place, asked, results, sent, route!, v6));
  lines.push("", ...summary(asked, results, sent, elapsed));
  return { text: lines.join("\n"), code: results.some((result) => result.kind === "reply") ? 0 : 1 };
}

function addressOf(place: Place, asked: Asked): string {
  const { s, names } = place;
  const literal = s.book.ofText(asked.host);
  if (literal !== 0) {
    if (asked.family !== 0 && s.book.family[literal] !== asked.family) throw new Ended(2, `ping: ${asked.host}: Address family for hostname not supported`);
    return asked.host;
  }
  if (asked.host === "localhost" && asked.family !== 6) return "127.0.0.1";
  const found = names?.forward(asked.host, asked.family) ?? "";
  if (found === "" && place.busybox === true) throw new Ended(1, `ping: bad address '${asked.host}'`);
  if (found === "") throw new Ended(2, `ping: ${asked.host}: ${names === undefined ? "Temporary failure in name resolution" : "Name or service not known"}`);
  return found;
}

/** `-I`: the source address, and the words of the first line. */
function sourceOf({ s, ns }: Place, { from }: Asked, dst: number): { readonly source: number; readonly text: string } {
  const colon = s.book.family[dst] === 6 ? ":" : "";
  if (from === "") return { source: 0, text: "" };
  const addr = s.book.ofText(from);
  if (addr !== 0) {
    if (!isLocalAddress(s, ns, addr)) throw new Ended(2, `ping: bind: ${systemWords(ERRNO.EADDRNOTAVAIL)}`);
    return { source: addr, text: ` from ${from} :` };
  }
  const dev = deviceByName(s, ns, from);
  if (dev === 0) throw new Ended(2, `ping: SO_BINDTODEVICE ${from}: No such device`);
  const [bound, free] = [fibLookup(s, ns, dst, 0 as never, 0, 0, dev), fibLookup(s, ns, dst, 0 as never, 0, 0, 0)];
  if (bound === null || free === null || bound !== free || colon !== "") throw new NotModelled(`ping -I ${from}, away from the route or over IPv6`);
  const source = preferredSource(s, bound, chooseHop(s, bound, 0, dst), dst);
  return { source, text: ` from ${s.book.text(source)} ${from}:` };
}

function routeFault(route: Route | null): number {
  if (route === null) return ERRNO.ENETUNREACH;
  if (route.hops.length > 0) return 0;
  return route.type === RTN.blackhole ? ERRNO.EINVAL : route.type === RTN.prohibit ? ERRNO.EACCES : route.type === RTN.unreachable ? ERRNO.EHOSTUNREACH : route.type === RTN.throw ? ERRNO.ENETUNREACH : 0;
}

/** An address asked for by its number is shown by it; one asked for by a name also by the name it has. */
function hostText({ s, names }: Place, { host, numeric }: Asked, address: string): string {
  if (s.book.ofText(host) !== 0 || numeric) return address;
  const name = host === "localhost" ? "localhost" : names?.reverse(address) ?? address;
  return `${name} (${address})`;
}

function resultLines(place: Place, asked: Asked, results: readonly EchoResult[], sent: number, route: Route, v6: boolean): string[] {
  const lines: string[] = [];
  const known = new Set(results.map((result) => result.sequence));
  const missing = (before: number): void => {
    for (let n = 1; asked.outstanding && n < before; n++) if (!known.has(n) && !lines.includes(`no answer yet for icmp_seq=${n}`)) lines.push(`no answer yet for icmp_seq=${n}`);
  };
  for (const result of results) {
    missing(result.sequence);
    const text = resultLine(place, asked, result, route, v6);
    if (text !== null) lines.push(text);
  }
  missing(sent);
  return lines;
}

/** A line about one answer; null: nothing is printed. */
function resultLine(place: Place, asked: Asked, result: EchoResult, route: Route, v6: boolean): string | null {
  if (result.kind === "reply") {
    const time = asked.size >= ROOM_FOR_TIME ? ` time=${(result.at / MS).toFixed(3)} ms` : "";
    return `${asked.size + 8} bytes from ${hostText(place, asked, result.from)}: icmp_seq=${result.sequence} ttl=${result.ttl}${time}`;
  }
  if (result.kind === "refused") {
    const { s } = place;
    const mtu = result.info !== 0 ? result.info : route.mtu !== 0 ? route.mtu : (s.dev.c.mtu[route.hops[0]?.dev ?? 0] ?? 0);
    return result.errno === ERRNO.EMSGSIZE ? `ping: local error: message too long, mtu: ${mtu}` : `ping: sendmsg: ${systemWords(result.errno)}`;
  }
  const text = v6 ? icmp6Text(result.type, result.code, result.info) : icmpText(result.type, result.code, result.info);
  return text === null ? null : `From ${hostText(place, asked, result.from)} icmp_seq=${result.sequence} ${text}`;
}

function summary(asked: Asked, results: readonly EchoResult[], sent: number, elapsed: number): string[] {
  const replies = results.filter((result) => result.kind === "reply");
  const errors = results.length - replies.length;
  // %g of printf
  const lost = Number((((sent - replies.length) * 100) / sent).toPrecision(6));
  const times = replies.map((result) => result.at / MS);
  const lines = [`--- ${asked.host} ping statistics ---`, `${sent} packets transmitted, ${replies.length} received, ${errors > 0 ? `+${errors} errors, ` : ""}${lost}% packet loss, time ${Math.floor(elapsed)}ms`];
  if (times.length === 0 || asked.size < ROOM_FOR_TIME) return lines;
  const mean = times.reduce((sum, t) => sum + t, 0) / times.length;
  const deviation = Math.sqrt(Math.max(0, times.reduce((sum, t) => sum + t * t, 0) / times.length - mean * mean));
  return [...lines, `rtt min/avg/max/mdev = ${[Math.min(...times), mean, Math.max(...times), deviation].map((t) => t.toFixed(3)).join("/")} ms`];
}

/** The same in the words of busybox (networking/ping.c), which says nothing of errors. */
function busyboxText(asked: Asked, address: string, results: readonly EchoResult[], sent: number): Output {
  const replies = results.filter((result) => result.kind === "reply");
  const lines = [`PING ${asked.host} (${address}): ${asked.size} data bytes`];
  const refused = results.find((result) => result.kind === "refused");
  if (refused !== undefined) return { text: [...lines, `ping: sendto: ${systemWords(refused.errno)}`].join("\n"), code: 1 };
  if (!asked.quiet) for (const reply of replies) lines.push(`${asked.size + 8} bytes from ${reply.from}: seq=${reply.sequence - 1} ttl=${reply.ttl} time=${(reply.at / MS).toFixed(3)} ms`);
  const lost = Math.floor(((sent - replies.length) * 100) / sent);
  lines.push("", `--- ${asked.host} ping statistics ---`, `${sent} packets transmitted, ${replies.length} packets received, ${lost}% packet loss`);
  const times = replies.map((reply) => reply.at / MS);
  if (times.length > 0) lines.push(`round-trip min/avg/max = ${[Math.min(...times), times.reduce((sum, t) => sum + t, 0) / times.length, Math.max(...times)].map((t) => t.toFixed(3)).join("/")} ms`);
  return { text: lines.join("\n"), code: replies.length > 0 ? 0 : 1 };
}
