/** When a pod is isolated by several policies, the walk's cause is the first by name; these are the others. */
import { matches, type NetworkPolicy, placeOf, type Pod } from "../api/index.js";
import { compareText } from "../base/names.js";
import type { Cluster } from "../cluster/cluster.js";
import type { CauseView, PathEnd } from "../observe/walk-record.js";
import type { Source } from "./target.js";

const PREFIX = "NetworkPolicy ";
const ISOLATING = "spec.podSelector";
/** Chains in which an enforcing dataplane judges what a pod sends. */
const EGRESS_CHAINS: readonly string[] = ["NETPOL-FROM-", "cali-fw-"];

function isolates(policy: NetworkPolicy, pod: Pod, direction: "Ingress" | "Egress"): boolean {
  if (policy.metadata.namespace !== pod.metadata.namespace) return false;
  return matches(policy.spec.podSelector ?? {}, pod.metadata.labels ?? {}) && (policy.spec.policyTypes ?? ["Ingress"]).includes(direction);
}

/** Causes of the other policies that isolate the pod in the direction in which the packet died; empty where that was not the reason. */
export function otherIsolators(cluster: Cluster, end: PathEnd, source: Source): CauseView[] {
  const cause = end.cause;
  if (cause === undefined || cause.path !== ISOLATING || !cause.object.startsWith(PREFIX)) return [];
  const first = cause.object.slice(PREFIX.length);
  const target = end.packet?.inner?.dst ?? end.packet?.dst;
  const receiver = cluster.objects("Pod").find((pod) => pod.status?.podIP === target);
  const named = cluster.objects("NetworkPolicy");
  const blamed = named.find((policy) => `${policy.metadata.namespace}/${policy.metadata.name}` === first);
  if (blamed === undefined) return [];
  const egress = source.pod !== undefined && EGRESS_CHAINS.some((prefix) => end.rule?.chain.startsWith(prefix) === true) && isolates(blamed, source.pod, "Egress");
  const [pod, direction] = egress ? ([source.pod, "Egress"] as const) : ([receiver, "Ingress"] as const);
  if (pod === undefined) return [];
  return named
    .filter((policy) => policy !== blamed && isolates(policy, pod, direction))
    .sort((a, b) => compareText(a.metadata.name, b.metadata.name))
    .map((policy) => {
      const object = `${PREFIX}${policy.metadata.namespace}/${policy.metadata.name}`;
      const where = cluster.control.sourceOf(object);
      return { object, path: ISOLATING, model: cause.model, ...(where === undefined || where.file === "" ? {} : { file: where.file, line: placeOf(where, ISOLATING)[0] }) };
    });
}
