/** Revisions of workloads: `kubectl rollout history` and `undo`. Read first: kubectl pkg/polymorphichelpers/history.go and rollback.go. */
import type { DaemonSet, Deployment, KubeObject, PodTemplateSpec, ReplicaSet, StatefulSet } from "../../api/index.js";
import { sameData } from "../../base/same-data.js";
import { describePodTemplate } from "./describe/pod-template.js";
import { Page } from "./describe/page.js";
import { TabWriter } from "./output/tab-writer.js";
import type { KeptRevision, KubectlSource } from "./source.js";

const REVISION = "deployment.kubernetes.io/revision";
const HASH = "pod-template-hash";
const CHANGE_CAUSE = "kubernetes.io/change-cause";
/** Annotations that a Deployment keeps, whatever revision it goes back to. */
const KEPT: readonly string[] = [
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  "deployment.kubernetes.io/revision-history",
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
];

/** A kind that has revisions. */
export type Rolled = Deployment | DaemonSet | StatefulSet;

export function isRolled(object: KubeObject): object is Rolled {
  return object.kind === "Deployment" || object.kind === "DaemonSet" || object.kind === "StatefulSet";
}

interface Revision extends KeptRevision {
  readonly set?: ReplicaSet;
}

/** The ReplicaSets that a Deployment controls. */
export function ownReplicaSets({ metadata: { namespace = "", uid } }: Deployment, source: KubectlSource): readonly ReplicaSet[] {
  return (source.list("ReplicaSet", namespace) as readonly ReplicaSet[]).filter((set) => set.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid));
}

function revisionsOf(object: Rolled, source: KubectlSource): readonly Revision[] {
  const { namespace = "", name } = object.metadata;
  if (object.kind !== "Deployment") return source.revisions?.(object.kind, namespace, name) ?? [];
  return ownReplicaSets(object, source)
    .map((set): Revision => ({ revision: Number(set.metadata.annotations?.[REVISION] ?? 0), template: set.spec.template!, cause: set.metadata.annotations?.[CHANGE_CAUSE] ?? "", set }))
    .sort((a, b) => a.revision - b.revision);
}

/** What stands behind the object's name, or why nothing does. */
export function historyText(object: Rolled, wanted: number, source: KubectlSource): string | { readonly error: string } {
  const all = revisionsOf(object, source);
  if (all.length === 0) return "No rollout history found.";
  if (wanted > 0) {
    const found = all.find(({ revision }) => revision === wanted);
    return found === undefined ? { error: "unable to find the specified revision" } : templateText(found);
  }
  const table = new TabWriter(0, 2);
  const causes = object.kind !== "StatefulSet";
  table.write(causes ? "REVISION\tCHANGE-CAUSE\n" : "REVISION\n");
  for (const { revision, cause } of all) table.write(causes ? `${revision}\t${cause === "" ? "<none>" : cause}\n` : `${revision}\n`);
  return table.result();
}

/** Tabs stay tabs here. */
function templateText({ template, cause }: Revision): string {
  let text = "";
  const page = new Page({ write: (more) => void (text += more), flush: () => {}, result: () => text });
  const { metadata = {} } = template;
  describePodTemplate(page, cause === "" ? template : { ...template, metadata: { ...metadata, annotations: { ...metadata.annotations, [CHANGE_CAUSE]: cause } } });
  return text;
}

/** A template without the hash of its ReplicaSet. */
export function bareTemplate({ metadata = {}, spec }: PodTemplateSpec): PodTemplateSpec {
  const { [HASH]: _, ...labels } = metadata.labels ?? {};
  return { metadata: { ...metadata, labels }, spec };
}

/** The object as it was at a revision (0: the one before the last), the words where there is nothing to do, or the error. */
export function rolledBack(object: Rolled, to: number, source: KubectlSource): { readonly object: Rolled } | { readonly skipped: string } | { readonly error: string } {
  if (to < 0) return { error: `unable to find specified revision ${to} in history` };
  const { name } = object.metadata;
  const all = revisionsOf(object, source);
  if (to === 0 && all.length < 2) return { error: object.kind === "Deployment" ? `no rollout history found for deployment "${name}"` : "no last revision to roll back to" };
  const target = to === 0 ? all[all.length - 2] : all.find(({ revision }) => revision === to);
  if (target === undefined) return { error: `unable to find specified revision ${to} in history` };
  if (object.kind === "Deployment" && object.spec.paused === true) return { error: `you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/${name}' and try again` };
  const template = bareTemplate(target.template);
  if (sameData(template, bareTemplate(object.spec.template))) return { skipped: `skipped rollback (current template already matches revision ${to})` };
  const next = { ...object, spec: { ...object.spec, template } } as Rolled;
  if (object.kind !== "Deployment") return { object: next };
  const own = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => KEPT.includes(key));
  const its = Object.entries(target.set?.metadata.annotations ?? {}).filter(([key]) => !KEPT.includes(key));
  return { object: { ...next, metadata: { ...next.metadata, annotations: Object.fromEntries([...own, ...its]) } } as Rolled };
}
