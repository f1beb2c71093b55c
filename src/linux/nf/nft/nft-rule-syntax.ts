/** Reads rules of nftables in general; what is not here is not modelled. */
import { NFT_FIELDS, NFT_KNOWN_WORDS, nftField } from "./nft-fields.js";
import type { NftClause, NftEntry, NftFieldInfo, NftLeft, NftNumgen, NftPlace, NftRange, NftSource, NftVerdictWords } from "./nft-rule-tree.js";
import { NftNotModelled, NftSyntaxError } from "./nft-statement.js";
import { type NftType, type NftValue, readNftPrefix, readNftValue } from "./nft-types.js";

const MARKS = /\s*("[^"]*"|\{|\}|,|;|:(?=\s|\d|$)|==|!=|<=|>=|<|>|&|\||\^|\(|\)|@[\w./-]+|[^\s{}(),;"<>=!&|^]+)/y;

/** Words and marks of a text. */
export function nftTokens(text: string): string[] {
  const tokens: string[] = [];
  MARKS.lastIndex = 0;
  for (let found = MARKS.exec(text); found !== null; found = MARKS.exec(text)) tokens.push(found[1]!);
  return tokens;
}

/** Reads a rule; throws an NftSyntaxError at the first word that it does not know. */
export function readNftClauses(text: string, family: 0 | 4 | 6): readonly NftClause[] {
  const reader = new RuleReader(nftTokens(text), family);
  const clauses: NftClause[] = [];
  while (!reader.done) clauses.push(reader.clause());
  return Object.freeze(clauses);
}

const VERDICTS: readonly string[] = ["accept", "drop", "return", "continue", "jump", "goto"];
const COMPARISONS: readonly string[] = ["==", "!=", "<", ">", "<=", ">=", "eq", "ne", "lt", "gt", "le", "ge"];
const COMPARISON: Readonly<Record<string, "==" | "!=" | "<" | ">" | "<=" | ">=">> = Object.freeze({ eq: "==", ne: "!=", lt: "<", gt: ">", le: "<=", ge: ">=" });
const OPERATION: Readonly<Record<string, "|" | "&" | "^">> = Object.freeze({ or: "|", "|": "|", and: "&", "&": "&", xor: "^", "^": "^" });
const SYMBOLIC_LEVELS: readonly string[] = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit"];

/** Reads the parts of a rule, and the keys of elements. */
export class RuleReader {
  private at = 0;

  constructor(
    private readonly tokens: readonly string[],
    private readonly family: 0 | 4 | 6,
  ) {}

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** number of the next token */
  get position(): number {
    return this.at;
  }

  clause(): NftClause {
    const word = this.peek();
    if (VERDICTS.includes(word)) return { kind: "go", verdict: this.verdict() };
    switch (word) {
      case "counter":
        return this.counter();
      case "log":
        return this.log();
      case "reject":
        return this.reject();
      case "dnat":
      case "snat":
      case "redirect":
      case "masquerade":
        return this.nat();
      case "notrack":
        this.at++;
        return { kind: "notrack" };
      case "update":
      case "add":
        return this.update();
      case "numgen": {
        const by = this.numgen();
        this.expect("vmap");
        return { kind: "verdict-map", by, source: this.source([nftField("numgen", "integer")], "verdict") };
      }
      default:
        return this.match();
    }
  }

  verdict(): NftVerdictWords {
    const go = this.next();
    if (!VERDICTS.includes(go)) throw this.unexpected(go);
    return { go: go as NftVerdictWords["go"], chain: go === "jump" || go === "goto" ? this.next() : "" };
  }

  private counter(): NftClause {
    this.at++;
    if (!this.takes("packets")) {
      if (this.peek() === "name" || this.peek().startsWith('"')) throw new NftNotModelled("named counters");
      return { kind: "counter", packets: 0, bytes: 0 };
    }
    const packets = this.number();
    this.expect("bytes");
    return { kind: "counter", packets, bytes: this.number() };
  }

  private log(): NftClause {
    this.at++;
    let prefix = "";
    let level = "";
    let group = -1;
    for (;;) {
      if (this.takes("prefix")) prefix = this.quoted();
      else if (this.takes("level")) {
        level = this.next();
        if (!SYMBOLIC_LEVELS.includes(level)) throw this.unexpected(level);
      } else if (this.takes("group")) group = this.number();
      else return { kind: "log", prefix, level, group };
    }
  }

  private reject(): NftClause {
    this.at++;
    if (!this.takes("with")) return { kind: "reject-with", how: "", code: 0n };
    const how = this.next();
    if (how === "tcp") {
      this.expect("reset");
      return { kind: "reject-with", how: "tcp reset", code: 0n };
    }
    if (how !== "icmp" && how !== "icmpv6" && how !== "icmpx") throw this.unexpected(how);
    this.takes("type");
    return { kind: "reject-with", how, code: readNftValue(how === "icmp" ? "icmp_code" : how === "icmpv6" ? "icmpv6_code" : "icmpx_code", this.next()) as bigint };
  }

