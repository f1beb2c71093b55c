/** Columns of nodes, namespaces, pods, and what holds no traffic. Read first: kubernetes pkg/printers/internalversion/printers.go. */
import type { ConfigMap, Lease, Namespace, Node, Pod, Secret, ServiceAccount } from "../../../api/index.js";
import { ageText } from "../output/time.js";
import { podStatus } from "./pod-status.js";
import type { TableKind } from "./table.js";

const ROLE_PREFIX = "node-role.kubernetes.io/";

/** Roles of a node by its labels, sorted; `<none>` without. */
export function nodeRoles(node: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === "kubernetes.io/role" && value !== "") roles.add(value);
  }
  return roles.size === 0 ? "<none>" : [...roles].sort((a, b) => (a < b ? -1 : 1)).join(",");
}

function nodeStatus(node: Node): string {
  const ready = node.status?.conditions?.find((c) => c.type === "Ready");
  const word = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec?.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

const orWord = (text: string | undefined, word: string): string => (text === undefined || text === "" ? word : text);

export const nodeTable: TableKind<Node> = {
  columns: ["Name", "Status", "Roles", "Age", "Version"],
  wide: ["Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"],
  cells(node, { now }) {
    const { nodeInfo, addresses = [] } = node.status ?? {};
    const address = (type: string): string => addresses.find((a) => a.type === type)?.address ?? "<none>";
    return [
      node.metadata.name,
      nodeStatus(node),
      nodeRoles(node),
      ageText(now, node.metadata.creationTimestamp),
      nodeInfo?.kubeletVersion ?? "",
      address("InternalIP"),
      address("ExternalIP"),
      orWord(nodeInfo?.osImage, "<unknown>"),
      orWord(nodeInfo?.kernelVersion, "<unknown>"),
      orWord(nodeInfo?.containerRuntimeVersion, "<unknown>"),
    ];
  },
};

export const namespaceTable: TableKind<Namespace> = {
  columns: ["Name", "Status", "Age"],
  cells: (namespace, { now }) => [namespace.metadata.name, namespace.status?.phase ?? "", ageText(now, namespace.metadata.creationTimestamp)],
};

export const podTable: TableKind<Pod> = {
  columns: ["Name", "Ready", "Status", "Restarts", "Age"],
  wide: ["IP", "Node", "Nominated Node", "Readiness Gates"],
  cells(pod, { now }) {
    const { ready, status, restarts } = podStatus(pod, now);
    const gates = pod.spec.readinessGates ?? [];
    const open = gates.filter((gate) => (pod.status?.conditions ?? []).some((c) => c.type === gate.conditionType && c.status === "True")).length;
    return [
      pod.metadata.name,
      ready,
      status,
      restarts,
      ageText(now, pod.metadata.creationTimestamp),
      orWord(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP, "<none>"),
      orWord(pod.spec.nodeName, "<none>"),
      orWord(pod.status?.nominatedNodeName, "<none>"),
      gates.length === 0 ? "<none>" : `${open}/${gates.length}`,
    ];
  },
};

export const configMapTable: TableKind<ConfigMap> = {
  columns: ["Name", "Data", "Age"],
  cells: (map, { now }) => [map.metadata.name, String(Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length), ageText(now, map.metadata.creationTimestamp)],
};

export const secretTable: TableKind<Secret> = {
  columns: ["Name", "Type", "Data", "Age"],
  cells: (secret, { now }) => [secret.metadata.name, secret.type ?? "Opaque", String(Object.keys(secret.data ?? {}).length), ageText(now, secret.metadata.creationTimestamp)],
};

export const serviceAccountTable: TableKind<ServiceAccount> = {
  columns: ["Name", "Secrets", "Age"],
  cells: (account, { now }) => [account.metadata.name, String(Array.isArray(account.secrets) ? account.secrets.length : 0), ageText(now, account.metadata.creationTimestamp)],
};

export const leaseTable: TableKind<Lease> = {
  columns: ["Name", "Holder", "Age"],
  cells: (lease, { now }) => [lease.metadata.name, lease.spec?.holderIdentity ?? "", ageText(now, lease.metadata.creationTimestamp)],
};
