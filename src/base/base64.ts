/** Base 64 as RFC 4648 section 4 writes it, with padding. */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const word = ((bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)) >>> 0;
    for (let k = 0; k < 4; k++) text += at + k > bytes.length ? "=" : DIGITS[(word >>> (18 - 6 * k)) & 63]!;
  }
  return text;
}

/** The bytes, or null if the text is not whole base 64. */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const plain = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((plain.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let at = 0;
  for (const digit of plain) {
    word = ((word << 6) | DIGITS.indexOf(digit)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = word >>> bits;
  }
  return bytes;
}
