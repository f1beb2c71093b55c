type Fields = Readonly<Record<string, unknown>>;

/** Whether two pieces of plain data are equal, whatever the order of their keys; an undefined field is no field. */
export function sameData(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b);
  return holds(a as Fields, b as Fields) && holds(b as Fields, a as Fields, true);
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameData(a[i], b[i])) return false;
  return true;
}

/** Whether a record has every field of another, with equal data unless only `names` are asked. */
function holds(record: Fields, asked: Fields, names = false): boolean {
  // Its order does not show, and lists of keys would be garbage at once: every write of the control plane comes here.
  for (const key in asked) {
    const wanted = asked[key];
    if (wanted === undefined) continue;
    const found = own(record, key);
    if (names ? found === undefined : !sameData(found, wanted)) return false;
  }
  return true;
}

/** Only what every object inherits is a function or named so: data is not. */
function own(record: Fields, key: string): unknown {
  const found = record[key];
  return (typeof found === "function" || key === "__proto__") && !Object.hasOwn(record, key) ? undefined : found;
}
