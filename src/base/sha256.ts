// SHA-256 as FIPS 180-4 sections 5 and 6 describe it, synchronous, because chain names are made while rules are written.
// Constants: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.

const K: Int32Array = roundConstants();

/** The 32 bytes of the SHA-256 digest of `message`; text is hashed as UTF-8 (FIPS 180-4). */
export function sha256(message: string | Uint8Array): Uint8Array {
  return digestOf(message, Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19));
}

/** The 28 bytes of the SHA-224 digest: the same from other first words, cut (FIPS 180-4 section 6.3). */
export function sha224(message: string | Uint8Array): Uint8Array {
  return digestOf(message, Int32Array.of(0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4)).subarray(0, 28);
}

function digestOf(message: string | Uint8Array, h: Int32Array): Uint8Array {
  const bytes = typeof message === "string" ? utf8(message) : message;
  const blocks = ((bytes.length + 8) >>> 6) + 1;
  const w = new Int32Array(64);
  for (let block = 0; block < blocks; block++) {
    loadBlock(w, bytes, block, blocks);
    compress(h, w);
  }
  const digest = new Uint8Array(32);
  for (let i = 0; i < 8; i++) {
    const word = h[i]!;
    digest[4 * i] = word >>> 24;
    digest[4 * i + 1] = word >>> 16;
    digest[4 * i + 2] = word >>> 8;
    digest[4 * i + 3] = word;
  }
  return digest;
}

/** Block number `block` of the padded message into w[0..15]: the message, one 0x80, zeros, and its length in bits. */
function loadBlock(w: Int32Array, bytes: Uint8Array, block: number, blocks: number): void {
  const length = bytes.length;
  let at = block << 6;
  for (let i = 0; i < 16; i++) {
    let word = 0;
    for (let j = 0; j < 4; j++, at++) {
      word = (word << 8) | (at < length ? bytes[at]! : at === length ? 0x80 : 0);
    }
    w[i] = word;
  }
  if (block === blocks - 1) {
    w[14] = Math.floor(length / 0x20000000);
    w[15] = length << 3;
  }
}

function compress(h: Int32Array, w: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
  }
  let a = h[0]!,
    b = h[1]!,
    c = h[2]!,
    d = h[3]!,
    e = h[4]!,
    f = h[5]!,
    g = h[6]!,
    last = h[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (last + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    last = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  h[0]! += a;
  h[1]! += b;
  h[2]! += c;
  h[3]! += d;
  h[4]! += e;
  h[5]! += f;
  h[6]! += g;
  h[7]! += last;
}

function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return new TextEncoder().encode(text);
    bytes[i] = code;
  }
  return bytes;
}

/** Exact: cube roots are found in integers, because the 32nd bit of a floating-point cube root is not to be trusted everywhere. */
function roundConstants(): Int32Array {
  const constants = new Int32Array(64);
  let found = 0;
  for (let n = 2; found < 64; n++) {
    if (!isPrime(n)) continue;
    const scaled = BigInt(n) << 96n; // (root * 2^32)^3
    let low = 0n;
    let high = 1n << 36n;
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (middle * middle * middle <= scaled) low = middle;
      else high = middle;
    }
    constants[found++] = Number(low & 0xffffffffn) | 0;
  }
  return constants;
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}
