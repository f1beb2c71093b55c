/* Read first: k8s.io/kubernetes pkg/apis/core/validation/validation.go, `validateService`. Allocation is control's. */
import type { Service, ServicePort, ServiceSpec } from "../core.js";
import { dns1035LabelFaults, dnsLabelFaults, dnsSubdomainFaults, labelKeyFaults, portNumberFaults } from "../names.js";
import { checkCidr, checkEndpointIp, checkIp, warnIp } from "./addresses.js";
import type { Faults } from "./faults.js";
import { checkLabels, checkObjectMeta } from "./meta.js";
import { checkPortOrName, checkProtocol } from "./ports.js";
import { checkServiceIps, isHeadless } from "./service-ips.js";
import { parseIpText } from "../ip-text.js";

const sortedTypes = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"] as const;
const trafficPolicies = ["Cluster", "Local"] as const;
const longestAffinity = 86_400;
const onlyLoadBalancer = "may only be used when `type` is 'LoadBalancer'";
const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

export function checkService(faults: Faults, service: Service): void {
  const { metadata, spec } = service;
  checkObjectMeta(faults, metadata, true, dns1035LabelFaults);
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== "ExternalName") faults.required("spec.ports");
  checkType(faults, spec);
  checkPorts(faults, ports);
  checkLabels(faults, "spec.selector", spec.selector);
  checkAffinity(faults, spec);
  checkServiceIps(faults, spec);
  checkExternalIps(faults, spec);
  faults.oneOf("spec.type", spec.type, sortedTypes);
  checkNodePorts(faults, spec.type, ports);
  checkRepeatedPorts(faults, ports);
  checkSourceRanges(faults, service);
  checkLoadBalancer(faults, spec);
  checkTrafficPolicies(faults, spec);
}

function checkType(faults: Faults, spec: ServiceSpec): void {
  if (spec.type === "ExternalName") {
    const forbidden = "may not be set for ExternalName services";
    if ((spec.clusterIPs ?? []).length > 0) faults.forbidden("spec.clusterIPs", forbidden);
    if ((spec.ipFamilies ?? []).length > 0) faults.forbidden("spec.ipFamilies", forbidden);
    if (spec.ipFamilyPolicy !== undefined) faults.forbidden("spec.ipFamilyPolicy", forbidden);
    const name = (spec.externalName ?? "").replace(/\.$/, "");
    if (name === "") faults.required("spec.externalName");
    else faults.invalidEach("spec.externalName", name, dnsSubdomainFaults(name));
  } else if ((spec.type === "LoadBalancer" || spec.type === "NodePort") && isHeadless(spec)) {
    faults.invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${spec.type} services`);
  }
}

function checkPorts(faults: Faults, ports: readonly ServicePort[]): void {
  const names = new Set<string>();
  ports.forEach((port, index) => {
    const path = `spec.ports[${index}]`;
    const name = port.name ?? "";
    if (name !== "") {
      faults.invalidEach(`${path}.name`, name, dnsLabelFaults(name));
      if (names.has(name)) faults.duplicate(`${path}.name`, name);
      names.add(name);
    } else if (ports.length > 1) {
      faults.required(`${path}.name`);
    }
    faults.invalidEach(`${path}.port`, port.port, portNumberFaults(port.port));
    checkProtocol(faults, `${path}.protocol`, port.protocol);
    if (port.targetPort !== undefined && port.targetPort !== port.port) {
      checkPortOrName(faults, `${path}.targetPort`, port.targetPort);
    }
    if (port.appProtocol !== undefined) faults.invalidEach(`${path}.appProtocol`, port.appProtocol, labelKeyFaults(port.appProtocol));
  });
}

function checkAffinity(faults: Faults, spec: ServiceSpec): void {
  const path = "spec.sessionAffinityConfig";
  faults.oneOf("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]);
  if (spec.sessionAffinity === "None" && spec.sessionAffinityConfig !== undefined) {
    faults.forbidden(path, "must not be set when session affinity is None");
  }
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === "ClientIP" && seconds !== undefined && (seconds <= 0 || seconds > longestAffinity)) {
    faults.invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${longestAffinity}`);
  }
}

