/** What kubectl asks and does, of this cluster: each change is a command of the cluster's log. */
import { groupResource, type Kind, kindInfo, type KubeObject, type Located, objectName, type ObjectOfKind, type SourceRef } from "../api/index.js";
import type { Event } from "../api/index.js";
import { SECOND } from "../base/time.js";
import type { Problem } from "../base/problem.js";
import { DEFAULT_EPOCH } from "../control/options.js";
import type { Applied, KeptRevision, KubectlSource, Refusal } from "../shell/kubectl/index.js";
import type { Output } from "../shell/output.js";

/** What is asked of a cluster; a `Cluster` is one. */
export interface KubectlHost {
  readonly now: number;
  readonly control: { readonly events: readonly Event[]; sourceOf(object: string): SourceRef | undefined; revisions(kind: "DaemonSet" | "StatefulSet", namespace: string, name: string): readonly KeptRevision[] };
  readonly world: { readonly engine: { step(): boolean } };
  objects<K extends Kind>(kind: K): readonly ObjectOfKind<K>[];
  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOfKind<K> | undefined;
  applyLocated(objects: readonly Located[]): readonly Problem[];
  replaceLocated(object: Located): readonly Problem[];
  delete(kind: Kind, namespace: string, name: string, grace?: number): boolean;
  scale(kind: Kind, namespace: string, name: string, replicas: number): Refusal | undefined;
  exec(where: string, command: readonly string[]): Output;
}

const NOWHERE: SourceRef = Object.freeze({ file: "", line: 0, places: Object.freeze({}) });

function refused(problems: readonly Problem[], object: KubeObject): Refusal | null {
  const errors = problems.filter((problem) => problem.severity === "error");
  if (errors.length === 0) return null;
  const [first] = errors;
  const { name } = object.metadata;
  const words = errors.map((problem) => (problem.path === "" ? problem.message : `${problem.path}: ${problem.message}`));
  if (first!.code === "not-found") return { reason: "NotFound", message: first!.message };
  const text = words.length === 1 ? words[0]! : `\n${words.map((word) => `* ${word}`).join("\n")}`;
  return { reason: "Invalid", message: `The ${object.kind} "${name}" is invalid: ${text}` };
}

/** The source over a cluster; `files` are those that `-f` may name. */
export function kubectlSource(cluster: KubectlHost, files: ReadonlyMap<string, string> = new Map()): KubectlSource {
  const stored = (located: Located): KubeObject | undefined => cluster.get(located.object.kind, located.object.metadata.namespace ?? "", located.object.metadata.name);
  return {
    now: () => DEFAULT_EPOCH + Math.floor(cluster.now / SECOND),
    list: (kind: Kind, namespace: string) => cluster.objects(kind).filter((object) => namespace === "" || object.metadata.namespace === namespace),
    get: (kind, namespace, name) => cluster.get(kind, namespace, name),
    events: () => cluster.control.events,
    file: (name) => files.get(name),
    apply: (located): Applied | Refusal => {
      const before = stored(located);
      const problem = refused(cluster.applyLocated([located]), located.object);
      if (problem !== null) return problem;
      const after = stored(located);
      return before === undefined ? "created" : before.metadata.resourceVersion === after?.metadata.resourceVersion ? "unchanged" : "configured";
    },
    delete: (kind, namespace, name, grace): Refusal | undefined => {
      if (cluster.delete(kind, namespace, name, grace)) return undefined;
      return { reason: "NotFound", message: `${groupResource(kindInfo(kind))} "${name}" not found` };
    },
    update: (object) => refused(cluster.replaceLocated({ object, source: cluster.control.sourceOf(objectName(object)) ?? NOWHERE }), object) ?? undefined,
    revisions: (kind, namespace, name) => cluster.control.revisions(kind, namespace, name),
    scale: (kind, namespace, name, replicas) => cluster.scale(kind, namespace, name, replicas),
    step: () => cluster.world.engine.step(),
    exec: (namespace, pod, _container, words): Output => cluster.exec(`${namespace}/${pod}`, words),
  };
}

