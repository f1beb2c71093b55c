// The Internet checksum, RFC 1071 and RFC 1624: the complement of a one's-complement sum of big-endian 16-bit words. Sums add up in any
// order and any grouping, so every part of a frame is summed once, from fields where they are at hand, and folded at the end.

/** The folded sum of big-endian 16-bit words of `bytes[from..to)`; an odd last byte is the high half of a word. */
export function sumOf(bytes: Uint8Array, from: number, to: number): number {
  const end = to < bytes.length ? to : bytes.length;
  if (from >= end) return 0;
  const even = from + ((end - from) & ~1);
  let sum = 0;
  for (let i = from; i < even; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (even < end) sum += bytes[even]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** A sum below 2^31 folded to 16 bits: added to itself turned by 16 bits, the high half has both halves and their carry. */
export function fold(sum: number): number {
  return (sum + ((sum << 16) | (sum >>> 16))) >>> 16;
}

/** The checksum field for a sum below 2^31. */
export function checksumOf(sum: number): number {
  return ~fold(sum) & 0xffff;
}

/** The two halves of a 32-bit word, as a part of a sum. */
export function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}
