// VXLAN headers, RFC 7348 5. The RFC tells receivers to ignore reserved bits; Linux drops the packet (vxlan_rcv), and so does this.

import { readWord } from "./ethernet.js";
import { MALFORMED } from "./malformed.js";

/** Bytes of a VXLAN header. */
export const VXLAN_BYTES = 8;
/** Linux's own default UDP port, and flannel's; IANA's is 4789. */
export const VXLAN_PORT = 8472;

const VALID_VNI = 0x08000000;

/** Writes the header and answers its sum of 16-bit words. */
export function writeVxlan(view: DataView, at: number, vni: number): number {
  view.setInt32(at, VALID_VNI);
  view.setInt32(at + 4, vni << 8);
  return 0x0800 + (vni >>> 8) + ((vni << 8) & 0xffff);
}

/** The VNI, or a malformed code. */
export function readVxlan(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < VXLAN_BYTES) return MALFORMED.VXLAN_SHORT;
  if (readWord(bytes, at) !== VALID_VNI || bytes[at + 7] !== 0) return MALFORMED.VXLAN_HEADER;
  return readWord(bytes, at + 4) >>> 8;
}