  private nat(): NftClause {
    const to = this.next() as "dnat" | "snat" | "redirect" | "masquerade";
    let family: 0 | 4 | 6 = 0;
    let withPort = false;
    if (this.peek() === "ip" || this.peek() === "ip6") {
      family = this.next() === "ip" ? 4 : 6;
      if (this.takes("addr")) {
        this.expect(".", "port");
        withPort = true;
      }
    }
    let place: NftPlace = { family, addr: null, port: null, map: null };
    if (this.takes("to")) place = this.place(to, family, withPort);
    const flags: string[] = [];
    while (["random", "fully-random", "persistent"].includes(this.peek())) {
      flags.push(this.next());
      this.takes(",");
    }
    return { kind: "nat", to, place, flags };
  }

  private place(to: string, family: 0 | 4 | 6, withPort: boolean): NftPlace {
    const type = (family === 6 || (family === 0 && this.family === 6)) ? "ipv6_addr" : "ipv4_addr";
    if (this.peek() === "numgen") {
      const by = this.numgen();
      this.expect("map");
      const entries = this.dataEntries(type);
      return { family, addr: null, port: null, map: { by, entries, withPort: withPort || entries.some((entry) => entry.data!.length > 1) } };
    }
    if (this.takes(":")) return { family, addr: null, port: this.range("inet_service"), map: null };
    if (to === "redirect" || to === "masquerade") return { family, addr: null, port: this.range("inet_service"), map: null };
    const word = this.peek();
    const found = /^(?:\[([^\]]*)\]|([^:]+|[0-9a-fA-F:]*::[0-9a-fA-F:]*|(?:[0-9a-fA-F]+:){7}[0-9a-fA-F]+))(?::(\d+(?:-\d+)?))?$/.exec(this.next());
    if (found === null) throw this.unexpected(word);
    const [first, last] = (found[1] ?? found[2]!).split("-");
    const addr = { first: readNftValue(type, first!), last: readNftValue(type, last ?? first!) };
    const ports = found[3] === undefined ? (this.takes(":") ? this.range("inet_service") : null) : new RuleReader([found[3]], this.family).range("inet_service");
    return { family, addr, port: ports, map: null };
  }

  /** `{ 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }` */
  private dataEntries(type: NftType): NftEntry[] {
    this.expect("{");
    const entries: NftEntry[] = [];
    while (!this.takes("}")) {
      const key = [this.range("integer")];
      this.expect(":");
      const data: NftValue[] = [readNftValue(type, this.next())];
      if (this.takes(".")) data.push(readNftValue("inet_service", this.next()));
      entries.push({ key, data });
      this.takes(",");
    }
    return entries;
  }

  private numgen(): NftNumgen {
    this.at++;
    const mode = this.next();
    if (mode !== "random" && mode !== "inc") throw this.unexpected(mode);
    this.expect("mod");
    const mod = this.number();
    return { mode, mod, offset: this.takes("offset") ? this.number() : 0 };
  }

  private update(): NftClause {
    this.at++;
    const set = this.next();
    if (!set.startsWith("@")) throw this.unexpected(set);
    this.expect("{");
    const { fields } = this.left();
    this.expect("}");
    return { kind: "update-set", set: set.slice(1), fields };
  }

  private match(): NftClause {
    const left = this.left();
    const [only] = left.fields;
    if (left.fields.length === 1 && left.mask === null && (only!.name === "meta mark" || only!.name === "ct mark") && this.takes("set")) return this.setMark(only!.name === "meta mark" ? "meta" : "ct");
    if (this.takes("vmap")) return { kind: "verdict-map", by: left, source: this.source(left.fields, "verdict") };
    const written = COMPARISONS.includes(this.peek()) ? this.next() : "";
    const op = COMPARISON[written] ?? ((written === "" ? "==" : written) as "==");
    const next = this.peek();
    if (next === "{" || next.startsWith("@")) {
      if (op !== "==" && op !== "!=") throw this.unexpected(next);
      return { kind: "in", left, not: op === "!=", source: this.source(left.fields, "") };
    }
    const type = only!.type;
    if (type === "ct_state" || type === "ct_status" || type === "tcp_flag") return this.flags(left, type, op, written);
    return { kind: "match", left, op, right: this.range(type) };
  }

  /** `ct state established,related`, `tcp flags syn`, `tcp flags & (syn | ack) == syn`, `tcp flags syn / syn,ack`. */
  private flags(left: NftLeft, type: NftType, op: string, written: string): NftClause {
    const bits = this.bits(type);
    if (this.takes("/")) return { kind: "flags", left: { ...left, mask: this.bits(type) }, not: op === "!=", bits, mask: null };
    if (left.mask !== null || written === "==") return { kind: "match", left, op: op as "==", right: { first: bits, last: bits } };
    return { kind: "flags", left, not: op === "!=", bits, mask: null };
  }

  private bits(type: NftType): bigint {
    const open = this.takes("(");
    let bits = readNftValue(type, this.next()) as bigint;
    while (this.takes(",") || this.takes("|") || this.takes("or")) bits |= readNftValue(type, this.next()) as bigint;
    if (open) this.expect(")");
    return bits;
  }

  private setMark(what: "meta" | "ct"): NftClause {
    let from: "value" | "meta" | "ct" = "value";
    if (this.takes("mark") || (this.peek() === "meta" && this.takes("meta", "mark"))) from = "meta";
    else if (this.takes("ct", "mark")) from = "ct";
    if (from === "value") return { kind: "set-mark", what, op: "", from, value: readNftValue("mark", this.next()) as bigint };
    const operation = Object.hasOwn(OPERATION, this.peek()) ? OPERATION[this.next()]! : "";
    return { kind: "set-mark", what, op: operation, from, value: operation === "" ? 0n : (readNftValue("mark", this.next()) as bigint) };
  }

  /** Fields joined by dots, and a mask. */
  private left(): NftLeft {
    const fields = [this.field()];
    while (this.takes(".")) fields.push(this.field());
    let mask: bigint | null = null;
    if (this.takes("and") || this.takes("&")) mask = this.bits(fields[0]!.type);
    return { fields, mask };
  }

  private field(): NftFieldInfo {
    const [a, b = "", c = ""] = this.tokens.slice(this.at, this.at + 3);
    const tries: readonly (readonly [string, number])[] = [[`${a} ${b} ${c}`, 3], [`${a} ${b}`, 2], [`${a}`, 1]];
    for (const [name, count] of tries) {
      const plain = name.startsWith("meta ") && NFT_FIELDS.has(name.slice(5)) ? name.slice(5) : name === "mark" ? "meta mark" : name === "l4proto" ? "meta l4proto" : name;
      const info = NFT_FIELDS.get(plain);
      if (info === undefined) continue;
      this.at += count;
      return info;
    }
    if (a === undefined) throw new NftSyntaxError("syntax error, unexpected newline");
    this.at++;
    if (NFT_KNOWN_WORDS.includes(a)) throw new NftNotModelled(`${a} ${b}`.trim());
    throw new NftSyntaxError("No symbol type information");
  }

  /** A named set, or the elements between braces. */
  private source(fields: readonly NftFieldInfo[], data: "verdict" | ""): NftSource {
    const word = this.peek();
    if (word.startsWith("@")) {
      this.at++;
      return { kind: "set", name: word.slice(1) };
    }
    this.expect("{");
    const entries: NftEntry[] = [];
    while (!this.takes("}")) {
      entries.push(this.entry(fields.map(({ type }) => type), data));
      this.takes(",");
    }
    return { kind: "entries", entries };
  }

  /** One element: its key, and the verdict of a map. */
  entry(types: readonly NftType[], data: "verdict" | ""): NftEntry {
    const key = types.map((type, i) => {
      if (i > 0) this.expect(".");
      return this.range(type);
    });
    if (data === "") return { key };
    this.expect(":");
    return { key, verdict: this.verdict() };
  }

  /** A value, a prefix or `A-B`. */
  range(type: NftType): NftRange {
    const word = this.next();
    if (word === "*") return { first: 0n, last: (1n << 128n) - 1n };
    if (word.includes("/") && (type === "ipv4_addr" || type === "ipv6_addr")) {
      const [first, last] = readNftPrefix(type, word);
      return { first, last };
    }
    const dash = word.indexOf("-", 1);
    if (dash > 0 && !word.startsWith('"') && type !== "ifname" && type !== "iface_index" && /^[0-9a-fA-F.:x]+-[0-9a-fA-F.:x]+$/.test(word)) {
      return { first: readNftValue(type, word.slice(0, dash)), last: readNftValue(type, word.slice(dash + 1)) };
    }
    const value = readNftValue(type, word);
    return { first: value, last: value };
  }

  private number(): number {
    const word = this.next();
    if (!/^(0x[0-9a-fA-F]+|\d+)$/.test(word)) throw this.unexpected(word);
    return Number(word);
  }

  private quoted(): string {
    const word = this.next();
    return word.startsWith('"') ? word.slice(1, -1) : word;
  }

  private peek(): string {
    return this.tokens[this.at] ?? "";
  }

  next(): string {
    const word = this.tokens[this.at++];
    if (word === undefined) throw new NftSyntaxError("syntax error, unexpected newline");
    return word;
  }

  takes(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.tokens[this.at + i] === word)) return false;
    this.at += words.length;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) {
      const got = this.next();
      if (got !== word) throw this.unexpected(got);
    }
  }

  private unexpected(word: string): NftSyntaxError {
    return new NftSyntaxError(`syntax error, unexpected ${word === "" ? "newline" : word}`);
  }
}
