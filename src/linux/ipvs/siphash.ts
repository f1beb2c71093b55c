// SipHash-1-3 of one 32-bit word under a key of two 64-bit ones, cut to 32 bits: hsiphash of 64-bit kernels
// (lib/siphash.c; J.-P. Aumasson and D. J. Bernstein, "SipHash", 2012).

const MASK = (1n << 64n) - 1n;
/** Bytes hashed, which SipHash keeps in the top byte of its last word. */
const LENGTH = 4n << 56n;

const rotate = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & MASK;

type Words = [bigint, bigint, bigint, bigint];

function round(v: Words): void {
  v[0] = (v[0] + v[1]) & MASK;
  v[1] = rotate(v[1], 13n) ^ v[0];
  v[0] = rotate(v[0], 32n);
  v[2] = (v[2] + v[3]) & MASK;
  v[3] = rotate(v[3], 16n) ^ v[2];
  v[0] = (v[0] + v[3]) & MASK;
  v[3] = rotate(v[3], 21n) ^ v[0];
  v[2] = (v[2] + v[1]) & MASK;
  v[1] = rotate(v[1], 17n) ^ v[2];
  v[2] = rotate(v[2], 32n);
}

/** An unsigned 32-bit number; `word` is one too. */
export function sipHash13([k0, k1]: readonly [bigint, bigint], word: number): number {
  const v: Words = [0x736f6d6570736575n ^ k0, 0x646f72616e646f6dn ^ k1, 0x6c7967656e657261n ^ k0, 0x7465646279746573n ^ k1];
  const last = LENGTH | BigInt(word);
  v[3] ^= last;
  round(v);
  v[0] ^= last;
  v[2] ^= 0xffn;
  round(v);
  round(v);
  round(v);
  return Number((v[0] ^ v[1] ^ v[2] ^ v[3]) & 0xffffffffn);
}
