/** MAC addresses as integer-valued doubles below 2^48, most significant octet first. */
export const BROADCAST_MAC = 0xffffffffffff;

/** `02:42:ac:11:00:02` (also with `-`) as a number; null if it is not six octets of two digits. */
export function parseMac(text: string): number | null {
  if (text.length !== 17) return null;
  const separator = text.charCodeAt(2);
  if (separator !== 58 && separator !== 45) return null;
  let mac = 0;
  for (let i = 0; i < 17; i++) {
    const c = text.charCodeAt(i);
    if (i % 3 === 2) {
      if (c !== separator) return null;
      continue;
    }
    const digit = c <= 57 ? c - 48 : (c | 32) >= 97 ? (c | 32) - 87 : -1;
    if (digit < 0 || digit > 15) return null;
    mac = mac * 16 + digit;
  }
  return mac;
}

/** Lower-case octets between colons, as iproute2 prints them. */
export function formatMac(mac: number): string {
  const hex = mac.toString(16).padStart(12, "0");
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}:${hex.slice(10, 12)}`;
}

/** True for group addresses, the broadcast address among them: the lowest bit of the first octet. */
export function isMulticastMac(mac: number): boolean {
  return (Math.floor(mac / 0x10000000000) & 1) === 1;
}
