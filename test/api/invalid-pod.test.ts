import { describe } from "vitest";
import { dnsLabel, dnsSubdomain, indent, ipText, labelKey, labelValue, manifest, portRange, type Row, testRows } from "./marked.js";

const pod = (spec: string, metadata = "name: a"): string => manifest("v1", "Pod", spec, metadata);
const one = "containers: [{name: c, image: i}]";
const container = (fields: string): string => pod(`containers:\n- name: c\n  image: i\n${indent(fields, 2)}`);
const ports = (list: string): string => container(`ports:\n${list}`);
const selectorOperator = "not a valid selector operator";

// control-plane.md, section 1.5 "Pod"; k8s.io/kubernetes pkg/apis/core/validation for what it does not list
const rows: readonly Row[] = [
  ["no containers", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n@@spec: {}\n", "spec.containers: Required value"],
  ["container port 0", ports("- @@containerPort: 0"), "spec.containers[0].ports[0].containerPort: Required value"],
  ["container port too high", ports("- @@containerPort: 65536"), `spec.containers[0].ports[0].containerPort: Invalid value: 65536: ${portRange}`],
  ["host port too high", ports("- containerPort: 80\n  @@hostPort: 65536"), `spec.containers[0].ports[0].hostPort: Invalid value: 65536: ${portRange}`],
  ["protocol", ports("- containerPort: 80\n  @@protocol: HTTP"), 'spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'],
  ["port name in upper case", ports("- containerPort: 80\n  @@name: Web"), 'spec.containers[0].ports[0].name: Invalid value: "Web": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'],
  ["repeated port name", ports("- {name: http, containerPort: 80}\n- {@@name: http, containerPort: 81}"), 'spec.containers[0].ports[1].name: Duplicate value: "http"'],
  ["host port taken twice", pod("containers:\n- {name: a, image: i, ports: [{containerPort: 80, hostPort: 8080}]}\n- {name: b, image: i, ports: [{containerPort: 81, @@hostPort: 8080}]}"), 'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//8080"'],
  ["host network and another host port", pod("hostNetwork: true\ncontainers:\n- {name: a, image: i, ports: [{containerPort: 80, @@hostPort: 8080}]}"), "spec.containers[0].ports[0].hostPort: Invalid value: 8080: must match `containerPort` when `hostNetwork` is true"],
  ["container name missing", pod("containers:\n- @@image: i"), "spec.containers[0].name: Required value"],
  ["container name", pod("containers:\n- image: i\n  @@name: C_1"), `spec.containers[0].name: Invalid value: "C_1": ${dnsLabel}`],
  ["repeated container name", pod("containers:\n- {name: c, image: i}\n- {@@name: c, image: i}"), 'spec.containers[1].name: Duplicate value: "c"'],
  ["init container with the same name", pod(`${one}\ninitContainers:\n- {@@name: c, image: i}`), 'spec.initContainers[0].name: Duplicate value: "c"'],
  ["image missing", pod("containers:\n- @@name: c"), "spec.containers[0].image: Required value"],
  ["pull policy", container("@@imagePullPolicy: Sometimes"), 'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'],
  ["restart policy of a container", container("@@restartPolicy: Always"), "spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers"],
  ["probe of an init container", pod(`${one}\ninitContainers:\n- name: i\n  image: i\n  @@readinessProbe: {tcpSocket: {port: 1}}`), "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"],
  ["probe without handler", container("@@livenessProbe: {periodSeconds: 1}"), "spec.containers[0].livenessProbe: Required value: must specify a handler type"],
  ["probe with two handlers", container("livenessProbe:\n  httpGet: {port: 80}\n  @@tcpSocket: {port: 80}"), "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
  ["probe port", container("readinessProbe:\n  httpGet:\n    @@port: 0"), `spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: ${portRange}`],
  ["probe scheme", container("readinessProbe:\n  httpGet:\n    port: 80\n    @@scheme: http"), 'spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: "http": supported values: "HTTP", "HTTPS"'],
  ["negative period", container("readinessProbe:\n  tcpSocket: {port: 80}\n  @@periodSeconds: -1"), "spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"],
  ["liveness needs one success", container("livenessProbe:\n  tcpSocket: {port: 80}\n  @@successThreshold: 2"), "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ["exec without command", container("livenessProbe:\n  @@exec: {}"), "spec.containers[0].livenessProbe.exec.command: Required value"],
  ["env name", container("env:\n- @@name: a=b"), "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='"],
  ["env value as a number", container("env:\n- name: A\n  @@value: 1"), "spec.containers[0].env[0].value: json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"],
  ["cpu that is no amount", container("resources:\n  limits:\n    @@cpu: lots"), "spec.containers[0].resources.limits[cpu]: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
  ["command as text", container("@@command: sleep 1"), "spec.containers[0].command: json: cannot unmarshal string into Go struct field Container.spec.containers.command of type []string"],
  ["host name", pod(`${one}\n@@hostname: a.b`), `spec.hostname: Invalid value: "a.b": ${dnsLabel}`],
  ["subdomain", pod(`${one}\n@@subdomain: A`), `spec.subdomain: Invalid value: "A": ${dnsLabel}`],
  ["node name", pod(`${one}\n@@nodeName: N_1`), `spec.nodeName: Invalid value: "N_1": ${dnsSubdomain}`],
  ["dns policy", pod(`${one}\n@@dnsPolicy: Cluster`), 'spec.dnsPolicy: Unsupported value: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'],
  ["dns policy None without config", `${pod(`${one}\ndnsPolicy: None`)}`.replace("spec:", "@@spec:"), "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
  ["dns policy None without servers", pod(`${one}\ndnsPolicy: None\n@@dnsConfig: {}`), "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"],
  ["four nameservers", pod(`${one}\ndnsConfig:\n  @@nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]`), 'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers'],
  ["nameserver", pod(`${one}\ndnsConfig:\n  nameservers:\n  - @@dns`), `spec.dnsConfig.nameservers[0]: Invalid value: "dns": ${ipText}`],
  ["search domain", pod(`${one}\ndnsConfig:\n  searches:\n  - @@a_b`), `spec.dnsConfig.searches[0]: Invalid value: "a_b": ${dnsSubdomain}`],
  ["restart policy", pod(`${one}\n@@restartPolicy: always`), 'spec.restartPolicy: Unsupported value: "always": supported values: "Always", "OnFailure", "Never"'],
  ["deadline", pod(`${one}\n@@activeDeadlineSeconds: 0`), "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
  ["host alias", pod(`${one}\nhostAliases:\n- @@ip: x`), `spec.hostAliases[0].ip: Invalid value: "x": ${ipText}`],
  ["node selector value", pod(`${one}\nnodeSelector:\n  @@a: b c`), `spec.nodeSelector: Invalid value: "b c": ${labelValue}`],
  ["toleration operator", pod(`${one}\ntolerations:\n- key: a\n  @@operator: In`), 'spec.tolerations[0].operator: Unsupported value: "In": supported values: "Equal", "Exists"'],
  ["toleration effect", pod(`${one}\ntolerations:\n- key: a\n  @@effect: Never`), 'spec.tolerations[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'],
  ["toleration without key", pod(`${one}\ntolerations:\n- @@operator: Equal`), 'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"'],
  ["toleration with value and Exists", pod(`${one}\ntolerations:\n- {key: a, @@operator: Exists, value: x}`), 'spec.tolerations[0].operator: Invalid value: {"Key":"a","Operator":"Exists","Value":"x","Effect":"","TolerationSeconds":null}: value must be empty when `operator` is \'Exists\''],
  ["toleration seconds", pod(`${one}\ntolerations:\n- {key: a, tolerationSeconds: 1, @@effect: NoSchedule}`), "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set"],
  ["max skew", pod(`${one}\ntopologySpreadConstraints:\n- {topologyKey: zone, whenUnsatisfiable: DoNotSchedule, @@maxSkew: 0}`), "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"],
  ["when unsatisfiable", pod(`${one}\ntopologySpreadConstraints:\n- {topologyKey: zone, maxSkew: 1, @@whenUnsatisfiable: Wait}`), 'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Wait": supported values: "DoNotSchedule", "ScheduleAnyway"'],
  ["node affinity operator", pod(`${one}\naffinity:\n  nodeAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n      nodeSelectorTerms:\n      - matchExpressions:\n        - {key: a, @@operator: Is}`), `spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Is": ${selectorOperator}`],
  ["no node terms", pod(`${one}\naffinity:\n  nodeAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n      @@nodeSelectorTerms: []`), "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term"],
  ["affinity without topology", pod(`${one}\naffinity:\n  podAntiAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n    - @@labelSelector: {}`), "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty"],
  ["affinity weight", pod(`${one}\naffinity:\n  podAffinity:\n    preferredDuringSchedulingIgnoredDuringExecution:\n    - @@weight: 101\n      podAffinityTerm: {topologyKey: zone}`), "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100"],
  ["pod name", pod(one, "@@name: A"), `metadata.name: Invalid value: "A": ${dnsSubdomain}`],
  ["generate name", pod(one, "@@generateName: Ab-"), `metadata.generateName: Invalid value: "Ab-": ${dnsSubdomain}`],
  ["annotation key", pod(one, "name: a\nannotations:\n  @@b c: x"), `metadata.annotations: Invalid value: "b c": ${labelKey}`],
  ["annotation as a boolean", pod(one, "name: a\nannotations:\n  @@b: true"), "metadata.annotations[b]: json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.annotations of type string"],
  ["time", pod(one, "name: a\n@@creationTimestamp: yesterday"), 'metadata.creationTimestamp: parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
  ["host network as text", pod(`${one}\n@@hostNetwork: "true"`), "spec.hostNetwork: json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool"],
];

describe("invalid Pods", () => {
  testRows(rows);
});
