/** Time is a count of nanoseconds since boot: an integer-valued double, exact to 2^53 (about 104 days). */
export const US = 1_000;
export const MS = 1_000_000;
export const SECOND = 1_000_000_000;
export const MINUTE = 60_000_000_000;
export const HOUR = 3_600_000_000_000;
export const DAY = 86_400_000_000_000;
/** The last instant that a world can reach. */
export const END_OF_TIME: number = Number.MAX_SAFE_INTEGER;

const UNITS: readonly (readonly [string, number])[] = [
  ["s", SECOND],
  ["ms", MS],
  ["µs", US],
];

/** `ns` in the largest unit that keeps it at 1 or more, with what decimals it needs: `1.5ms`, `200ns`, `2m3s`, `1h0m5s`. */
export function formatDuration(ns: number): string {
  if (ns < 0) return `-${formatDuration(-ns)}`;
  if (ns >= MINUTE) {
    const hours = Math.floor(ns / HOUR);
    const minutes = Math.floor(ns / MINUTE) % 60;
    return `${hours > 0 ? `${hours}h` : ""}${minutes}m${decimal(ns % MINUTE, SECOND)}s`;
  }
  for (const [unit, size] of UNITS) if (ns >= size) return decimal(ns, size) + unit;
  return ns === 0 ? "0s" : `${ns}ns`;
}

function decimal(ns: number, size: number): string {
  const whole = Math.floor(ns / size);
  const rest = ns - whole * size;
  if (rest === 0) return String(whole);
  return `${whole}.${String(rest).padStart(String(size).length - 1, "0").replace(/0+$/, "")}`;
}
