/** Which endpoints a Service has: its pods by selector, with ports resolved pod by pod. Read first: kubernetes endpointslice `utils.go`. */
import { type Endpoint, type EndpointPort, matchesLabels, type Pod, type Service, type ServicePort } from "../api/index.js";
import type { Plane } from "./plane.js";
import { isFinished, isReady, isTerminating } from "./pod-state.js";
import { keyOf } from "./store.js";

/** Endpoints that share an address type and a list of ports, by pod; pods in the order of their keys. */
export interface EndpointGroup {
  readonly addressType: string;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

export function groupKey(addressType: string, ports: readonly EndpointPort[]): string {
  const words = ports.map(({ name = "", port = 0, protocol = "TCP", appProtocol = "" }) => `${name}/${port}/${protocol}/${appProtocol}`);
  return [addressType, ...words.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))].join(" ");
}

/** The pods that a Service's selector picks, in the order of their keys. */
export function podsOf(p: Plane, service: Service): readonly Pod[] {
  const { namespace = "" } = service.metadata;
  const selector = service.spec.selector ?? {};
  const keys = [...p.indexes.podLabels.candidates(namespace, selector)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return keys.flatMap((key) => {
    const pod = p.store.get("Pod", key);
    return pod !== undefined && matchesLabels(selector, pod.metadata.labels) ? [pod] : [];
  });
}

/** Every group of a Service, by its key. */
export function endpointGroups(p: Plane, service: Service): ReadonlyMap<string, EndpointGroup> {
  const groups = new Map<string, EndpointGroup & { endpoints: Map<string, Endpoint> }>();
  const families = service.spec.ipFamilies ?? ["IPv4"];
  for (const pod of podsOf(p, service)) {
    if (isFinished(pod)) continue;
    const ports = (service.spec.ports ?? []).flatMap((port) => resolvePort(port, pod));
    for (const addressType of families) {
      const address = addressOf(pod, addressType);
      if (address === undefined) continue;
      const key = groupKey(addressType, ports);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = { addressType, ports, endpoints: new Map() }));
      group.endpoints.set(keyOf(pod), endpointOf(p, service, pod, address));
    }
  }
  return groups;
}

function addressOf(pod: Pod, addressType: string): string | undefined {
  const ips = pod.status?.podIPs?.map((each) => each.ip) ?? (pod.status?.podIP === undefined ? [] : [pod.status.podIP]);
  // What a pod was given is an address: a colon tells its family.
  return ips.find((ip) => ip.includes(":") === (addressType === "IPv6"));
}

/** The port as this pod serves it; none if its target port is a name that no container gives a port of that protocol. */
function resolvePort(port: ServicePort, pod: Pod): readonly EndpointPort[] {
  const { name = "", protocol = "TCP", appProtocol, targetPort = port.port } = port;
  const app = appProtocol === undefined ? {} : { appProtocol };
  if (typeof targetPort === "number") return [{ name, protocol, port: targetPort, ...app }];
  const sidecars = (pod.spec.initContainers ?? []).filter((each) => each.restartPolicy === "Always");
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = container.ports?.find((each) => each.name === targetPort && (each.protocol ?? "TCP") === protocol);
    if (found !== undefined) return [{ name, protocol, port: found.containerPort, ...app }];
  }
  return [];
}

function endpointOf(p: Plane, service: Service, pod: Pod, address: string): Endpoint {
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const { namespace = "", name, uid = "" } = pod.metadata;
  const { nodeName, hostname, subdomain } = pod.spec;
  const zone = nodeName === undefined ? undefined : p.store.get("Node", nodeName)?.metadata.labels?.["topology.kubernetes.io/zone"];
  const named = hostname !== undefined && subdomain === service.metadata.name;
  return {
    addresses: [address],
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(named ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
