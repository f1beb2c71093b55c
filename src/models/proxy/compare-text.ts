/** Byte order of two texts, as Go compares strings; the same as code units for all that names and addresses are made of. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
