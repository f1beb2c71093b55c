/* Whether a cron schedule can be read. Read first: robfig/cron v3 parser.go, `ParseStandard`, whose words these are. */

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const fields: readonly Field[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: ["", ...months] },
  { least: 0, most: 6, names: days },
];
const descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** What is wrong with a five-field schedule or a descriptor; undefined when nothing is. */
export function scheduleFault(schedule: string): string | undefined {
  if (schedule.startsWith("@")) {
    const known = descriptors.includes(schedule) || /^@every (?:\d+(?:\.\d+)?(?:h|m|s|ms))+$/.test(schedule);
    return known ? undefined : `unrecognized descriptor: ${schedule}`;
  }
  const written = schedule.trim().split(/\s+/);
  if (written.length !== fields.length) return `expected exactly 5 fields, found ${written.length}: [${written.join(" ")}]`;
  for (const [index, field] of fields.entries()) {
    for (const part of (written[index] ?? "").split(",")) {
      const fault = rangeFault(part, field);
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function rangeFault(part: string, field: Field): string | undefined {
  const [range = "", step, ...more] = part.split("/");
  if (more.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined && !/^\d+$/.test(step)) return unreadable(step);
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${part}`;
  if (range === "*" || range === "?") return undefined;
  const ends = range.split("-");
  if (ends.length > 2) return `too many hyphens: ${part}`;
  const numbers = ends.map((end) => numberOf(end, field));
  const bad = ends.find((_, index) => numbers[index] === undefined);
  if (bad !== undefined) return unreadable(bad);
  const [start = 0, end = start] = numbers;
  if (start < field.least) return `beginning of range (${start}) below minimum (${field.least}): ${part}`;
  if (end > field.most) return `end of range (${end}) above maximum (${field.most}): ${part}`;
  return start > end ? `beginning of range (${start}) beyond end of range (${end}): ${part}` : undefined;
}

function numberOf(text: string, field: Field): number | undefined {
  const named = field.names.indexOf(text.toLowerCase());
  if (named >= 0 && text !== "") return named;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function unreadable(text: string): string {
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}
