/* One edit of a plain object by field path, copying what it touches: `spec.ingress[0].from[1]`, `matchLabels[app]`. */

/** One change of an object at a field path. */
export interface ObjectEdit {
  /** `add` inserts before an entry of a list, or appends when its place is the list's end. */
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

type Data = Readonly<Record<string, unknown>> | readonly unknown[];

/** The object after an edit; lists and maps on the way are made where they are missing. */
export function editObject<T extends object>(object: T, edit: ObjectEdit): T {
  return edited(object as unknown as Data, steps(edit.path), edit) as unknown as T;
}

/** What stands at a path; undefined when nothing does. */
export function valueAt(object: object, path: string): unknown {
  let at: unknown = object;
  for (const step of steps(path)) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Object.hasOwn(at, step) ? (at as Record<string, unknown>)[step] : undefined;
  }
  return at;
}

/** Fields and places in lists, from the outside in. */
function steps(path: string): readonly string[] {
  return [...path.matchAll(/\[([^\]]*)\]|([^.[\]]+)/g)].map((match) => match[1] ?? match[2]!);
}

function edited(data: Data, path: readonly string[], edit: ObjectEdit): Data {
  const [step, ...rest] = path;
  if (step === undefined) return edit.value as Data;
  if (Array.isArray(data)) return editedList(data, Number(step), rest, edit);
  const record = data as Readonly<Record<string, unknown>>;
  if (rest.length === 0) {
    const { [step]: _, ...others } = record;
    return edit.op === "remove" ? others : { ...record, [step]: edit.value };
  }
  return { ...record, [step]: edited(inner(record[step], rest[0]!), rest, edit) };
}

function editedList(list: readonly unknown[], place: number, rest: readonly string[], edit: ObjectEdit): readonly unknown[] {
  const copy = list.slice();
  if (rest.length > 0) copy[place] = edited(inner(copy[place], rest[0]!), rest, edit);
  else if (edit.op === "replace") copy[place] = edit.value;
  else if (edit.op === "add") copy.splice(place, 0, edit.value);
  else copy.splice(place, 1);
  return copy;
}

function inner(value: unknown, step: string): Data {
  if (typeof value === "object" && value !== null) return value as Data;
  return /^\d+$/.test(step) ? [] : {};
}
