import { DAY, HOUR, MINUTE, SECOND } from "../base/time.js";

const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;
const two = (n: number): string => String(n).padStart(2, "0");

/** A date as ctime prints it, for tools that print one: the world boots at the beginning of 1970 and ends within its April. */
export function simulatedDate(now: number): string {
  const day = Math.floor(now / DAY);
  const clock = `${two(Math.floor((now % DAY) / HOUR))}:${two(Math.floor((now % HOUR) / MINUTE))}:${two(Math.floor((now % MINUTE) / SECOND))}`;
  const months = [31, 28, 31, 30] as const;
  const names = ["Jan", "Feb", "Mar", "Apr"] as const;
  let left = day;
  let month = 0;
  while (month < 3 && left >= months[month]!) left -= months[month++]!;
  return `${DAYS[day % 7]!} ${names[month]!} ${String(left + 1).padStart(2)} ${clock} 1970`;
}
