// Addresses as kube-proxy reads them from stored objects: leading zeros in IPv4 numbers are decimal and dropped, which
// the strict readers elsewhere refuse (Go's netutils.ParseIPSloppy). Everything is printed again in canonical form.

import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "../../base/ip.js";

/** IP version. */
export type Family = 4 | 6;

/** An address by value; IPv4 fills the first word, IPv6 all four, most significant first. */
export interface Address {
  readonly family: Family;
  readonly words: readonly [number, number, number, number];
  /** Canonical text. */
  readonly text: string;
}

/** An address and a length. */
export interface Network {
  readonly family: Family;
  readonly words: readonly [number, number, number, number];
  readonly prefix: number;
  /** Canonical text of the masked network, `203.0.113.0/25`. */
  readonly text: string;
}

/** `IPv4` or `IPv6`, as API fields spell it. */
export function familyName(family: Family): "IPv4" | "IPv6" {
  return family === 4 ? "IPv4" : "IPv6";
}

/** `text` read and printed again, or null if it is no address. An IPv4 address in IPv6 clothes (`::ffff:1.2.3.4`) is IPv4. */
export function canonicalAddress(text: string): Address | null {
  if (!text.includes(":")) {
    const word = readIPv4(text);
    return word === null ? null : address4(word);
  }
  const words = readIPv6(text);
  if (words === null) return null;
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? address4(words[3]) : { family: 6, words, text: formatIPv6(words) };
}

/** A network in CIDR notation with its host bits cleared, or null if `text` is none. */
export function readNetwork(text: string): Network | null {
  const slash = text.indexOf("/");
  const address = slash < 0 ? null : canonicalAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  const prefix = Number(digits);
  if (address === null || !/^[0-9]{1,3}$/.test(digits) || prefix > (address.family === 4 ? 32 : 128)) return null;
  const words = maskWords(address.words, prefix);
  const base = address.family === 4 ? formatIPv4(words[0]) : formatIPv6(words);
  return { family: address.family, words, prefix, text: `${base}/${prefix}` };
}

/** Whether `address` lies in `network`. */
export function networkHolds(network: Network, address: Address): boolean {
  if (network.family !== address.family) return false;
  return maskWords(address.words, network.prefix).every((word, index) => word === network.words[index]);
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(address: Pick<Address, "family" | "words" | "text">): boolean {
  return address.family === 4 ? address.words[0] >>> 24 === 127 : address.text === "::1";
}

/** The address as a port can follow it: IPv6 in brackets. */
export function bracketed(address: { readonly family: Family; readonly text: string }): string {
  return address.family === 4 ? address.text : `[${address.text}]`;
}

function address4(word: number): Address {
  return { family: 4, words: [word, 0, 0, 0], text: formatIPv4(word) };
}

function readIPv4(text: string): number | null {
  return parseIPv4(text.replace(/(^|\.)0+(?=[0-9])/g, "$1"));
}

function readIPv6(text: string): Address["words"] | null {
  const out = new Int32Array(4);
  return parseIPv6(text, out) ? [out[0]!, out[1]!, out[2]!, out[3]!] : null;
}

function maskWords(words: Address["words"], prefix: number): Address["words"] {
  const keep = (word: number, from: number): number =>
    prefix >= from + 32 ? word : prefix <= from ? 0 : word & (-1 << (from + 32 - prefix));
  return [keep(words[0], 0), keep(words[1], 32), keep(words[2], 64), keep(words[3], 96)];
}
