import { describe } from "vitest";
import { indent, labelKey, manifest, portRange, type Row, testRows } from "./marked.js";

const template = "template:\n  metadata: {labels: {app: x}}\n  spec: {containers: [{name: c, image: i}]}";
const selector = "selector: {matchLabels: {app: x}}";
const body = `${selector}\n${template}`;
const mismatch = "`selector` does not match template `labels`";

const deploy = (spec: string): string => manifest("apps/v1", "Deployment", spec);
const stateful = (spec: string): string => manifest("apps/v1", "StatefulSet", spec);
const daemon = (spec: string): string => manifest("apps/v1", "DaemonSet", spec);
const job = (spec: string): string => manifest("batch/v1", "Job", spec);
const cron = (spec: string): string => manifest("batch/v1", "CronJob", spec);
const once = "template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}";
const jobTemplate = `jobTemplate:\n  spec:\n    ${once}`;

// control-plane.md, section 1.5 "Deployment"; k8s.io/kubernetes pkg/apis/apps and pkg/apis/batch validation
const rows: readonly Row[] = [
  ["no selector", `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n@@spec:\n${indent(template, 2)}\n`.replace("metadata: {labels", "metadata: {@@labels"), "spec.selector: Required value", `spec.template.metadata.labels: Invalid value: {"app":"x"}: ${mismatch}`],
  ["empty selector", deploy(`@@selector: {}\n${template}`), "spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ["selector differs", deploy(`selector: {matchLabels: {app: other}}\n${template}`.replace("metadata: {labels", "metadata: {@@labels")), `spec.template.metadata.labels: Invalid value: {"app":"x"}: ${mismatch}`],
  ["template without labels", deploy(`${selector}\ntemplate:\n  @@spec: {containers: [{name: c, image: i}]}`.replace("@@spec", "spec").replace("template:", "@@template:")), `spec.template.metadata.labels: Invalid value: null: ${mismatch}`],
  ["no surge and none unavailable", deploy(`${body}\nstrategy:\n  rollingUpdate:\n    maxSurge: 0\n    @@maxUnavailable: 0`), "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
  ["no surge and none unavailable in percent", deploy(`${body}\nstrategy:\n  rollingUpdate:\n    maxSurge: 0\n    @@maxUnavailable: 0%`), 'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ["percentage", deploy(`${body}\nstrategy:\n  rollingUpdate:\n    @@maxSurge: a lot`), "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"a lot\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"],
  ["more than all unavailable", deploy(`${body}\nstrategy:\n  rollingUpdate:\n    @@maxUnavailable: 101%`), 'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ["rolling update with Recreate", deploy(`${body}\nstrategy:\n  type: Recreate\n  @@rollingUpdate: {maxSurge: 1}`), "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ["strategy", deploy(`${body}\n@@strategy: {type: Blue}`), 'spec.strategy: Unsupported value: {"Type":"Blue","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"'],
  ["negative replicas", deploy(`${body}\n@@replicas: -1`), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
  ["replicas as text", deploy(`${body}\n@@replicas: "3"`), "spec.replicas: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"],
  ["deadline not after ready", deploy(`${body}\nminReadySeconds: 10\n@@progressDeadlineSeconds: 10`), "spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds"],
  ["restart policy", deploy(`${selector}\ntemplate:\n  metadata: {labels: {app: x}}\n  spec:\n    @@restartPolicy: Never\n    containers: [{name: c, image: i}]`), 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ["deadline of pods", deploy(`${selector}\ntemplate:\n  metadata: {labels: {app: x}}\n  spec:\n    @@activeDeadlineSeconds: 5\n    containers: [{name: c, image: i}]`), "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"],
  ["port in the template", deploy(`${selector}\ntemplate:\n  metadata: {labels: {app: x}}\n  spec:\n    containers:\n    - name: c\n      image: i\n      ports:\n      - @@containerPort: 99999`), `spec.template.spec.containers[0].ports[0].containerPort: Invalid value: 99999: ${portRange}`],
  ["template label value as a number", deploy(`${selector}\ntemplate:\n  metadata:\n    labels:\n      app: x\n      @@v: 1\n  spec: {containers: [{name: c, image: i}]}`), "spec.template.metadata.labels[v]: json: cannot unmarshal number into Go struct field ObjectMeta.spec.template.metadata.labels of type string"],
  ["template label key", deploy(`${selector}\ntemplate:\n  metadata:\n    labels:\n      app: x\n      @@a b: z\n  spec: {containers: [{name: c, image: i}]}`), `spec.template.labels: Invalid value: "a b": ${labelKey}`],
  ["selector operator", deploy(`selector:\n  matchLabels: {app: x}\n  matchExpressions:\n  - {key: app, @@operator: Is}\n${template}`.replace("metadata: {labels", "metadata: {@@labels")), 'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator', `spec.template.metadata.labels: Invalid value: {"app":"x"}: ${mismatch}`],
  ["ReplicaSet with an empty selector", manifest("apps/v1", "ReplicaSet", `@@selector: {}\n${template}`), "spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ["ReplicaSet with negative replicas", manifest("apps/v1", "ReplicaSet", `@@replicas: -2\n${body}`), "spec.replicas: Invalid value: -2: must be greater than or equal to 0"],
  ["StatefulSet management", stateful(`${body}\n@@podManagementPolicy: Fast`), "spec.podManagementPolicy: Invalid value: \"Fast\": must be 'OrderedReady' or 'Parallel'"],
  ["StatefulSet strategy", stateful(`${body}\n@@updateStrategy: {type: Fast}`), "spec.updateStrategy: Invalid value: {\"Type\":\"Fast\",\"RollingUpdate\":null}: must be 'RollingUpdate' or 'OnDelete'"],
  ["StatefulSet partition", stateful(`${body}\nupdateStrategy:\n  rollingUpdate:\n    @@partition: -1`), "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"],
  ["StatefulSet selector", stateful(`@@selector: {}\n${template}`), "spec.selector: Invalid value: {}: empty selector is invalid for statefulset"],
  ["DaemonSet selector", daemon(`@@selector: {}\n${template}`), "spec.selector: Invalid value: {}: empty selector is invalid for daemonset"],
  ["DaemonSet none unavailable", daemon(`${body}\nupdateStrategy:\n  rollingUpdate:\n    @@maxUnavailable: 0`), "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"],
  ["DaemonSet surge and unavailable", daemon(`${body}\nupdateStrategy:\n  rollingUpdate:\n    @@maxSurge: 1`), "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"],
  ["ReplicationController without template", "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\n@@spec: {selector: {app: x}}\n", "spec.template: Required value"],
  ["ReplicationController selector differs", manifest("v1", "ReplicationController", `selector: {app: other}\n${template}`.replace("metadata: {labels", "metadata: {@@labels")), `spec.template.metadata.labels: Invalid value: {"app":"x"}: ${mismatch}`],
  ["Job that restarts always", job("template:\n  @@spec: {containers: [{name: c, image: i}]}"), 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ["Job parallelism", job(`${once}\n@@parallelism: -1`), "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"],
  ["Job completion mode", job(`${once}\n@@completionMode: Any`), 'spec.completionMode: Unsupported value: "Any": supported values: "NonIndexed", "Indexed"'],
  ["Job indexed without completions", job(`${once}\nparallelism: 2\ncompletionMode: Indexed`).replace("spec:", "@@spec:"), "spec.completions: Required value: when completion mode is Indexed"],
  ["CronJob schedule missing", cron(jobTemplate).replace("spec:", "@@spec:"), "spec.schedule: Required value"],
  ["CronJob schedule with four fields", cron(`@@schedule: "* * * *"\n${jobTemplate}`), 'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]'],
  ["CronJob minute 60", cron(`@@schedule: "60 * * * *"\n${jobTemplate}`), 'spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60'],
  ["CronJob concurrency", cron(`schedule: "@hourly"\n@@concurrencyPolicy: Queue\n${jobTemplate}`), 'spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace"'],
];

describe("invalid workloads", () => {
  testRows(rows);
});
