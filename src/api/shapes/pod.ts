import { conditions, labelSelector, stringMap, templateMeta } from "./meta.js";
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

export const protocol: Shape = named("v1.Protocol");

const containerPort: Shape = record(
  "v1.ContainerPort",
  { name: text, containerPort: int32, protocol, hostPort: int32, hostIP: text },
  "containerPort",
);

const httpGet: Shape = record(
  "v1.HTTPGetAction",
  {
    path: text,
    port: intOrString,
    host: text,
    scheme: named("v1.URIScheme"),
    httpHeaders: list(record("v1.HTTPHeader", { name: text, value: text }, "name", "value")),
  },
  "port",
);
const tcpSocket: Shape = record("v1.TCPSocketAction", { port: intOrString, host: text }, "port");
const exec: Shape = record("v1.ExecAction", { command: list(text) });

const probe: Shape = record("v1.Probe", {
  httpGet,
  tcpSocket,
  exec,
  grpc: record("v1.GRPCAction", { port: int32, service: text }, "port"),
  initialDelaySeconds: int32,
  timeoutSeconds: int32,
  periodSeconds: int32,
  successThreshold: int32,
  failureThreshold: int32,
  terminationGracePeriodSeconds: int64,
});

const handler: Shape = record("v1.LifecycleHandler", {
  exec,
  httpGet,
  tcpSocket,
  sleep: record("v1.SleepAction", { seconds: int64 }, "seconds"),
});

const containerFields = {
  name: text,
  image: text,
  imagePullPolicy: named("v1.PullPolicy"),
  command: list(text),
  args: list(text),
  workingDir: text,
  ports: list(containerPort),
  env: list(record("v1.EnvVar", { name: text, value: text, valueFrom: any }, "name")),
  envFrom: any,
  resources: record("v1.ResourceRequirements", { requests: map(quantity), limits: map(quantity), claims: any }),
  resizePolicy: any,
  volumeMounts: any,
  volumeDevices: any,
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: record("v1.Lifecycle", { postStart: handler, preStop: handler, stopSignal: text }),
  restartPolicy: named("v1.ContainerRestartPolicy"),
  restartPolicyRules: any,
  securityContext: any,
  stdin: bool,
  stdinOnce: bool,
  tty: bool,
  terminationMessagePath: text,
  terminationMessagePolicy: named("v1.TerminationMessagePolicy"),
};
const container: Shape = record("v1.Container", containerFields, "name");

const nodeRequirement: Shape = record(
  "v1.NodeSelectorRequirement",
  { key: text, operator: named("v1.NodeSelectorOperator"), values: list(text) },
  "key",
  "operator",
);
const nodeTerm: Shape = record("v1.NodeSelectorTerm", {
  matchExpressions: list(nodeRequirement),
  matchFields: list(nodeRequirement),
});
const podAffinityTerm: Shape = record(
  "v1.PodAffinityTerm",
  {
    labelSelector,
    namespaces: list(text),
    namespaceSelector: labelSelector,
    topologyKey: text,
    matchLabelKeys: list(text),
    mismatchLabelKeys: list(text),
  },
  "topologyKey",
);
const podAffinity = (go: string): Shape =>
  record(go, {
    requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      record("v1.WeightedPodAffinityTerm", { weight: int32, podAffinityTerm }, "weight", "podAffinityTerm"),
    ),
  });

const affinity: Shape = record("v1.Affinity", {
  nodeAffinity: record("v1.NodeAffinity", {
    requiredDuringSchedulingIgnoredDuringExecution: record(
      "v1.NodeSelector",
      { nodeSelectorTerms: list(nodeTerm) },
      "nodeSelectorTerms",
    ),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      record("v1.PreferredSchedulingTerm", { weight: int32, preference: nodeTerm }, "weight", "preference"),
    ),
  }),
  podAffinity: podAffinity("v1.PodAffinity"),
  podAntiAffinity: podAffinity("v1.PodAntiAffinity"),
});

