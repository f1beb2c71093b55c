/** Times as birdc prints them; the simulated clock starts at midnight. */
import { MS, SECOND } from "../../base/time.js";

const MONTHS: readonly number[] = [31, 28, 31, 30];
const DAY_SECONDS = 86_400;
const two = (n: number): string => String(n).padStart(2, "0");

/** `HH:MM:SS.mmm` of a time in ns since boot. */
export function clockText(ns: number): string {
  const seconds = Math.floor(ns / SECOND) % DAY_SECONDS;
  const ms = Math.floor(ns / MS) % 1000;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms).padStart(3, "0")}`;
}

/** `YYYY-MM-DD` of a time in ns since boot: the world boots at the beginning of 1970 and ends within its April. */
export function dayText(ns: number): string {
  let day = Math.floor(ns / SECOND / DAY_SECONDS);
  let month = 0;
  while (month < 3 && day >= MONTHS[month]!) day -= MONTHS[month++]!;
  return `1970-${two(month + 1)}-${two(day + 1)}`;
}

/** A time that still runs, as seconds with three places. */
export function secondsText(ns: number): string {
  return (Math.floor(ns / MS) / 1000).toFixed(3);
}
