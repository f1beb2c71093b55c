/** The alphabet of generated names: no vowels and no look-alikes, so no words. Source: apimachinery `pkg/util/rand/rand.go`. */
export const SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** Longest base that a generated name keeps: 63 less the suffix (apiserver `pkg/storage/names/generate.go`). */
const LONGEST_BASE = 58;

/** `length` letters of the alphabet; `below(n)` draws an integer in [0, n). */
export function randomSuffix(below: (n: number) => number, length = 5): string {
  let suffix = "";
  for (let i = 0; i < length; i++) suffix += SUFFIX_ALPHABET.charAt(below(SUFFIX_ALPHABET.length));
  return suffix;
}

/** A name for `generateName: base`, as the API server makes it. */
export function generateName(base: string, below: (n: number) => number): string {
  return base.slice(0, LONGEST_BASE) + randomSuffix(below);
}

/** Decimal digits put into the alphabet, as pod template hashes are (`SafeEncodeString`). */
export function safeEncode(text: string): string {
  let encoded = "";
  for (let i = 0; i < text.length; i++) encoded += SUFFIX_ALPHABET.charAt(text.charCodeAt(i) % SUFFIX_ALPHABET.length);
  return encoded;
}

/** Order of texts by UTF-16 unit, the same on every machine; for ASCII that of Go's `sort.Strings`. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
