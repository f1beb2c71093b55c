/* Durations as Go writes them: `90s`, `1m30s`, `1.5h`. Read first: Go's time.ParseDuration. */

const SECONDS: Readonly<Record<string, number>> = Object.freeze({ h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, "\u00b5s": 1e-6, ns: 1e-9 });

/** Seconds of a duration, null where the text is none. */
export function parseGoDuration(text: string): number | null {
  const [, sign = "", body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0;
  if (!/^(([0-9]+\.?[0-9]*|\.[0-9]+)(h|ms|m|s|us|\u00b5s|ns))+$/.test(body)) return null;
  const seconds = [...body.matchAll(/([0-9.]+)(h|ms|m|s|us|\u00b5s|ns)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * SECONDS[unit!]!, 0);
  return sign === "-" ? -seconds : seconds;
}
