/**
 * Rules as Felix renders them, and the hash that it writes into each: by it Felix knows its own rules in iptables-save, and sees
 * whether a chain is as it should be (felix/generictables/rules.go, RuleHashes; felix/iptables/renderer.go).
 */
import { encodeBase64Url } from "../../../base/base64url.js";
import { sha224 } from "../../../base/sha256.js";
import type { Because } from "../wanted.js";

/** Bits of the packet mark, from the lowest of 0xffff0000 upwards. */
export const MARK = Object.freeze({ accept: 0x10000, pass: 0x20000, drop: 0x40000, scratch0: 0x80000, scratch1: 0x100000 } as const);
/** Those that are cleared where a packet comes in. */
export const ALL_MARKS: number = MARK.accept | MARK.pass | MARK.scratch0 | MARK.scratch1;

/** One rule: matches and action in Felix's own spelling, from which the hash is made. */
export interface FelixRule {
  readonly match: readonly string[];
  /** empty for a rule that only carries a comment */
  readonly action: string;
  readonly comments: readonly string[];
  /** Felix itself unless given */
  readonly because?: Because;
}

/** A chain of the filter, nat, mangle or raw table. */
export interface FelixChain {
  readonly name: string;
  readonly rules: readonly FelixRule[];
}

const hexMark = (bits: number): string => `0x${bits.toString(16)}`;

/** Matches, as felix/iptables/match_builder.go spells them. */
export const match = Object.freeze({
  markClear: (bits: number): string => `-m mark --mark 0/${hexMark(bits)}`,
  markSet: (bit: number): string => `-m mark --mark ${hexMark(bit)}/${hexMark(bit)}`,
  /** exactly this value under the mask */
  markIs: (bits: number, mask: number): string => `-m mark --mark ${hexMark(bits)}/${hexMark(mask)}`,
  markIsNot: (bits: number, mask: number): string => `-m mark ! --mark ${hexMark(bits)}/${hexMark(mask)}`,
  markAny: (bits: number): string => `-m mark ! --mark 0/${hexMark(bits)}`,
  state: (states: string): string => `-m conntrack --ctstate ${states}`,
  notState: (states: string): string => `-m conntrack ! --ctstate ${states}`,
  inSet: (name: string, side: "src" | "dst" | "src,src" | "dst,dst"): string => `-m set --match-set ${name} ${side}`,
  notInSet: (name: string, side: "src" | "dst" | "src,src" | "dst,dst"): string => `-m set ! --match-set ${name} ${side}`,
  toPorts: (ports: string): string => `-m multiport --destination-ports ${ports}`,
});

/** Actions, as felix/iptables/actions.go spells them. */
export const action = Object.freeze({
  accept: "--jump ACCEPT",
  drop: "--jump DROP",
  return: "--jump RETURN",
  notrack: "--jump NOTRACK",
  masquerade: "--jump MASQUERADE --random-fully",
  jump: (chain: string): string => `--jump ${chain}`,
  goto: (chain: string): string => `--goto ${chain}`,
  mark: (bits: number, mask: number = bits): string => `--jump MARK --set-mark ${hexMark(bits)}/${hexMark(mask)}`,
  clear: (bits: number): string => `--jump MARK --set-mark 0/${hexMark(bits)}`,
  log: (prefix: string): string => `--jump LOG --log-prefix "${prefix}: " --log-level 5`,
});

/** A rule of these parts; comments beyond iptables' alphabet lose those characters. */
export function felixRule(matches: readonly string[], act: string, comments: readonly string[] = [], because?: Because): FelixRule {
  return { match: matches, action: act, comments: comments.map((text) => text.replaceAll(/[^\w @%+=:,./-]/g, "_").slice(0, 255)), ...(because === undefined ? {} : { because }) };
}

/** What stands after the hash. */
function bodyOf(rule: FelixRule): string {
  return [...rule.comments.map((text) => `-m comment --comment "${text}"`), ...rule.match, rule.action].filter((part) => part !== "").join(" ");
}

const HASH_LENGTH = 16;

/** The hashes of a chain's rules: each folds in those before it, so that a rule's place counts. */
export function ruleHashes({ name, rules }: FelixChain): readonly string[] {
  let hash = sha224(name);
  return rules.map((rule) => {
    const body = bodyOf(rule);
    const text = new TextEncoder().encode(`-A ${name} HASH${body === "" ? "" : ` ${body}`}`);
    const bytes = new Uint8Array(hash.length + text.length);
    bytes.set(hash);
    bytes.set(text, hash.length);
    hash = sha224(bytes);
    return encodeBase64Url(hash).slice(0, HASH_LENGTH);
  });
}

/** A rule's words for iptables-restore, its hash first. */
export function ruleWords(rule: FelixRule, hash: string): string {
  const body = bodyOf(rule);
  return `-m comment --comment "cali:${hash}"${body === "" ? "" : ` ${body}`}`;
}

/** The hash in a rule that the kernel holds, undefined in one that is not Felix's. */
export function hashIn(text: string): string | undefined {
  return /--comment "?cali:([\w-]{16})"?/.exec(text)?.[1];
}
