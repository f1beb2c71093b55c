/** `ping` of iputils 20221126: -c -W -i -s -t -M do -n -q -w. */
import { MS, SECOND } from "../../base/time.js";
import { ERRNO } from "../../linux/errno.js";
import { fibLookup } from "../../linux/fib.js";
import { failed, NotModelled, type Output } from "../output.js";
import type { Place } from "../place.js";
import { type EchoResult, sendEchoes } from "./echo-program.js";

const HEADERS = 28;
const UNREACHABLE: readonly string[] = ["Destination Net Unreachable", "Destination Host Unreachable", "Destination Protocol Unreachable", "Destination Port Unreachable", "", "Source Route Failed", "Destination Net Unknown", "Destination Host Unknown", "Source Host Isolated", "Destination Net Prohibited", "Destination Host Prohibited", "Destination Net Unreachable for Type of Service", "Destination Host Unreachable for Type of Service", "Packet filtered", "Precedence Violation", "Precedence Cutoff"];

interface Words {
  host: string;
  count: number;
  size: number;
  ttl: number;
  timeout: number;
  interval: number;
  dontFragment: boolean;
  quiet: boolean;
}

function read(words: readonly string[]): Words {
  const made: Words = { host: "", count: 0, size: 56, ttl: 64, timeout: 10 * SECOND, interval: SECOND, dontFragment: false, quiet: false };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const joined = /^-([cWisMt])(.+)$/.exec(word);
    const option = joined === null ? word : `-${joined[1]!}`;
    const value = (): string => (joined === null ? (words[++i] ?? "") : joined[2]!);
    if (option === "-c") made.count = Number(value());
    else if (option === "-W") made.timeout = Math.round(Number(value()) * SECOND);
    else if (option === "-i") made.interval = Math.round(Number(value()) * SECOND);
    else if (option === "-s") made.size = Number(value());
    else if (option === "-t") made.ttl = Number(value());
    else if (option === "-M") made.dontFragment = value() === "do";
    else if (option === "-q") made.quiet = true;
    else if (option === "-n" || option === "-4") continue;
    else if (option.startsWith("-")) throw new NotModelled(`ping ${option}`);
    else made.host = option;
  }
  return made;
}

/** A line about one answer; null: nothing is printed. */
function line(result: EchoResult, { size }: Words): string | null {
  if (result.kind === "reply") return `${size + 8} bytes from ${result.from}: icmp_seq=${result.sequence} ttl=${result.ttl} time=${(result.at / MS).toFixed(3)} ms`;
  if (result.kind === "refused") return result.errno === ERRNO.EMSGSIZE ? `ping: local error: message too long, mtu: ${result.info}` : result.errno === ERRNO.EPERM ? "ping: sendmsg: Operation not permitted" : "ping: sendmsg: Network is unreachable";
  const from = `From ${result.from} icmp_seq=${result.sequence}`;
  if (result.type === 11) return `${from} ${result.code === 0 ? "Time to live exceeded" : "Frag reassembly time exceeded"}`;
  if (result.type === 3) return result.code === 4 ? `${from} Frag needed and DF set (mtu = ${result.info})` : `${from} ${UNREACHABLE[result.code] ?? `Dest Unreachable, Bad Code: ${result.code}`}`;
  return null;
}

export function ping({ s, ns }: Place, words: readonly string[]): Output {
  const asked = read(words);
  if (asked.host === "") return failed(1, "ping: usage error: Destination address required");
  if (asked.count === 0) throw new NotModelled("ping without -c");
  const dst = s.book.ofText(asked.host);
  if (dst === 0) return failed(2, `ping: ${asked.host}: Temporary failure in name resolution`);
  if (s.book.family[dst] === 6) throw new NotModelled("ping of an IPv6 address");
  const route = fibLookup(s, ns, dst, 0, 0, 0, 0);
  if (route === null) return failed(2, "ping: connect: Network is unreachable");
  const began = s.engine.now;
  const results = sendEchoes(s, ns, {
    host: asked.host,
    ttls: Array.from({ length: asked.count }, () => asked.ttl),
    first: 1,
    size: asked.size,
    dontFragment: asked.dontFragment,
    ident: 0,
    interval: asked.interval,
    timeout: asked.timeout,
  });
  return summary(asked, results, (s.engine.now - began) / MS);
}

function summary(asked: Words, results: readonly EchoResult[], elapsed: number): Output {
  const lines = [`PING ${asked.host} (${asked.host}) ${asked.size}(${asked.size + HEADERS}) bytes of data.`];
  if (!asked.quiet) lines.push(...results.flatMap((result) => line(result, asked) ?? []));
  const replies = results.filter((result) => result.kind === "reply");
  const errors = results.length - replies.length;
  const lost = Math.floor(((asked.count - replies.length) * 100) / asked.count);
  const times = replies.map((result) => result.at / MS);
  lines.push("", `--- ${asked.host} ping statistics ---`);
  lines.push(`${asked.count} packets transmitted, ${replies.length} received, ${errors > 0 ? `+${errors} errors, ` : ""}${lost}% packet loss, time ${Math.floor(elapsed)}ms`);
  if (times.length > 0) {
    const mean = times.reduce((sum, t) => sum + t, 0) / times.length;
    const deviation = Math.sqrt(Math.max(0, times.reduce((sum, t) => sum + t * t, 0) / times.length - mean * mean));
    lines.push(`rtt min/avg/max/mdev = ${[Math.min(...times), mean, Math.max(...times), deviation].map((t) => t.toFixed(3)).join("/")} ms`);
  }
  return { text: lines.join("\n"), code: replies.length > 0 ? 0 : 1 };
}
