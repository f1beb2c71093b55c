/**
 * Rules of nftables, read from their text: the matches and statements that kube-proxy writes, and no others. Read first:
 * nft(8); a rule is a list of statements, each of which may end it.
 */

import { type Cidr, parseAddress, parseCidr } from "../../../base/cidr.js";

/** A field of a packet that can be looked up: source or destination address, protocol, destination port. */
export type NftField = "saddr" | "daddr" | "l4proto" | "dport";

export type NftVerdict =
  | { readonly go: "accept" | "drop" | "return" | "continue" }
  | { readonly go: "jump" | "goto"; readonly chain: string };

/** Addresses asked for: networks, or a named set. */
export type NftAddresses = { readonly set: string } | { readonly networks: readonly Cidr[] };

export type NftStatement =
  | { readonly kind: "address"; readonly field: "saddr" | "daddr"; readonly not: boolean; readonly of: NftAddresses }
  | { readonly kind: "proto"; readonly proto: string }
  | { readonly kind: "lookup"; readonly fields: readonly NftField[]; readonly set: string }
  | { readonly kind: "vmap"; readonly fields: readonly NftField[]; readonly map: string }
  | { readonly kind: "state-new" }
  | { readonly kind: "status-dnat" }
  | { readonly kind: "mark"; readonly mask: number; readonly zero: boolean }
  | { readonly kind: "set-mark"; readonly how: "or" | "xor"; readonly mask: number }
  | { readonly kind: "iifname"; readonly not: boolean; readonly name: string }
  | { readonly kind: "fib-local"; readonly field: "saddr" | "daddr" }
  | { readonly kind: "verdict"; readonly verdict: NftVerdict }
  | { readonly kind: "reject" }
  | { readonly kind: "numgen-vmap"; readonly mod: number; readonly verdicts: readonly NftVerdict[] }
  | { readonly kind: "dnat"; readonly mod: number; readonly to: readonly { readonly addr: string; readonly port: number }[] }
  | { readonly kind: "masquerade"; readonly fullyRandom: boolean }
  | { readonly kind: "update"; readonly set: string; readonly field: "saddr" | "daddr" };

/** What a text says that is no rule known here. */
export class NftSyntaxError extends Error {}

/** What a text says that real kernels know and this one does not. */
export class NftNotModelled extends NftSyntaxError {}

const GO: readonly string[] = ["accept", "drop", "return", "continue"];

/** Reads one rule; throws an NftSyntaxError at the first word that it does not know. */
export function readNftRule(text: string): readonly NftStatement[] {
  return new Reader(text.trim().split(/[\s,]+/)).statements();
}

/** Reads a verdict as it stands in a map: `goto CHAIN`, `drop`. */
export function readNftVerdict(text: string): NftVerdict {
  return new Reader(text.split(" ")).verdict();
}

class Reader {
  private at = 0;

  constructor(private readonly words: readonly string[]) {}

  statements(): readonly NftStatement[] {
    const statements: NftStatement[] = [];
    while (this.at < this.words.length) statements.push(this.statement());
    return Object.freeze(statements);
  }

  verdict(): NftVerdict {
    const word = this.next();
    if (word === "jump" || word === "goto") return { go: word, chain: this.next() };
    if (GO.includes(word)) return { go: word as "drop" };
    throw this.unexpected(word);
  }

  private statement(): NftStatement {
    const word = this.next();
    switch (word) {
      case "ip":
      case "ip6":
      case "meta":
      case "th":
        this.at--;
        return this.fields();
      case "ct":
        if (this.takes("state", "new")) return { kind: "state-new" };
        if (this.takes("status", "dnat")) return { kind: "status-dnat" };
        throw this.unexpected(this.next());
      case "mark":
        if (this.takes("and")) return { kind: "mark", mask: this.number(), zero: this.one("==", "!=") === "==", ...this.expect("0") };
        this.expect("set", "mark");
        return { kind: "set-mark", how: this.one("or", "xor") as "or" | "xor", mask: this.number() };
      case "iifname":
        return { kind: "iifname", not: this.takes("!="), name: this.next().replaceAll('"', "") };
      case "fib": {
        const field = this.one("saddr", "daddr") as "saddr" | "daddr";
        this.expect("type", "local");
        return { kind: "fib-local", field };
      }
      case "reject":
        return { kind: "reject" };
      case "masquerade":
        return { kind: "masquerade", fullyRandom: this.takes("fully-random") };
      case "update": {
        const set = this.next().slice(1);
        this.expect("{");
        this.one("ip", "ip6");
        const field = this.one("saddr", "daddr") as "saddr" | "daddr";
        this.expect("}");
        return { kind: "update", set, field };
      }
      case "numgen": {
        this.expect("random", "mod");
        const mod = this.number();
        this.expect("vmap");
        return { kind: "numgen-vmap", mod, verdicts: this.map(mod, () => this.verdict()) };
      }
      case "dnat":
        return this.dnat();
      default:
        this.at--;
        return { kind: "verdict", verdict: this.verdict() };
    }
  }

