// The same inputs for every contender and every run.

/** Marsaglia's xorshift32: numbers in [0, 2^32). */
export function xorshift32(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** One step of a digest of answers. */
export function fold(digest: number, value: number): number {
  return (Math.imul(digest ^ value, 0x01000193) ^ (digest >>> 15)) | 0;
}