const scheduling = {
  nodeName: text,
  nodeSelector: stringMap,
  affinity,
  tolerations: list(
    record("v1.Toleration", {
      key: text,
      operator: named("v1.TolerationOperator"),
      value: text,
      effect: named("v1.TaintEffect"),
      tolerationSeconds: int64,
    }),
  ),
  topologySpreadConstraints: list(
    record(
      "v1.TopologySpreadConstraint",
      {
        maxSkew: int32,
        topologyKey: text,
        whenUnsatisfiable: named("v1.UnsatisfiableConstraintAction"),
        labelSelector,
        minDomains: int32,
        nodeAffinityPolicy: named("v1.NodeInclusionPolicy"),
        nodeTaintsPolicy: named("v1.NodeInclusionPolicy"),
        matchLabelKeys: list(text),
      },
      "maxSkew",
      "topologyKey",
      "whenUnsatisfiable",
    ),
  ),
  schedulerName: text,
  schedulingGates: list(record("v1.PodSchedulingGate", { name: text }, "name")),
  priority: int32,
  priorityClassName: text,
  preemptionPolicy: named("v1.PreemptionPolicy"),
};

const naming = {
  dnsPolicy: named("v1.DNSPolicy"),
  dnsConfig: record("v1.PodDNSConfig", {
    nameservers: list(text),
    searches: list(text),
    options: list(record("v1.PodDNSConfigOption", { name: text, value: text })),
  }),
  hostNetwork: bool,
  hostname: text,
  hostnameOverride: text,
  subdomain: text,
  setHostnameAsFQDN: bool,
  hostAliases: list(record("v1.HostAlias", { ip: text, hostnames: list(text) }, "ip")),
};

export const podSpec: Shape = record(
  "v1.PodSpec",
  {
    containers: list(container),
    initContainers: list(container),
    ephemeralContainers: any,
    restartPolicy: named("v1.RestartPolicy"),
    terminationGracePeriodSeconds: int64,
    activeDeadlineSeconds: int64,
    ...naming,
    hostPID: bool,
    hostIPC: bool,
    hostUsers: bool,
    shareProcessNamespace: bool,
    ...scheduling,
    serviceAccountName: text,
    serviceAccount: text,
    automountServiceAccountToken: bool,
    enableServiceLinks: bool,
    runtimeClassName: text,
    readinessGates: list(record("v1.PodReadinessGate", { conditionType: text }, "conditionType")),
    imagePullSecrets: any,
    overhead: any,
    os: any,
    resources: any,
    resourceClaims: any,
    securityContext: any,
    volumes: any,
    schedulingGroup: any,
  },
  "containers",
);

export const podTemplate: Shape = record("v1.PodTemplateSpec", { metadata: templateMeta, spec: podSpec }, "spec");

const containerState: Shape = record("v1.ContainerState", {
  running: record("v1.ContainerStateRunning", { startedAt: time }),
  waiting: record("v1.ContainerStateWaiting", { reason: text, message: text }),
  terminated: record(
    "v1.ContainerStateTerminated",
    { exitCode: int32, signal: int32, reason: text, message: text, startedAt: time, finishedAt: time, containerID: text },
    "exitCode",
  ),
});
const containerStatuses: Shape = list(
  record(
    "v1.ContainerStatus",
    {
      name: text,
      ready: bool,
      restartCount: int32,
      image: text,
      imageID: text,
      containerID: text,
      started: bool,
      state: containerState,
      lastState: containerState,
    },
    "name",
    "ready",
    "restartCount",
    "image",
    "imageID",
  ),
);

export const podStatus: Shape = loose(
  record("v1.PodStatus", {
    phase: text,
    reason: text,
    message: text,
    conditions,
    hostIP: text,
    hostIPs: list(record("v1.HostIP", { ip: text }, "ip")),
    podIP: text,
    podIPs: list(record("v1.PodIP", { ip: text }, "ip")),
    nominatedNodeName: text,
    qosClass: text,
    startTime: time,
    containerStatuses,
    initContainerStatuses: containerStatuses,
    ephemeralContainerStatuses: any,
  }),
);
