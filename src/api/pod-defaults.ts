/* Defaults of a pod and of a pod template. Read first: k8s.io/kubernetes pkg/apis/core/v1/defaults.go. */
import type { Container, ContainerPort, HttpGetAction, LifecycleHandler, PodSpec, PodTemplateSpec, Probe } from "./pod.js";

/** A template's spec takes the same defaults as a pod's. */
export function templateWithDefaults(template: PodTemplateSpec): PodTemplateSpec {
  return { ...template, spec: podSpecWithDefaults(template.spec) };
}

export function podSpecWithDefaults(spec: PodSpec): PodSpec {
  const hostNetwork = spec.hostNetwork === true;
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return {
    ...spec,
    containers: spec.containers.map((each) => container(each, hostNetwork)),
    ...(spec.initContainers === undefined
      ? {}
      : { initContainers: spec.initContainers.map((each) => container(each, hostNetwork)) }),
    restartPolicy: spec.restartPolicy ?? "Always",
    dnsPolicy: spec.dnsPolicy ?? "ClusterFirst",
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    schedulerName: spec.schedulerName ?? "default-scheduler",
    enableServiceLinks: spec.enableServiceLinks ?? true,
    ...(account === undefined ? {} : { serviceAccountName: account, serviceAccount: account }),
  };
}

function container(of: Container, hostNetwork: boolean): Container {
  return {
    ...of,
    ...(of.ports === undefined ? {} : { ports: of.ports.map((port) => containerPort(port, hostNetwork)) }),
    ...(of.image === undefined ? {} : { imagePullPolicy: of.imagePullPolicy ?? pullPolicy(of.image) }),
    terminationMessagePath: of.terminationMessagePath ?? "/dev/termination-log",
    terminationMessagePolicy: of.terminationMessagePolicy ?? "File",
    ...(of.livenessProbe === undefined ? {} : { livenessProbe: probe(of.livenessProbe) }),
    ...(of.readinessProbe === undefined ? {} : { readinessProbe: probe(of.readinessProbe) }),
    ...(of.startupProbe === undefined ? {} : { startupProbe: probe(of.startupProbe) }),
    ...(of.lifecycle === undefined ? {} : { lifecycle: lifecycle(of.lifecycle) }),
  };
}

function containerPort(port: ContainerPort, hostNetwork: boolean): ContainerPort {
  const hostPort = hostNetwork && (port.hostPort ?? 0) === 0 ? port.containerPort : port.hostPort;
  return { ...port, protocol: port.protocol ?? "TCP", ...(hostPort === undefined ? {} : { hostPort }) };
}

/** `Always` for `:latest` and for no tag at all, else `IfNotPresent`. */
function pullPolicy(image: string): string {
  if (image.includes("@")) return "IfNotPresent";
  const colon = image.indexOf(":", image.lastIndexOf("/") + 1);
  const tag = colon < 0 ? "latest" : image.slice(colon + 1);
  return tag === "latest" ? "Always" : "IfNotPresent";
}

function probe(of: Probe): Probe {
  return {
    ...of,
    ...(of.httpGet === undefined ? {} : { httpGet: httpGet(of.httpGet) }),
    ...(of.grpc === undefined ? {} : { grpc: { ...of.grpc, service: of.grpc.service ?? "" } }),
    timeoutSeconds: orDefault(of.timeoutSeconds, 1),
    periodSeconds: orDefault(of.periodSeconds, 10),
    successThreshold: orDefault(of.successThreshold, 1),
    failureThreshold: orDefault(of.failureThreshold, 3),
  };
}

/** A zero counts as not written. */
function orDefault(value: number | undefined, otherwise: number): number {
  return value === undefined || value === 0 ? otherwise : value;
}

function httpGet(of: HttpGetAction): HttpGetAction {
  return {
    ...of,
    path: of.path === undefined || of.path === "" ? "/" : of.path,
    scheme: of.scheme === undefined || of.scheme === "" ? "HTTP" : of.scheme,
  };
}

function lifecycle(of: NonNullable<Container["lifecycle"]>): NonNullable<Container["lifecycle"]> {
  const handler = (each: LifecycleHandler): LifecycleHandler =>
    each.httpGet === undefined ? each : { ...each, httpGet: httpGet(each.httpGet) };
  return {
    ...of,
    ...(of.postStart === undefined ? {} : { postStart: handler(of.postStart) }),
    ...(of.preStop === undefined ? {} : { preStop: handler(of.preStop) }),
  };
}
