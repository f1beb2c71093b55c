import { conditions, metaConditions, objectReference, stringMap } from "./meta.js";
import { podTemplate, protocol } from "./pod.js";
import {
  any,
  bool,
  int32,
  int64,
  intOrString,
  list,
  loose,
  map,
  named,
  quantity,
  record,
  text,
  time,
  type Shape,
} from "./shape.js";

type Fields = Readonly<Record<string, Shape>>;

export const namespaceFields: Fields = {
  spec: record("v1.NamespaceSpec", { finalizers: list(named("v1.FinalizerName")) }),
  status: loose(record("v1.NamespaceStatus", { phase: text, conditions })),
};

const nodeInfoTexts = [
  "machineID",
  "systemUUID",
  "bootID",
  "kernelVersion",
  "osImage",
  "containerRuntimeVersion",
  "kubeletVersion",
  "kubeProxyVersion",
  "operatingSystem",
  "architecture",
];

export const nodeFields: Fields = {
  spec: record("v1.NodeSpec", {
    podCIDR: text,
    podCIDRs: list(text),
    providerID: text,
    unschedulable: bool,
    taints: list(
      record("v1.Taint", { key: text, value: text, effect: named("v1.TaintEffect"), timeAdded: time }, "key", "effect"),
    ),
    externalID: text,
    configSource: any,
  }),
  status: loose(
    record("v1.NodeStatus", {
      addresses: list(record("v1.NodeAddress", { type: text, address: text }, "type", "address")),
      conditions,
      capacity: map(quantity),
      allocatable: map(quantity),
      nodeInfo: record(
        "v1.NodeSystemInfo",
        Object.fromEntries(nodeInfoTexts.map((name) => [name, text])),
        ...nodeInfoTexts,
      ),
      phase: text,
      images: any,
      daemonEndpoints: any,
    }),
  ),
};

const servicePort: Shape = record(
  "v1.ServicePort",
  { name: text, protocol, port: int32, targetPort: intOrString, nodePort: int32, appProtocol: text },
  "port",
);

export const serviceFields: Fields = {
  spec: record("v1.ServiceSpec", {
    type: named("v1.ServiceType"),
    selector: stringMap,
    ports: list(servicePort),
    clusterIP: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    ipFamilies: list(named("v1.IPFamily")),
    ipFamilyPolicy: named("v1.IPFamilyPolicy"),
    sessionAffinity: named("v1.ServiceAffinity"),
    sessionAffinityConfig: record("v1.SessionAffinityConfig", {
      clientIP: record("v1.ClientIPConfig", { timeoutSeconds: int32 }),
    }),
    externalName: text,
    externalTrafficPolicy: named("v1.ServiceExternalTrafficPolicy"),
    internalTrafficPolicy: named("v1.ServiceInternalTrafficPolicy"),
    healthCheckNodePort: int32,
    publishNotReadyAddresses: bool,
    loadBalancerIP: text,
    loadBalancerClass: text,
    loadBalancerSourceRanges: list(text),
    allocateLoadBalancerNodePorts: bool,
    trafficDistribution: text,
  }),
  status: loose(
    record("v1.ServiceStatus", {
      loadBalancer: record("v1.LoadBalancerStatus", {
        ingress: list(record("v1.LoadBalancerIngress", { ip: text, hostname: text, ipMode: text, ports: any })),
      }),
      conditions: metaConditions,
    }),
  ),
};

const endpointAddresses: Shape = list(
  record("v1.EndpointAddress", { ip: text, hostname: text, nodeName: text, targetRef: objectReference }, "ip"),
);

export const endpointsFields: Fields = {
  subsets: list(
    record("v1.EndpointSubset", {
      addresses: endpointAddresses,
      notReadyAddresses: endpointAddresses,
      ports: list(record("v1.EndpointPort", { name: text, port: int32, protocol, appProtocol: text }, "port")),
    }),
  ),
};

export const replicationControllerFields: Fields = {
  spec: record("v1.ReplicationControllerSpec", {
    replicas: int32,
    minReadySeconds: int32,
    selector: stringMap,
    template: podTemplate,
  }),
  status: loose(
    record(
      "v1.ReplicationControllerStatus",
      {
        replicas: int32,
        readyReplicas: int32,
        availableReplicas: int32,
        fullyLabeledReplicas: int32,
        observedGeneration: int64,
        conditions,
      },
      "replicas",
    ),
  ),
};

const bytes: Shape = map(named("[]uint8"));

export const configMapFields: Fields = { data: stringMap, binaryData: bytes, immutable: bool };
export const secretFields: Fields = { type: named("v1.SecretType"), data: bytes, stringData: stringMap, immutable: bool };
export const serviceAccountFields: Fields = { automountServiceAccountToken: bool, imagePullSecrets: any, secrets: any };

export const eventFields: Fields = {
  involvedObject: objectReference,
  reason: text,
  message: text,
  type: text,
  count: int32,
  source: record("v1.EventSource", { component: text, host: text }),
  firstTimestamp: time,
  lastTimestamp: time,
  eventTime: time,
  series: record("v1.EventSeries", { count: int32, lastObservedTime: time }),
  action: text,
  related: objectReference,
  reportingComponent: text,
  reportingInstance: text,
};

export const leaseFields: Fields = {
  spec: record("v1.LeaseSpec", {
    holderIdentity: text,
    leaseDurationSeconds: int32,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: int32,
    preferredHolder: text,
    strategy: text,
  }),
};
