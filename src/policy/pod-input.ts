/* One pod, or one pod template, as policy sees it. */
import type { ContainerPort, Labels, Pod, PodSpec, PodStatus, PodTemplateSpec, Protocol, SourceRef } from "../api/index.js";
import type { PodInput, PodPort } from "./input.js";

const none: readonly never[] = Object.freeze([]);
const noLabels: Labels = Object.freeze({});

/** A live or written pod; `workload` is the id of its top controller (`ns/name[Kind]`), empty when it is its own. */
export function podInput(pod: Pod, workload: string, source: SourceRef | null = null): PodInput {
  const { metadata, spec, status } = pod;
  return {
    namespace: metadata.namespace ?? "default",
    name: metadata.name,
    labels: metadata.labels ?? noLabels,
    workload,
    template: false,
    owned: metadata.ownerReferences !== undefined && metadata.ownerReferences.length > 0,
    ips: status === undefined ? none : podIps(status),
    node: spec.nodeName ?? "",
    hostNetwork: spec.hostNetwork === true,
    phase: readPhase(status?.phase),
    ports: podPorts(spec),
    ...(spec.serviceAccountName === undefined ? {} : { serviceAccount: spec.serviceAccountName }),
    source,
  };
}

/** The pod that a workload would make: running, without address or node. */
export function templateInput(
  namespace: string,
  name: string,
  kind: string,
  template: PodTemplateSpec,
  source: SourceRef | null = null,
): PodInput {
  return {
    namespace,
    name,
    labels: template.metadata?.labels ?? {},
    workload: `${namespace}/${name}[${kind}]`,
    template: true,
    owned: true,
    ips: [],
    node: template.spec.nodeName ?? "",
    hostNetwork: template.spec.hostNetwork === true,
    phase: "",
    ports: podPorts(template.spec),
    source,
  };
}

function podPorts(spec: PodSpec): readonly PodPort[] {
  let ports: PodPort[] | null = null;
  const { containers, initContainers } = spec;
  for (let i = 0; i < containers.length; i++) {
    const declared = containers[i]!.ports;
    if (declared !== undefined) for (const port of declared) (ports ??= []).push(readPort(port));
  }
  if (initContainers === undefined) return ports ?? none;
  for (const container of initContainers) {
    if (container.restartPolicy !== "Always") continue;
    for (const port of container.ports ?? none) (ports ??= []).push({ ...readPort(port), sidecar: true });
  }
  return ports ?? none;
}

function podIps(status: PodStatus): readonly string[] {
  const ips = (status.podIPs ?? none).map((each) => each.ip);
  const first = status.podIP;
  if (first !== undefined && first !== "" && !ips.includes(first)) ips.unshift(first);
  return ips;
}

function readPort(port: ContainerPort): PodPort {
  return { name: port.name ?? "", protocol: readProtocol(port.protocol), number: port.containerPort };
}

function readProtocol(text: string | undefined): Protocol {
  return text === "UDP" || text === "SCTP" ? text : "TCP";
}

function readPhase(text: string | undefined): PodInput["phase"] {
  switch (text) {
    case "Pending":
    case "Running":
    case "Succeeded":
    case "Failed":
    case "Unknown":
      return text;
    default:
      return "";
  }
}
