// Ethernet II framing (IEEE 802.3, RFC 894): destination, source, type. No preamble, padding or frame check sequence: what a
// capture of a virtual device shows.

import { halves } from "./checksum.js";

/** Bytes of an Ethernet II header. */
export const ETHERNET_BYTES = 14;

/** Writes the header and answers its sum of 16-bit words. MACs are doubles below 2^48. */
export function writeEthernet(view: DataView, at: number, macDst: number, macSrc: number, etherType: number): number {
  const dstHigh = (macDst / 0x100000000) | 0;
  const dstLow = low32(macDst);
  const srcHigh = (macSrc / 0x100000000) | 0;
  const srcLow = low32(macSrc);
  view.setInt32(at, (dstHigh << 16) | (dstLow >>> 16));
  view.setInt32(at + 4, (dstLow << 16) | srcHigh);
  view.setInt32(at + 8, srcLow);
  view.setInt16(at + 12, etherType);
  return dstHigh + halves(dstLow) + srcHigh + halves(srcLow) + etherType;
}

/** The MAC at `at`. */
export function readMac(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 8) | bytes[at + 1]!) * 0x100000000 + (readWord(bytes, at + 2) >>> 0);
}

/** Writes a MAC's six bytes. */
export function writeMac(view: DataView, at: number, mac: number): void {
  view.setInt16(at, (mac / 0x100000000) | 0);
  view.setInt32(at + 2, low32(mac));
}

/** Two bytes, big-endian. */
export function readHalf(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** Four bytes, big-endian, in a signed integer. */
export function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** The low 32 bits of an integer-valued double. */
function low32(value: number): number {
  return value | 0;
}
