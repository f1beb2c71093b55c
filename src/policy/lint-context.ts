/* What every lint rule is given: the set, the pods of each policy, and where to put what it finds. */
import { placeOf, type SourceRef } from "../api/index.js";
import type { PolicyObject } from "./input.js";
import { selects } from "./match.js";
import type { PodRecord, PolicyModel } from "./model.js";
import { type Policy, reasonOf } from "./rules.js";

/** Something that looks wrong about a policy. */
export interface Finding {
  /** Stable word for programs; docs/guides/policy.md lists them all. */
  readonly code: string;
  readonly severity: "error" | "warning" | "note";
  /** `NetworkPolicy shop/deny`; another object where no policy is at fault. */
  readonly policy: string;
  readonly path: string;
  /** Empty when it was read from no file. */
  readonly file: string;
  /** Counted from 1; 0 when it was read from no file. */
  readonly line: number;
  readonly message: string;
  /** What to write instead; empty when only the author can know. */
  readonly fix: string;
}

/** What lint should know of the cluster. */
export interface LintOptions {
  /** Name of the cluster's network plugin; `flannel` alone enforces no policy. */
  readonly cni?: string;
}

export class LintContext {
  readonly findings: Finding[] = [];
  readonly model: PolicyModel;
  readonly options: LintOptions;
  readonly #selected = new Map<Policy, readonly PodRecord[]>();
  readonly #objects = new Map<string, PolicyObject>();

  constructor(model: PolicyModel, options: LintOptions) {
    this.model = model;
    this.options = options;
    for (const { object } of model.input.policies) {
      const { name, namespace = "default" } = object.metadata;
      this.#objects.set(object.kind === "NetworkPolicy" ? `${object.kind} ${namespace}/${name}` : `${object.kind} ${name}`, object);
    }
  }

  /** Pods that a policy selects and that can be an end of a connection. */
  selectedBy(policy: Policy): readonly PodRecord[] {
    let pods = this.#selected.get(policy);
    if (pods === undefined) {
      pods = this.model.pods.filter((pod) => pod.absent === "" && selects(this.model, policy, pod));
      this.#selected.set(policy, pods);
    }
    return pods;
  }

  /** The policy as it was written. */
  objectOf(policy: Policy): PolicyObject {
    return this.#objects.get(policy.id)!;
  }

  add(severity: Finding["severity"], code: string, policy: Policy, path: string, message: string, fix = ""): void {
    const { file, line } = reasonOf(policy, path);
    this.findings.push({ code, severity, policy: policy.id, path, file, line, message, fix });
  }

  addAt(severity: Finding["severity"], code: string, object: string, source: SourceRef | null, path: string, message: string, fix = ""): void {
    const line = source === null ? 0 : placeOf(source, path)[0];
    this.findings.push({ code, severity, policy: object, path, file: source?.file ?? "", line, message, fix });
  }
}

/** `a, b, c and 4 more`. */
export function listed(names: readonly string[]): string {
  return names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
