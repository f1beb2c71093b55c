/* Read first: k8s.io/kubernetes pkg/apis/core/validation/validation.go, `ValidatePodSpec`. */
import { dnsLabelFaults, dnsSubdomainFaults, labelKeyFaults } from "../names.js";
import type { Pod, PodSpec, PodTemplateSpec } from "../pod.js";
import { checkIp } from "./addresses.js";
import { checkContainers } from "./container.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta, checkTemplateMeta } from "./meta.js";
import { checkScheduling } from "./scheduling.js";

const most = Object.freeze({ nameservers: 3, searches: 32, searchCharacters: 2048 });

export function checkPod(faults: Faults, { metadata, spec }: Pod): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  checkPodSpec(faults, "spec", spec, true);
}

/** `path` is that of the template. */
export function checkPodTemplate(faults: Faults, path: string, template: PodTemplateSpec): void {
  checkTemplateMeta(faults, template.metadata, path);
  checkPodSpec(faults, `${path}.spec`, template.spec, false);
}

function checkPodSpec(faults: Faults, path: string, spec: PodSpec, isPod: boolean): void {
  checkContainers(faults, path, spec);
  if (spec.hostNetwork === true) checkHostNetworkPorts(faults, path, spec, isPod);
  faults.oneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"]);
  faults.oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
  checkScheduling(faults, path, spec);
  checkDnsConfig(faults, `${path}.dnsConfig`, spec);
  (spec.readinessGates ?? []).forEach(({ conditionType }, index) => {
    faults.invalidEach(`${path}.readinessGates[${index}].conditionType`, conditionType, labelKeyFaults(conditionType));
  });
  checkNames(faults, path, spec);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    faults.invalid(`${path}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive");
  }
  (spec.hostAliases ?? []).forEach(({ ip, hostnames = [] }, index) => {
    checkIp(faults, `${path}.hostAliases[${index}].ip`, ip);
    hostnames.forEach((name, at) => {
      faults.invalidEach(`${path}.hostAliases[${index}].hostnames[${at}]`, name, dnsSubdomainFaults(name));
    });
  });
  if (spec.preemptionPolicy === "") faults.required(`${path}.preemptionPolicy`);
  else faults.oneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, ["PreemptLowerPriority", "Never"]);
}

function checkNames(faults: Faults, path: string, spec: PodSpec): void {
  const subdomains = ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const;
  for (const field of subdomains) {
    const name = spec[field] ?? "";
    if (name !== "") faults.invalidEach(`${path}.${field}`, name, dnsSubdomainFaults(name));
  }
  for (const field of ["hostname", "subdomain"] as const) {
    const name = spec[field] ?? "";
    if (name !== "") faults.invalidEach(`${path}.${field}`, name, dnsLabelFaults(name));
  }
}

/** In a template the defaulting has already copied the container port, so only a differing value is left to refuse. */
function checkHostNetworkPorts(faults: Faults, path: string, spec: PodSpec, isPod: boolean): void {
  spec.containers.forEach(({ ports = [] }, index) => {
    ports.forEach(({ containerPort, hostPort = 0 }, at) => {
      if (hostPort === containerPort || (hostPort === 0 && !isPod)) return;
      const field = `${path}.containers[${index}].ports[${at}].hostPort`;
      faults.invalid(field, hostPort, "must match `containerPort` when `hostNetwork` is true");
    });
  });
}

function checkDnsConfig(faults: Faults, path: string, { dnsPolicy, dnsConfig }: PodSpec): void {
  if (dnsPolicy === "None" && dnsConfig === undefined) {
    faults.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
    return;
  }
  if (dnsConfig === undefined) return;
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  if (dnsPolicy === "None" && nameservers.length === 0) {
    faults.required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None");
    return;
  }
  if (nameservers.length > most.nameservers) {
    faults.invalid(`${path}.nameservers`, nameservers, `must not have more than ${most.nameservers} nameservers`);
  }
  nameservers.forEach((each, index) => checkIp(faults, `${path}.nameservers[${index}]`, each));
  if (searches.length > most.searches) {
    faults.invalid(`${path}.searches`, searches, `must not have more than ${most.searches} search paths`);
  }
  if (searches.join(" ").length > most.searchCharacters) {
    const detail = `must not have more than ${most.searchCharacters} characters (including spaces) in the search list`;
    faults.invalid(`${path}.searches`, searches, detail);
  }
  searches.forEach((each, index) => {
    const name = each.replace(/\.$/, "");
    if (each !== ".") faults.invalidEach(`${path}.searches[${index}]`, name, dnsSubdomainFaults(name));
  });
  options.forEach(({ name = "" }, index) => {
    if (name === "") faults.required(`${path}.options[${index}]`, "must not be empty");
  });
}
