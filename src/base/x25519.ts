/**
 * X25519, RFC 7748 sections 5 and 6.1: the public key that belongs to a private one. Keys are names here, and nothing is kept
 * secret with them: no step takes the same time for all keys.
 */
const P: bigint = 2n ** 255n - 19n;
const A24 = 121665n;
const BITS = 255;
const BASE_POINT = 9n;

const mod = (a: bigint): bigint => ((a % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let e = exponent; e > 0n; e >>= 1n) {
    if ((e & 1n) === 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function numberOf(bytes: Uint8Array): bigint {
  let n = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) n = (n << 8n) | BigInt(bytes[i]!);
  return n;
}

/** A private key of 32 bytes as X25519 takes it: a multiple of 8 with its highest bit fixed. */
export function clampedKey(bytes: Uint8Array): Uint8Array {
  const key = bytes.slice();
  key[0] = key[0]! & 248;
  key[31] = (key[31]! & 127) | 64;
  return key;
}

/** The Montgomery ladder of RFC 7748 section 5. */
function ladder(k: bigint, u: bigint): bigint {
  let [x2, z2, x3, z3] = [1n, 0n, u, 1n];
  let swapped = 0n;
  for (let t = BITS - 1; t >= 0; t--) {
    const bit = (k >> BigInt(t)) & 1n;
    if ((swapped ^ bit) === 1n) [x2, z2, x3, z3] = [x3, z3, x2, z2];
    swapped = bit;
    const a = mod(x2 + z2);
    const aa = mod(a * a);
    const b = mod(x2 - z2);
    const bb = mod(b * b);
    const e = mod(aa - bb);
    const da = mod((x3 - z3) * a);
    const cb = mod((x3 + z3) * b);
    x3 = mod((da + cb) ** 2n);
    z3 = mod(u * (da - cb) ** 2n);
    x2 = mod(aa * bb);
    z2 = mod(e * (aa + A24 * e));
  }
  if (swapped === 1n) [x2, z2] = [x3, z3];
  return mod(x2 * power(z2, P - 2n));
}

/** The public key of a private one; both are 32 bytes, little-endian. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  let n = ladder(numberOf(clampedKey(privateKey)), BASE_POINT);
  const bytes = new Uint8Array(32);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(n & 255n);
    n >>= 8n;
  }
  return bytes;
}
