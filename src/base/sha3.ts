// SHA3-224 as FIPS 202 describes it, over big integers: a name here and there is made of it, nothing that hurries.

const LANE = (1n << 64n) - 1n;
const ROUNDS = 24;
/** Bytes taken in at once by SHA3-224: 200 less twice the digest. */
const RATE = 144;

const rotate = (lane: bigint, by: number): bigint => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & LANE;

/** Round constants by the linear feedback register of section 3.2.5. */
function roundConstants(): readonly bigint[] {
  let register = 1;
  return Array.from({ length: ROUNDS }, () => {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if ((register & 1) !== 0) constant |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ ((register & 0x80) !== 0 ? 0x171 : 0);
    }
    return constant;
  });
}

const CONSTANTS: readonly bigint[] = Object.freeze(roundConstants());

function permute(a: bigint[]): void {
  for (const constant of CONSTANTS) {
    const parity = [0, 1, 2, 3, 4].map((x) => a[x]! ^ a[x + 5]! ^ a[x + 10]! ^ a[x + 15]! ^ a[x + 20]!);
    for (let i = 0; i < 25; i++) a[i] = a[i]! ^ parity[(i + 4) % 5]! ^ rotate(parity[(i + 1) % 5]!, 1);
    let [x, y] = [1, 0];
    let carried = a[1]!;
    for (let t = 0; t < 24; t++) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const next = a[x + 5 * y]!;
      a[x + 5 * y] = rotate(carried, (((t + 1) * (t + 2)) / 2) % 64);
      carried = next;
    }
    for (let row = 0; row < 25; row += 5) {
      const [p, q, r, s, u] = a.slice(row, row + 5) as [bigint, bigint, bigint, bigint, bigint];
      a[row] = p ^ (~q & LANE & r);
      a[row + 1] = q ^ (~r & LANE & s);
      a[row + 2] = r ^ (~s & LANE & u);
      a[row + 3] = s ^ (~u & LANE & p);
      a[row + 4] = u ^ (~p & LANE & q);
    }
    a[0] = a[0]! ^ constant;
  }
}

/** The 28 bytes of the SHA3-224 digest of a text in UTF-8 (FIPS 202). */
export function sha3224(message: string): Uint8Array {
  const bytes = new TextEncoder().encode(message);
  const padded = new Uint8Array((Math.floor(bytes.length / RATE) + 1) * RATE);
  padded.set(bytes);
  padded[bytes.length]! |= 0x06;
  padded[padded.length - 1]! |= 0x80;
  const state = new Array<bigint>(25).fill(0n);
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let i = 0; i < RATE / 8; i++) state[i] = state[i]! ^ view.getBigUint64(at + 8 * i, true);
    permute(state);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 4; i++) out.setBigUint64(8 * i, state[i]!, true);
  return new Uint8Array(out.buffer, 0, 28);
}
