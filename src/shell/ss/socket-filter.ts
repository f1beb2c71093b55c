/** The filter of `ss`: `state X exclude Y`, then an expression over addresses and ports (ssfilter.y). */
import { contains } from "../../base/cidr.js";
import type { Stack } from "../../linux/stack.js";
import { prefixOf } from "../ip/device-list.js";
import { Ended } from "../output.js";
import { servicePort } from "../service-names.js";
import type { ListedSocket } from "./socket-list.js";

export type SocketTest = (one: ListedSocket) => boolean;

const CONNECTED: readonly string[] = ["ESTAB", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSE-WAIT", "LAST-ACK", "CLOSING"];
const without = (...words: readonly string[]): string[] => CONNECTED.filter((state) => !words.includes(state));
/** Words of the state filter and what each stands for. */
const STATES: Readonly<Record<string, readonly string[]>> = Object.freeze({
  all: [...CONNECTED, "LISTEN", "UNCONN"],
  connected: CONNECTED,
  synchronized: without("SYN-SENT"),
  bucket: ["SYN-RECV", "TIME-WAIT"],
  big: [...without("SYN-RECV", "TIME-WAIT"), "UNCONN", "LISTEN"],
  established: ["ESTAB"],
  listening: ["LISTEN"],
  listen: ["LISTEN"],
  closed: ["UNCONN"],
  unconnected: ["UNCONN"],
  ...Object.fromEntries(CONNECTED.slice(1).map((state) => [state.toLowerCase(), [state]])),
});

export interface SocketFilter {
  /** null: what the options say */
  readonly states: readonly string[] | null;
  readonly test: SocketTest;
}

/** Reads the words behind the options. */
export function readSocketFilter(s: Stack, words: readonly string[]): SocketFilter {
  let states: readonly string[] | null = null;
  let at = 0;
  for (; words[at] === "state" || words[at] === "exclude"; at += 2) {
    const name = words[at + 1];
    const found = name === undefined ? undefined : Object.hasOwn(STATES, name) ? STATES[name] : undefined;
    if (found === undefined) throw new Ended(255, `ss: wrong state name: ${name ?? ""}`);
    states = words[at] === "state" ? [...(states ?? []), ...found] : (states ?? STATES["all"]!).filter((state) => !found.includes(state));
  }
  const rest = words.slice(at).join(" ");
  return { states, test: rest.trim() === "" ? () => true : new Expression(s, rest).read() };
}

const MARKS = /\s*(\(|\)|!=|==|>=|<=|=|>|<|!|&&|\|\||&|\||[^\s()!=<>&|]+)/y;
const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = Object.freeze({
  "=": (a, b) => a === b, "==": (a, b) => a === b, eq: (a, b) => a === b, "!=": (a, b) => a !== b, ne: (a, b) => a !== b, neq: (a, b) => a !== b,
  ">=": (a, b) => a >= b, ge: (a, b) => a >= b, geq: (a, b) => a >= b, "<=": (a, b) => a <= b, le: (a, b) => a <= b, leq: (a, b) => a <= b,
  ">": (a, b) => a > b, gt: (a, b) => a > b, "<": (a, b) => a < b, lt: (a, b) => a < b,
});

class Expression {
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(
    private readonly s: Stack,
    text: string,
  ) {
    MARKS.lastIndex = 0;
    for (let found = MARKS.exec(text); found !== null; found = MARKS.exec(text)) this.tokens.push(found[1]!);
  }

  read(): SocketTest {
    const test = this.either();
    if (this.at < this.tokens.length) throw this.fault();
    return test;
  }

  private either(): SocketTest {
    let left = this.both();
    while (this.takes("or", "|", "||")) {
      const [a, b] = [left, this.both()];
      left = (one) => a(one) || b(one);
    }
    return left;
  }

  private both(): SocketTest {
    let left = this.one();
    for (;;) {
      this.takes("and", "&", "&&");
      if (this.at >= this.tokens.length || [")", "or", "|", "||"].includes(this.tokens[this.at]!)) return left;
      const [a, b] = [left, this.one()];
      left = (one) => a(one) && b(one);
    }
  }

  private one(): SocketTest {
    if (this.takes("not", "!")) {
      const inner = this.one();
      return (one) => !inner(one);
    }
    if (this.takes("(")) {
      const inner = this.either();
      if (!this.takes(")")) throw this.fault();
      return inner;
    }
    const word = this.tokens[this.at++];
    if (word === "sport" || word === "dport") {
      const compare = COMPARISONS[this.tokens[this.at] ?? ""];
      if (compare !== undefined) this.at++;
      const port = this.port();
      return (one) => (compare ?? COMPARISONS["="]!)(word === "sport" ? one.localPort : one.remotePort, port);
    }
    if (word === "src" || word === "dst") {
      const not = this.takes("!=", "ne", "neq");
      if (!not) this.takes("=", "==", "eq");
      return this.host(word, this.tokens[this.at++] ?? "", not);
    }
    this.at--;
    throw this.fault();
  }

  private port(): number {
    const text = (this.tokens[this.at++] ?? "").replace(/^.*:/, "");
    const port = /^\d+$/.test(text) ? Number(text) : servicePort(text);
    if (port === undefined) throw new Ended(255, `Error: argument "${text}" is wrong: invalid port\n`);
    return port;
  }

  private host(word: "src" | "dst", text: string, not: boolean): SocketTest {
    const found = /^(?:\[([^\]]*)\]|([^:]*|[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:\/\d+)?))(?::([^:\]]*))?$/.exec(text);
    if (text === "" || found === null) throw this.fault();
    const host = found[1] ?? found[2] ?? "";
    const range = host === "" || host === "*" ? null : prefixOf(host);
    const port = found[3] === undefined || found[3] === "" || found[3] === "*" ? null : /^\d+$/.test(found[3]) ? Number(found[3]) : (servicePort(found[3]) ?? -1);
    return (one) => {
      const addr = word === "src" ? one.local : one.remote;
      const met = (range === null || (addr !== 0 ? this.s.book.family[addr] === range.family && contains(range, this.s.book.words, addr * 4) : range.prefix === 0)) && (port === null || port === (word === "src" ? one.localPort : one.remotePort));
      return met !== not;
    };
  }

  private takes(...words: readonly string[]): boolean {
    if (!words.includes(this.tokens[this.at] ?? "")) return false;
    this.at++;
    return true;
  }

  private fault(): Ended {
    return new Ended(255, `ss: bison bellows (while parsing filter): "syntax error!" Sorry.\n${USAGE}`);
  }
}

export const USAGE = "Usage: ss [ OPTIONS ]\n       ss [ OPTIONS ] [ FILTER ]";