function checkExternalIps(faults: Faults, spec: ServiceSpec): void {
  (spec.externalIPs ?? []).forEach((text, index) => {
    const path = `spec.externalIPs[${index}]`;
    if (checkIp(faults, path, text) !== undefined) checkEndpointIp(faults, path, text);
  });
}

function checkNodePorts(faults: Faults, type: string | undefined, ports: readonly ServicePort[]): void {
  const used = new Set<string>();
  ports.forEach(({ protocol, nodePort = 0 }, index) => {
    const path = `spec.ports[${index}].nodePort`;
    if (nodePort === 0) return;
    if (type === "ClusterIP") faults.forbidden(path, "may not be used when `type` is 'ClusterIP'");
    const key = `${protocol}/${nodePort}`;
    if (used.has(key)) faults.duplicate(path, nodePort);
    used.add(key);
  });
}

function checkRepeatedPorts(faults: Faults, ports: readonly ServicePort[]): void {
  const used = new Set<string>();
  ports.forEach(({ protocol, port }, index) => {
    const key = `${protocol}/${port}`;
    if (used.has(key)) faults.add("duplicate-value", `spec.ports[${index}]`, `Duplicate value: ${portKey(protocol, port)}`, "");
    used.add(key);
  });
}

/** The server's internal port record, of which only two fields are filled. */
function portKey(protocol: string | undefined, port: number): string {
  return JSON.stringify({ Name: "", Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 });
}

function checkSourceRanges(faults: Faults, { metadata, spec }: Service): void {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const annotation = metadata.annotations?.[rangesAnnotation];
  if (ranges.length > 0) {
    const path = "spec.LoadBalancerSourceRanges";
    if (spec.type !== "LoadBalancer") faults.forbidden(path, onlyLoadBalancer);
    ranges.forEach((text, index) => checkCidr(faults, `${path}[${index}]`, text.trim()));
  } else if (annotation !== undefined) {
    const path = `metadata.annotations[${rangesAnnotation}]`;
    if (spec.type !== "LoadBalancer") faults.forbidden(path, onlyLoadBalancer);
    if (annotation.trim() !== "") for (const text of annotation.trim().split(",")) checkCidr(faults, path, text.trim());
  }
}

function checkLoadBalancer(faults: Faults, spec: ServiceSpec): void {
  const balanced = spec.type === "LoadBalancer";
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced) {
    faults.forbidden("spec.allocateLoadBalancerNodePorts", onlyLoadBalancer);
  }
  if (spec.loadBalancerClass !== undefined && !balanced) faults.forbidden("spec.loadBalancerClass", onlyLoadBalancer);
  else if (spec.loadBalancerClass !== undefined) {
    faults.invalidEach("spec.loadBalancerClass", spec.loadBalancerClass, labelKeyFaults(spec.loadBalancerClass));
  }
  const asked = spec.loadBalancerIP === undefined ? undefined : parseIpText(spec.loadBalancerIP);
  if (asked !== undefined) warnIp(faults, "spec.loadBalancerIP", spec.loadBalancerIP ?? "", asked);
}

function checkTrafficPolicies(faults: Faults, spec: ServiceSpec): void {
  const exposed =
    spec.type === "LoadBalancer" || spec.type === "NodePort" || (spec.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0);
  const external = spec.externalTrafficPolicy;
  if (!exposed && external !== undefined && external !== "") {
    faults.invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services");
  } else {
    faults.oneOf("spec.externalTrafficPolicy", external, trafficPolicies);
  }
  checkHealthPort(faults, spec);
  faults.oneOf("spec.internalTrafficPolicy", spec.internalTrafficPolicy, trafficPolicies);
  const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
  faults.oneOf("spec.trafficDistribution", spec.trafficDistribution, distributions);
}

function checkHealthPort(faults: Faults, spec: ServiceSpec): void {
  const port = spec.healthCheckNodePort ?? 0;
  if (port === 0) return;
  const path = "spec.healthCheckNodePort";
  if (spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local") {
    faults.invalidEach(path, port, portNumberFaults(port));
  } else {
    faults.invalid(path, port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  }
}
