// SHA-512 as FIPS 180-4 sections 4.1.3, 5 and 6.4 describe it, on 64-bit words that are bigints: names of chains are made of it, seldom.
// Constants: the first 64 bits of the fractional parts of the cube roots of the first 80 primes, and of the square roots of the first 8.

const MASK: bigint = (1n << 64n) - 1n;
const BLOCK = 128;
const ROUNDS = 80;

/** The largest n whose power is at most `value`. */
function root(value: bigint, power: bigint): bigint {
  let low = 0n;
  let high = 1n << 80n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** power <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

const K: readonly bigint[] = primes(ROUNDS).map((p) => root(BigInt(p) << 192n, 3n) & MASK);
const FIRST: readonly bigint[] = primes(8).map((p) => root(BigInt(p) << 128n, 2n) & MASK);

const turned = (x: bigint, n: bigint): bigint => ((x >> n) | (x << (64n - n))) & MASK;

function padded(bytes: Uint8Array): DataView {
  const length = (Math.floor((bytes.length + 16) / BLOCK) + 1) * BLOCK;
  const all = new Uint8Array(length);
  all.set(bytes);
  all[bytes.length] = 0x80;
  const view = new DataView(all.buffer);
  view.setBigUint64(length - 8, BigInt(bytes.length) * 8n);
  return view;
}

function compress(h: bigint[], view: DataView, at: number): void {
  const w: bigint[] = [];
  for (let t = 0; t < ROUNDS; t++) {
    if (t < 16) w.push(view.getBigUint64(at + 8 * t));
    else {
      const [x, y] = [w[t - 15]!, w[t - 2]!];
      const small = turned(x, 1n) ^ turned(x, 8n) ^ (x >> 7n);
      const large = turned(y, 19n) ^ turned(y, 61n) ^ (y >> 6n);
      w.push((large + w[t - 7]! + small + w[t - 16]!) & MASK);
    }
  }
  let [a, b, c, d, e, f, g, i] = h as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  for (let t = 0; t < ROUNDS; t++) {
    const one = i + (turned(e, 14n) ^ turned(e, 18n) ^ turned(e, 41n)) + ((e & f) ^ (~e & MASK & g)) + K[t]! + w[t]!;
    const two = (turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, i] = [(one + two) & MASK, a, b, c, (d + one) & MASK, e, f, g];
  }
  [a, b, c, d, e, f, g, i].forEach((word, n) => {
    h[n] = (h[n]! + word) & MASK;
  });
}

/** The SHA-512 digest of `text` in UTF-8, as 128 hexadecimal digits. */
export function sha512Hex(text: string): string {
  const view = padded(new TextEncoder().encode(text));
  const h = [...FIRST];
  for (let at = 0; at < view.byteLength; at += BLOCK) compress(h, view, at);
  return h.map((word) => word.toString(16).padStart(16, "0")).join("");
}
