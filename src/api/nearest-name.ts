/** The name that a person most likely meant: equal but for case, or at most two letters away; undefined when none is near. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const lower = written.toLowerCase();
  const sameLetters = names.find((name) => name.toLowerCase() === lower);
  if (sameLetters !== undefined) return sameLetters;
  if (written.length < 4 || written.length > 60) return undefined;
  let nearest: string | undefined;
  let least = 3;
  for (const name of names) {
    const away = distance(lower, name.toLowerCase(), least);
    if (away < least) {
      nearest = name;
      least = away;
    }
  }
  return nearest;
}

/** Edit distance, or `limit` when it is not less. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(changed, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return Math.min(limit, above[b.length] ?? limit);
}
