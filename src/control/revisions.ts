/** What a DaemonSet or StatefulSet has been: the contents of its ControllerRevisions. Read first: kubernetes `pkg/controller/history/controller_history.go`. */
import type { DaemonSet, PodTemplateSpec, StatefulSet } from "../api/index.js";
import type { Plane } from "./plane.js";

const CHANGE_CAUSE = "kubernetes.io/change-cause";

/** One template, under the number of its last turn. */
export interface TemplateRevision {
  readonly revision: number;
  readonly template: PodTemplateSpec;
  /** annotation kubernetes.io/change-cause of that time, "" for none */
  readonly cause: string;
  readonly hash: string;
}

function note(kind: string, uid: string | undefined): string {
  return `revisions/${kind}/${uid}`;
}

/** The templates so far, the oldest first. */
export function revisionsOf(p: Plane, set: DaemonSet | StatefulSet): readonly TemplateRevision[] {
  return (p.notes.get(note(set.kind, set.metadata.uid)) as readonly TemplateRevision[] | undefined) ?? [];
}

/** Notes that a set has this template now; an old one comes back with a number of its own. */
export function noteRevision(p: Plane, set: DaemonSet | StatefulSet, hash: string): void {
  const known = revisionsOf(p, set);
  const last = known[known.length - 1];
  if (last?.hash === hash) return;
  const others = known.filter((each) => each.hash !== hash);
  const kept = others.slice(Math.max(0, others.length - (set.spec.revisionHistoryLimit ?? 10)));
  const cause = set.metadata.annotations?.[CHANGE_CAUSE] ?? "";
  p.notes.set(note(set.kind, set.metadata.uid), Object.freeze([...kept, Object.freeze({ revision: (last?.revision ?? 0) + 1, template: set.spec.template, cause, hash })]));
}
