/** Values of rule options as libxtables reads and prints them; faults in its words. */
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "../../base/ip.js";
import { mask32, type Words } from "../../base/cidr.js";
import { parameterFault } from "./spec-fault.js";

/** Ports of `/etc/services` by word, as far as rules of clusters name them. */
const SERVICES: Readonly<Record<string, number>> = Object.freeze({
  echo: 7, discard: 9, daytime: 13, ftp: 21, ssh: 22, telnet: 23, smtp: 25, domain: 53, bootps: 67, bootpc: 68, tftp: 69, http: 80,
  kerberos: 88, pop3: 110, sunrpc: 111, ntp: 123, imap2: 143, snmp: 161, bgp: 179, ldap: 389, https: 443, "microsoft-ds": 445,
  syslog: 514, ldaps: 636, imaps: 993, pop3s: 995, openvpn: 1194, nfs: 2049, mysql: 3306, postgresql: 5432, "http-alt": 8080,
});

/** strtoul with base 0: decimal, 0x hexadecimal, 0 octal; null if anything else stands there or it is above `max`. */
export function parseUnsigned(text: string, max: number): number | null {
  let value: number;
  if (/^[0-9]+$/.test(text)) value = text.length > 1 && text[0] === "0" ? (/^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN) : Number(text);
  else if (/^0[xX][0-9a-fA-F]+$/.test(text)) value = Number.parseInt(text.slice(2), 16);
  else return null;
  return value <= max ? value : null;
}

export function parsePort(text: string): number {
  const port = parseUnsigned(text, 65535) ?? (Object.hasOwn(SERVICES, text) ? SERVICES[text]! : null);
  if (port === null) throw parameterFault(`invalid port/service \`${text}' specified`);
  return port;
}

/** `80`, `1024:`, `:1023`, `1:2`. */
export function parsePorts(text: string): readonly [number, number] {
  const colon = text.indexOf(":");
  if (colon < 0) {
    const port = parsePort(text);
    return [port, port];
  }
  const min = colon === 0 ? 0 : parsePort(text.slice(0, colon));
  const max = colon === text.length - 1 ? 65535 : parsePort(text.slice(colon + 1));
  if (min > max) throw parameterFault("invalid portrange (min > max)");
  return [min, max];
}

export function formatPorts([min, max]: readonly [number, number]): string {
  return min === max ? `${min}` : `${min}:${max}`;
}

/** An option of an extension, for its faults. */
export interface OptionName {
  readonly extension: string;
  readonly option: string;
}

export function parseInteger(text: string, min: number, max: number, of: OptionName): number {
  const value = parseUnsigned(text, max);
  if (value === null || value < min) throw parameterFault(`${of.extension}: bad value for option "--${of.option}", or out of range (${min}-${max}).\n`);
  return value;
}

/** `value[/mask]`, 32 bits each, as unsigned numbers. */
export function parseMarkMask(text: string, of: OptionName): readonly [number, number] {
  const slash = text.indexOf("/");
  const value = parseUnsigned(slash < 0 ? text : text.slice(0, slash), 0xffffffff);
  const mask = slash < 0 ? 0xffffffff : parseUnsigned(text.slice(slash + 1), 0xffffffff);
  if (value === null || mask === null) throw parameterFault(`${of.extension}: bad integer value for option "--${of.option}", or out of range.\n`);
  return [value, mask];
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** `0x4000/0x4000`; without the mask if it has every bit. */
export function formatMarkMask(value: number, mask: number): string {
  return mask >>> 0 === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

/** Words and masks of `-s` and its like; words are masked. */
export interface HostMask {
  readonly words: Words;
  readonly masks: Words;
}

export function parseAddressWords(text: string, family: 4 | 6): Words | null {
  if (family === 4) {
    const word = parseIPv4(text);
    return word === null ? null : [word, 0, 0, 0];
  }
  const out = new Int32Array(4);
  return parseIPv6(text, out) ? [out[0]!, out[1]!, out[2]!, out[3]!] : null;
}

/** `a.b.c.d`, `a.b.c.d/n`, `a.b.c.d/m.m.m.m` and the IPv6 forms. */
export function parseHostMask(text: string, family: 4 | 6): HostMask {
  const slash = text.lastIndexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  const masks = slash < 0 ? prefixMasks(family === 4 ? 32 : 128, family) : parseMask(text.slice(slash + 1), family);
  const words = masks.every((mask) => mask === 0) ? ([0, 0, 0, 0] as const) : parseAddressWords(host, family);
  if (words === null) throw parameterFault(`host/network \`${host}' not found`);
  return { words: [words[0] & masks[0], words[1] & masks[1], words[2] & masks[2], words[3] & masks[3]], masks };
}

function parseMask(text: string, family: 4 | 6): Words {
  const bits = parseUnsigned(text, family === 4 ? 32 : 128);
  if (bits !== null) return prefixMasks(bits, family);
  const words = parseAddressWords(text, family);
  if (words === null) throw parameterFault(`invalid mask \`${text}' specified`);
  return words;
}

export function prefixMasks(prefix: number, family: 4 | 6): Words {
  return family === 4 ? [mask32(prefix), 0, 0, 0] : [mask32(prefix), mask32(prefix - 32), mask32(prefix - 64), mask32(prefix - 96)];
}

/** Prefix length of a mask, -1 if its bits have a hole. */
export function prefixOf(masks: Words, family: 4 | 6): number {
  for (let prefix = 0; prefix <= (family === 4 ? 32 : 128); prefix++) {
    if (prefixMasks(prefix, family).every((mask, i) => mask === masks[i])) return prefix;
  }
  return -1;
}

export function formatAddress(words: ArrayLike<number>, family: 4 | 6): string {
  if (family === 4) return formatIPv4(words[0]!);
  return formatIPv6(words);
}

/** `10.0.0.0/8`, or with the mask spelled out when it has a hole. */
export function formatHostMask({ words, masks }: HostMask, family: 4 | 6): string {
  const prefix = prefixOf(masks, family);
  return `${formatAddress(words, family)}/${prefix < 0 ? formatAddress(masks, family) : prefix}`;
}

/** The text as iptables-save quotes it: bare if it is of letters, digits, `_` and `-` alone. */
export function quote(text: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text;
  return `"${text.replace(/["'\\]/g, (c) => `\\${c}`)}"`;
}
