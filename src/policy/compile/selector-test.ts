/* A label selector taken apart once, so that testing an object's labels makes nothing. */
import type { Labels, LabelSelector } from "../../api/index.js";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export class SelectorTest {
  readonly id: number;
  /** Requirements of exact value, keys and values side by side. */
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly others: readonly Requirement[];

  constructor(id: number, selector: LabelSelector) {
    this.id = id;
    const wanted = selector.matchLabels ?? {};
    this.keys = Object.keys(wanted);
    this.values = this.keys.map((key) => wanted[key]!);
    this.others = (selector.matchExpressions ?? []).map(({ key, operator, values }) => ({ key, operator, values: values ?? [] }));
  }

  test(labels: Labels): boolean {
    const { keys, values, others } = this;
    for (let i = 0; i < keys.length; i++) if (labels[keys[i]!] !== values[i]) return false;
    for (let i = 0; i < others.length; i++) if (!holds(others[i]!, labels)) return false;
    return true;
  }
}

/** Equal selectors, as written, are one test. */
export class SelectorTests {
  readonly #byKey = new Map<string, SelectorTest>();
  readonly list: SelectorTest[] = [];

  /** null for a selector that holds for everything. */
  of(selector: LabelSelector | null): SelectorTest | null {
    if (selector === null) return null;
    const key = textOf(selector);
    if (key === "") return null;
    let test = this.#byKey.get(key);
    if (test === undefined) {
      test = new SelectorTest(this.list.length, selector);
      this.#byKey.set(key, test);
      this.list.push(test);
    }
    return test;
  }
}

function holds(requirement: Requirement, labels: Labels): boolean {
  const value = labels[requirement.key];
  const present = typeof value === "string";
  switch (requirement.operator) {
    case "In":
      return present && requirement.values.includes(value);
    case "NotIn":
      return !present || !requirement.values.includes(value);
    case "Exists":
      return present;
    case "DoesNotExist":
      return !present;
    default:
      return false;
  }
}

function textOf(selector: LabelSelector): string {
  let text = "";
  const labels = selector.matchLabels;
  if (labels !== undefined) for (const key of Object.keys(labels)) text += `${key}\0${labels[key]}\x01`;
  if (selector.matchExpressions === undefined) return text;
  for (const { key, operator, values } of selector.matchExpressions) {
    text += `${key}\x02${operator}`;
    if (values !== undefined) for (const value of values) text += `\0${value}`;
    text += "\x01";
  }
  return text;
}
