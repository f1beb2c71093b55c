/** A place in a configuration's tokens: looking, taking, and complaining in the words of BIRD's own parser. */
import { formatCidr, formatWords, masked, parseAddress, parseCidr } from "../../../base/cidr.js";
import { SECOND } from "../../../base/time.js";
import { ConfigError } from "./config-error.js";
import { KEYWORDS } from "./keywords.js";
import { readTokens, type Token } from "./tokens.js";

const UNITS: Readonly<Record<string, number>> = Object.freeze({ s: 1, ms: 1e-3, us: 1e-6 });
const YES: readonly string[] = ["on", "yes", "true"];
const NO: readonly string[] = ["off", "no", "false"];
/** More tokens than this the generated parser does not list. */
const MOST_EXPECTED = 4;

export class Cursor {
  private readonly tokens: readonly Token[];
  private at = 0;
  /** how far a phrase has fitted that then did not, and the words that would have gone on */
  private partial: { at: number; words: Set<string> } = { at: 0, words: new Set() };
  /** a place where so much could stand that no error lists it */
  private vague = -1;
  /** names that something has been given already, for the words of an error */
  readonly names: Set<string> = new Set();

  constructor(text: string) {
    this.tokens = readTokens(text);
  }

  get token(): Token {
    return this.tokens[this.at]!;
  }

  peek(ahead: number): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!;
  }

  take(): Token {
    const { token } = this;
    if (token.kind !== "end") this.at++;
    return token;
  }

  is(text: string): boolean {
    const { kind } = this.token;
    return (kind === "sign" || kind === "symbol") && this.token.text === text;
  }

  /** Takes the words of a phrase if they come next. */
  phrase(words: readonly string[]): boolean {
    for (let i = 0; i < words.length; i++) {
      const token = this.peek(i);
      if (token.kind === "symbol" && token.text === words[i]) continue;
      if (i > 0) this.notePartial(this.at + i, words[i]!);
      return false;
    }
    this.at += words.length;
    return true;
  }

  private notePartial(at: number, word: string): void {
    if (at > this.partial.at) this.partial = { at, words: new Set() };
    if (at === this.partial.at) this.partial.words.add(word.toUpperCase());
  }

  /** The end of an expression: much could go on here. */
  endExpression(): void {
    this.vague = this.at;
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  expect(text: string): void {
    if (this.accept(text)) return;
    if (this.vague === this.at) throw this.syntaxError("", this.token);
    throw this.unexpected(/^\w/.test(text) ? text.toUpperCase() : `'${text}'`);
  }

  fail(words: string, token: Token = this.token): ConfigError {
    return new ConfigError(token.line, token.column, words);
  }

  /** `syntax error, unexpected X` as the generated parser names its tokens. */
  unexpected(expecting = "", token: Token = this.token): ConfigError {
    const { at, words } = this.partial;
    if (at > this.at && expecting === "") return this.syntaxError(words.size > MOST_EXPECTED ? "" : [...words].join(" or "), this.tokens[at]!);
    return this.syntaxError(expecting, token);
  }

  private syntaxError(expecting: string, token: Token): ConfigError {
    return this.fail(`syntax error, unexpected ${this.tokenName(token)}${expecting === "" ? "" : `, expecting ${expecting}`}`, token);
  }

  /** The token before this one, where errors of what has just been read are found. */
  get last(): Token {
    return this.tokens[Math.max(0, this.at - 1)]!;
  }

  private tokenName(token: Token): string {
    if (token.kind === "end") return "END";
    if (token.kind === "number") return "NUM";
    if (token.kind === "text") return "TEXT";
    if (token.kind === "ip") return token.text.includes(":") ? "IP6" : "IP4";
    if (token.kind === "sign") return `'${token.text}'`;
    if (KEYWORDS.has(token.text)) return token.text.toUpperCase();
    return this.names.has(token.text) ? "CF_SYM_KNOWN" : "CF_SYM_UNDEFINED";
  }

  /** A name that is no word of the language. */
  name(): string {
    const { token } = this;
    if (token.kind !== "symbol" || KEYWORDS.has(token.text)) throw this.unexpected();
    this.at++;
    return token.text;
  }

  number(): number {
    const { token } = this;
    if (token.kind !== "number") throw this.unexpected();
    this.at++;
    return Number(token.text);
  }

  text(): string {
    const { token } = this;
    if (token.kind !== "text") throw this.unexpected("TEXT");
    this.at++;
    return token.text;
  }

  /** An address in its shortest form. */
  ip(expecting = ""): string {
    const { token } = this;
    if (token.kind !== "ip") throw this.unexpected(expecting);
    const parsed = parseAddress(token.text);
    if (parsed === null) throw this.fail(`Invalid ${token.text.includes(":") ? "IPv6" : "IPv4"} address ${token.text}`);
    this.at++;
    return formatWords(parsed.family, parsed.words);
  }

  /** A prefix; one with host bits is refused. */
  prefix(): string {
    const ip = this.ip();
    this.expect("/");
    const length = this.number();
    const cidr = parseCidr(`${ip}/${length}`);
    if (cidr === null) throw this.fail(`Invalid prefix length ${length}`, this.last);
    if (formatCidr(masked(cidr)) !== formatCidr(cidr)) throw this.fail(`Invalid ${cidr.family === 4 ? "IPv4" : "IPv6"} prefix ${ip}/${length}, maybe you wanted ${formatCidr(masked(cidr))}`, this.last);
    return formatCidr(cidr);
  }

  /** A router id: an IPv4 address or a number. */
  quad(): string {
    if (this.token.kind === "ip" && !this.token.text.includes(":")) return this.ip();
    const n = this.number();
    return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join(".");
  }

  /** A switch; nothing at all means yes. */
  bool(): boolean {
    const { token } = this;
    if (token.kind === "number") return this.number() !== 0;
    if (token.kind !== "symbol") return true;
    if (YES.includes(token.text)) this.at++;
    else if (NO.includes(token.text)) {
      this.at++;
      return false;
    } else this.vague = this.at;
    return true;
  }

  /** A time in ns; without a unit it is seconds. */
  time(): number {
    const n = this.number();
    const unit = this.token.kind === "symbol" ? UNITS[this.token.text] : undefined;
    if (unit !== undefined) this.at++;
    return Math.round(n * (unit ?? 1) * SECOND);
  }

  /** Passes over everything up to the end of this option. */
  skipOption(): void {
    let depth = 0;
    while (this.token.kind !== "end") {
      if (depth === 0 && (this.is(";") || this.is("}"))) return;
      if (this.is("{")) depth++;
      if (this.is("}")) depth--;
      this.at++;
    }
  }
}
