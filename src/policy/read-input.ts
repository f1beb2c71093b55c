/* From manifests to policy input: pods, templates without pods, namespaces, nodes, policies. */
import type { Located } from "../api/index.js";
import type { NamespaceInput, NodeInput, PodInput, PolicyInput, PolicySource } from "./input.js";
import { podInput, templateInput } from "./pod-input.js";
import { namespaceOf, Owners, templateOf } from "./workloads.js";

/** Objects that policy does not look at are passed over. A workload's template counts only where none of its pods is written. */
export function readPolicyInput(objects: readonly Located[]): PolicyInput {
  const owners = new Owners(objects);
  const pods: PodInput[] = [];
  const namespaces: NamespaceInput[] = [];
  const nodes: NodeInput[] = [];
  const policies: PolicySource[] = [];
  const manned = new Set<string>();
  for (const { object, source } of objects) {
    switch (object.kind) {
      case "Pod": {
        const workload = object.metadata.ownerReferences === undefined ? "" : owners.workloadOf(object);
        if (owners.size > 0 && workload !== "") manned.add(workload);
        pods.push(podInput(object, workload, source));
        break;
      }
      case "Namespace":
        namespaces.push({ name: object.metadata.name, labels: object.metadata.labels ?? {}, source });
        break;
      case "Node": {
        const ips = (object.status?.addresses ?? []).map((each) => each.address);
        nodes.push({ name: object.metadata.name, labels: object.metadata.labels ?? {}, ips, source });
        break;
      }
      case "NetworkPolicy":
      case "AdminNetworkPolicy":
      case "BaselineAdminNetworkPolicy":
      case "ClusterNetworkPolicy":
        policies.push({ object, source });
        break;
      default:
    }
  }
  if (owners.size === 0) return { pods, namespaces, nodes, policies };
  for (const { object, source } of objects) {
    const template = templateOf(object);
    if (template === null) continue;
    const id = `${namespaceOf(object)}/${object.metadata.name}[${object.kind}]`;
    if (owners.workloadOf(object) !== id || manned.has(id)) continue;
    pods.push(templateInput(namespaceOf(object), object.metadata.name, object.kind, template, source));
  }
  return { pods, namespaces, nodes, policies };
}