  /** `FIELD [. FIELD ...]` and what is asked of them. */
  private fields(): NftStatement {
    const fields = [this.field()];
    while (this.takes(".")) fields.push(this.field());
    if (this.takes("vmap")) return { kind: "vmap", fields, map: this.next().slice(1) };
    const [field] = fields;
    const word = this.words[this.at] ?? "";
    if (fields.length > 1 || (field === "dport" && word.startsWith("@"))) return { kind: "lookup", fields, set: this.next().slice(1) };
    if (field === "l4proto") return { kind: "proto", proto: this.next() };
    if (field === "dport") throw this.unexpected(word);
    const not = this.takes("!=");
    const value = this.next();
    if (value.startsWith("@")) return { kind: "address", field: field!, not, of: { set: value.slice(1) } };
    if (value !== "{") return { kind: "address", field: field!, not, of: { networks: [network(value)] } };
    const networks: Cidr[] = [];
    while (!this.takes("}")) networks.push(network(this.next()));
    return { kind: "address", field: field!, not, of: { networks } };
  }

  private field(): NftField {
    const word = this.next();
    if (word === "ip" || word === "ip6") return this.one("saddr", "daddr") as NftField;
    if (word === "meta") return this.one("l4proto") as NftField;
    if (word === "th") return this.one("dport") as NftField;
    throw this.unexpected(word);
  }

  /** `dnat to A:P`, or `dnat ip addr . port to numgen random mod N map { I : A . P , ... }`. */
  private dnat(): NftStatement {
    if (this.takes("to")) return { kind: "dnat", mod: 1, to: [target(this.next())] };
    this.one("ip", "ip6");
    this.expect("addr", ".", "port", "to", "numgen", "random", "mod");
    const mod = this.number();
    this.expect("map");
    const to = this.map(mod, () => {
      const addr = this.next();
      this.expect(".");
      return { addr, port: this.number() };
    });
    return { kind: "dnat", mod, to };
  }

  /** `{ 0 : VALUE , 1 : VALUE }`, by index. */
  private map<T>(mod: number, value: () => T): readonly T[] {
    this.expect("{");
    const values: T[] = [];
    while (!this.takes("}")) {
      const index = this.number();
      this.expect(":");
      values[index] = value();
    }
    if (values.length !== mod) throw new NftSyntaxError(`a map of ${values.length} for mod ${mod}`);
    return values;
  }

  private number(): number {
    const word = this.next();
    const value = Number(word);
    if (word === "" || !Number.isInteger(value)) throw this.unexpected(word);
    return value;
  }

  private next(): string {
    const word = this.words[this.at++];
    if (word === undefined) throw new NftSyntaxError("syntax error, unexpected end of file");
    return word;
  }

  private one(...choices: readonly string[]): string {
    const word = this.next();
    if (!choices.includes(word)) throw this.unexpected(word);
    return word;
  }

  private takes(...words: readonly string[]): boolean {
    if (!words.every((word, i) => this.words[this.at + i] === word)) return false;
    this.at += words.length;
    return true;
  }

  private expect(...words: readonly string[]): object {
    for (const word of words) this.one(word);
    return {};
  }

  private unexpected(word: string): NftSyntaxError {
    return new NftSyntaxError(`syntax error, unexpected ${word}`);
  }
}

function network(text: string): Cidr {
  const family = parseAddress(text)?.family;
  const cidr = parseCidr(family === undefined ? text : `${text}/${family === 4 ? 32 : 128}`);
  if (cidr === null) throw new NftSyntaxError(`syntax error, unexpected ${text}`);
  return cidr;
}

function target(text: string): { readonly addr: string; readonly port: number } {
  const [, bracketed, plain, port] = /^(?:\[(.*)\]|([^:]*)):([0-9]+)$/.exec(text) ?? [];
  if (port === undefined) throw new NftSyntaxError(`syntax error, unexpected ${text}`);
  return { addr: bracketed ?? plain!, port: Number(port) };
}
