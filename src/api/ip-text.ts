/*
 * Addresses and CIDRs in the texts that Kubernetes accepts, which are more than the strict ones.
 * Read first: k8s.io/utils/net/parse.go (ParseIPSloppy: leading zeros are decimal),
 * k8s.io/apimachinery pkg/util/validation/ip.go (what is warned about).
 */
import ipaddr from "ipaddr.js";
import { Address6 } from "ip-address";

/** A parsed address; an IPv4-mapped IPv6 text has family 4, as in Go. */
export interface IpText {
  readonly family: 4 | 6;
  /** 4 or 16 octets in network order. */
  readonly bytes: readonly number[];
  /** The text that Kubernetes would write: dotted decimal or RFC 5952. */
  readonly canonical: string;
  readonly leadingZeros: boolean;
  readonly mapped: boolean;
}

export interface CidrText {
  readonly address: IpText;
  /** Prefix length within the family. */
  readonly prefix: number;
  /** Octets of the network, host bits cleared. */
  readonly network: readonly number[];
  /** Network and prefix, canonical. */
  readonly canonical: string;
  readonly hostBits: boolean;
  readonly leadingZeros: boolean;
}

/** Reads an address, or gives undefined. */
export function parseIpText(text: string): IpText | undefined {
  return text.includes(":") ? parse6(text) : parse4(text);
}

function parse4(text: string): IpText | undefined {
  if (!/^\d{1,9}(?:\.\d{1,9}){3}$/.test(text)) return undefined;
  const parts = text.split(".");
  const bytes = parts.map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  const canonical = bytes.join(".");
  return { family: 4, bytes, canonical, leadingZeros: canonical !== text, mapped: false };
}

function parse6(text: string): IpText | undefined {
  if (!/^[0-9a-fA-F:.]{2,64}$/.test(text)) return undefined;
  const colon = text.lastIndexOf(":");
  const tail = text.slice(colon + 1);
  const dotted = tail.includes(".") ? parse4(tail) : undefined;
  if (tail.includes(".") && dotted === undefined) return undefined;

  const plain = dotted === undefined ? text : text.slice(0, colon + 1) + dotted.canonical;
  if (!Address6.isValid(plain)) return undefined;
  const address = new Address6(plain);
  const bytes = address.parsedAddress.flatMap((group) => {
    const word = Number.parseInt(group, 16);
    return [word >> 8, word & 255];
  });
  const leadingZeros = dotted?.leadingZeros === true;
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (!mapped) return { family: 6, bytes, canonical: address.correctForm(), leadingZeros, mapped };
  const inner = bytes.slice(12);
  return { family: 4, bytes: inner, canonical: inner.join("."), leadingZeros, mapped };
}

/** Reads `address/prefix`, or gives undefined. */
export function parseCidrText(text: string): CidrText | undefined {
  const slash = text.indexOf("/");
  const digits = text.slice(slash + 1);
  if (slash < 0 || !/^\d{1,6}$/.test(digits)) return undefined;
  const address = parseIpText(text.slice(0, slash));
  if (address === undefined) return undefined;
  const written = Number(digits);
  const prefix = address.mapped ? written - 96 : written;
  if (prefix < 0 || prefix > address.bytes.length * 8) return undefined;

  const network = address.bytes.map((byte, index) => byte & maskByte(prefix, index));
  const name = address.family === 4 ? network.join(".") : canonical6(network);
  return {
    address,
    prefix,
    network,
    canonical: `${name}/${prefix}`,
    hostBits: network.some((byte, index) => byte !== address.bytes[index]),
    leadingZeros: address.leadingZeros || String(written) !== digits,
  };
}

function maskByte(prefix: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefix - index * 8));
  return (0xff00 >> bits) & 0xff;
}

function canonical6(bytes: readonly number[]): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return new Address6(groups.join(":")).correctForm();
}

/** Whether an address lies in a CIDR of its family. */
export function cidrContains(cidr: CidrText, address: IpText): boolean {
  if (cidr.address.family !== address.family) return false;
  return cidr.network.every((byte, index) => byte === ((address.bytes[index] ?? 0) & maskByte(cidr.prefix, index)));
}

/** What `IsUnspecified`, `IsLoopback` and so on say about an address; undefined for an ordinary one. */
export function specialRange(
  address: IpText,
): "unspecified" | "loopback" | "link-local" | "link-local-multicast" | undefined {
  const [first = 0, second = 0, third = 0] = address.bytes;
  if (address.bytes.every((byte) => byte === 0)) return "unspecified";
  const parsed = address.family === 4 ? new ipaddr.IPv4([...address.bytes]) : new ipaddr.IPv6([...address.bytes]);
  const range = parsed.range();
  if (range === "loopback") return "loopback";
  if (range === "linkLocal") return "link-local";
  const multicast = address.family === 4 ? first === 224 && second === 0 && third === 0 : first === 255 && (second & 15) === 2;
  return multicast ? "link-local-multicast" : undefined;
}
