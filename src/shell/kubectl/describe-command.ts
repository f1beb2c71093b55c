/** `kubectl describe`. Read first: kubectl pkg/cmd/describe/describe.go. */
import type { ConfigMap, DaemonSet, Deployment, EndpointSlice, Ingress, Job, Kind, KubeObject, Namespace, NetworkPolicy, Node, Pod, ReplicaSet, Secret, Service, StatefulSet } from "../../api/index.js";
import { notFoundWords } from "../../api/index.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { describeConfigMap, describeNamespace, describeSecret } from "./describe/data.js";
import { describeEndpointSlice } from "./describe/endpoint-slice.js";
import { describeIngress } from "./describe/ingress.js";
import { describeNetworkPolicy } from "./describe/network-policy.js";
import { describeNode } from "./describe/node.js";
import { describePod } from "./describe/pod.js";
import { describeService } from "./describe/service.js";
import { describeDaemonSet, describeDeployment, describeJob, describeReplicaSet, describeStatefulSet } from "./describe/workload.js";
import { namespaceOf, objectsOf, pick } from "./pick.js";
import { wantedOf } from "./resources.js";
import type { KubectlSource } from "./source.js";

type Describe = (object: never, source: KubectlSource) => string;

const DESCRIBERS: Readonly<Partial<Record<Kind, Describe>>> = Object.freeze({
  Pod: (pod: Pod, source) => describePod(pod, source),
  Service: (service: Service, source) => describeService(service, source),
  NetworkPolicy: (policy: NetworkPolicy) => describeNetworkPolicy(policy),
  Ingress: (ingress: Ingress, source) => describeIngress(ingress, source),
  Node: (node: Node, source) => describeNode(node, source),
  EndpointSlice: (slice: EndpointSlice, source) => describeEndpointSlice(slice, source),
  Deployment: (deployment: Deployment, source) => describeDeployment(deployment, source),
  ReplicaSet: (set: ReplicaSet, source) => describeReplicaSet(set, source),
  DaemonSet: (daemons: DaemonSet, source) => describeDaemonSet(daemons, source),
  StatefulSet: (set: StatefulSet, source) => describeStatefulSet(set, source),
  Job: (job: Job, source) => describeJob(job, source),
  ConfigMap: (map: ConfigMap, source) => describeConfigMap(map, source),
  Secret: (secret: Secret) => describeSecret(secret),
  Namespace: (namespace: Namespace) => describeNamespace(namespace),
} satisfies Partial<Record<Kind, Describe>>);

/** The page of one object. */
export function describeObject(object: KubeObject, source: KubectlSource): string {
  const describe = DESCRIBERS[object.kind] as ((object: KubeObject, source: KubectlSource) => string) | undefined;
  if (describe === undefined) throw new NotModelled(`kubectl describe ${object.kind.toLowerCase()}`);
  return describe(object, source);
}

export function describeCommand(line: CommandLine, source: KubectlSource): Output {
  if (line.args.length === 0) throw new Ended(1, 'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.');
  const wanted = wantedOf(line.args);
  const quiet = line.flag("show-events") === "false" ? { ...bound(source), events: () => [] } : source;
  if (wanted.every(({ names }) => names === null)) {
    const { picked } = pick(line, source);
    const pages = picked.flatMap(({ objects }) => objects.map((object) => describeObject(object, quiet)));
    if (pages.length > 0) return said(pages.join("\n\n"));
    const namespace = namespaceOf(line);
    return said(namespace !== "" && picked.every(({ info }) => info.namespaced) ? `No resources found in ${namespace} namespace.\n` : "No resources found\n");
  }
  const faults: string[] = [];
  const pages = wanted.flatMap(({ info, names }) =>
    (names ?? []).flatMap((name) => {
      const all = objectsOf(source, info, namespaceOf(line));
      const exact = all.filter((object) => object.metadata.name === name);
      const found = exact.length > 0 ? exact : all.filter((object) => object.metadata.name.startsWith(name));
      if (found.length === 0) faults.push(`Error from server (NotFound): ${notFoundWords(info, name)}\n`);
      return found.map((object) => describeObject(object, quiet));
    }),
  );
  const text = pages.join("\n\n") + faults.join("");
  return faults.length > 0 ? failed(1, text) : said(text);
}

function bound(source: KubectlSource): KubectlSource {
  return { now: () => source.now(), list: (kind, namespace) => source.list(kind, namespace), get: (kind, namespace, name) => source.get(kind, namespace, name), events: () => source.events() };
}
