/* One-token changes of policies, as a slip of the hand would make them: a label, a number, a word, an entry gone. */
import { validate } from "../api/index.js";
import { editObject, type ObjectEdit } from "./edit-object.js";
import type { PolicyModel } from "./model.js";
import { type Policy, type Reason, reasonOf } from "./rules.js";

export interface Mutant extends Reason {
  readonly edit: ObjectEdit;
  /** `port 80 -> 81`. */
  readonly says: string;
}

const swaps: Readonly<Record<string, string>> = Object.freeze({
  TCP: "UDP",
  UDP: "TCP",
  SCTP: "TCP",
  In: "NotIn",
  NotIn: "In",
  Exists: "DoesNotExist",
  DoesNotExist: "Exists",
  Allow: "Deny",
  Accept: "Deny",
  Deny: "Pass",
  Pass: "Deny",
  Admin: "Baseline",
  Baseline: "Admin",
});

/** Every mutant of every policy that the API server would still take. */
export function mutantsOf(model: PolicyModel): readonly Mutant[] {
  const byId = new Map<string, Policy>(model.policies.map((policy) => [policy.id, policy]));
  return model.input.policies.flatMap(({ object }) => {
    const { name, namespace = "default" } = object.metadata;
    const policy = byId.get(object.kind === "NetworkPolicy" ? `NetworkPolicy ${namespace}/${name}` : `${object.kind} ${name}`);
    if (policy === undefined) return [];
    const edits: Token[] = [];
    walk(object.spec, "spec", "spec", edits);
    const source = policy.source ?? { file: "", line: 0, places: {} };
    return edits
      .filter(({ edit }) => !validate({ object: editObject(object, edit), source }).some((each) => each.severity === "error"))
      .map(({ edit, says }): Mutant => ({ ...reasonOf(policy, edit.path), edit, says }));
  });
}

interface Token {
  readonly edit: ObjectEdit;
  readonly says: string;
}

function walk(value: unknown, path: string, key: string, edits: Token[]): void {
  if (Array.isArray(value)) {
    value.forEach((each, i) => {
      const at = `${path}[${i}]`;
      edits.push({ edit: { op: "remove", path: at }, says: `${at} taken away` });
      walk(each, at, key, edits);
    });
  } else if (typeof value === "object" && value !== null) {
    for (const [inner, each] of Object.entries(value)) {
      const at = key === "matchLabels" ? `${path}[${inner}]` : `${path}.${inner}`;
      if (key === "matchLabels") edits.push({ edit: { op: "remove", path: at }, says: `label ${inner} taken away` });
      walk(each, at, key === "matchLabels" ? "label" : inner, edits);
    }
  } else {
    const other = otherToken(value, key);
    if (other !== null) edits.push({ edit: { op: "replace", path, value: other }, says: `${key} ${String(value)} -> ${String(other)}` });
  }
}

/** The token that a slip would put there; null where none is worth trying. */
function otherToken(value: unknown, key: string): string | number | null {
  if (typeof value === "number") return key === "priority" ? null : value + 1;
  if (typeof value !== "string") return null;
  if (["protocol", "operator", "action", "tier"].includes(key)) return swaps[value] ?? null;
  if (["label", "values", "port", "namedPort", "destinationNamedPort"].includes(key)) return `${value}x`;
  const prefix = /^(.+)\/(\d+)$/.exec(value);
  if (!["cidr", "except", "networks"].includes(key) || prefix === null) return null;
  const [address, length] = [prefix[1]!, Number(prefix[2])];
  return `${address}/${length === (address.includes(":") ? 128 : 32) ? length - 1 : length + 1}`;
}
