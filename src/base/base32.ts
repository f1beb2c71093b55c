const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Base 32 text of `bytes` in the standard alphabet, padded with `=` to a multiple of 8 characters (RFC 4648 section 6). */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let held = 0;
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    held = ((held << 8) | bytes[i]!) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >>> bits) & 31]!;
    }
  }
  if (bits > 0) text += ALPHABET[(held << (5 - bits)) & 31]!;
  while (text.length % 8 !== 0) text += "=";
  return text;
}
