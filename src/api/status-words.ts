/*
 * The sentences of the API server's Status answers, and how kubectl prints them.
 * Read first: k8s.io/apimachinery pkg/api/errors/errors.go, k8s.io/kubectl pkg/cmd/util/helpers.go.
 */
import type { Problem } from "../base/problem.js";
import { groupResource, type KindInfo } from "./kinds.js";

/** `services "web" not found` */
export function notFoundWords(kind: KindInfo, name: string): string {
  return `${groupResource(kind)} "${name}" not found`;
}

/** `deployments.apps "web" already exists` */
export function alreadyExistsWords(kind: KindInfo, name: string): string {
  return `${groupResource(kind)} "${name}" already exists`;
}

export function conflictWords(kind: KindInfo, name: string): string {
  const advice = "the object has been modified; please apply your changes to the latest version and try again";
  return `Operation cannot be fulfilled on ${groupResource(kind)} "${name}": ${advice}`;
}

/** `Deployment.apps "web" is invalid: <cause>`, causes in brackets when there are several. */
export function invalidWords(kind: KindInfo, name: string, problems: readonly Problem[]): string {
  const causes = problems.map((problem) => `${problem.path}: ${problem.message}`);
  const list = causes.length === 1 ? causes.join("") : `[${causes.join(", ")}]`;
  return `${qualifiedKind(kind)} "${name}" is invalid: ${list}`;
}

/** What kubectl prints for an invalid object: one line, or a first line and one for each distinct cause. */
export function kubectlInvalidWords(kind: KindInfo, name: string, problems: readonly Problem[]): string {
  const causes = [...new Set(problems.map((problem) => `${problem.path}: ${problem.message}`))];
  const start = `The ${kind.kind} "${name}" is invalid: `;
  return causes.length === 1 ? start + causes.join("") : [start, ...causes.map((cause) => `* ${cause}`)].join("\n");
}

function qualifiedKind(kind: KindInfo): string {
  const slash = kind.apiVersion.indexOf("/");
  return slash < 0 ? kind.kind : `${kind.kind}.${kind.apiVersion.slice(0, slash)}`;
}
