/** Times of objects, and how kubectl words spans of time (apimachinery pkg/util/duration, HumanDuration). */

const DAY = 86_400;

/** Seconds since 1970 of RFC 3339 text, or undefined where it is absent or none. */
export function secondsOf(text: string | undefined): number | undefined {
  const parts = text === undefined ? null : /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/.exec(text);
  if (parts === null) return undefined;
  const number = (i: number): number => Number(parts[i] ?? 0);
  const zone = (number(9) * 3600 + number(10) * 60) * (parts[8] === "-" ? -1 : 1);
  return daysOf(number(1), number(2), number(3)) * DAY + number(4) * 3600 + number(5) * 60 + number(6) + number(7) - zone;
}

/** Days since 1970 of a date (H. Hinnant, days_from_civil). */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** `92s`, `9m40s`, `50m`, `3h5m`, `2d1h`, `1y2d` of a count of seconds. */
export function spanText(seconds: number): string {
  const s = Math.trunc(seconds);
  if (s < -1) return "<invalid>";
  if (s < 0) return "0s";
  if (s < 120) return `${s}s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 10) return pair(minutes, "m", s % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return pair(days, "d", hours % 24, "h");
  if (hours < 17_520) return `${days}d`;
  const years = Math.floor(days / 365);
  return hours < 70_080 ? pair(years, "y", days % 365, "d") : `${years}y`;
}

function pair(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smaller}`;
}

/** How long ago a time was; `<unknown>` without one. `now` in seconds since 1970. */
export function ageText(now: number, time: string | undefined): string {
  const then = secondsOf(time);
  return then === undefined ? "<unknown>" : spanText(now - then);
}

const WEEKDAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
/** What Go prints for a time that was never set. */
const ZERO_TIME = "Mon, 01 Jan 0001 00:00:00 +0000";

/** `Sat, 01 Nov 2025 10:00:00 +0000` (Go's RFC1123Z, at UTC). */
export function mailTime(time: string | undefined): string {
  const seconds = secondsOf(time);
  if (seconds === undefined || time === undefined) return ZERO_TIME;
  const [, year, month, day, clock] = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)/.exec(time)!;
  const weekday = WEEKDAYS[((Math.floor(seconds / DAY) % 7) + 7) % 7]!;
  return `${weekday}, ${day} ${MONTHS[Number(month) - 1]} ${year} ${clock} +0000`;
}

/** `2025-11-01 10:00:00 +0000 UTC`, as Go prints a time by itself. */
export function plainTime(time: string | undefined): string {
  const parts = time === undefined ? null : /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(time);
  return parts === null ? "0001-01-01 00:00:00 +0000 UTC" : `${parts[1]} ${parts[2]} +0000 UTC`;
}
