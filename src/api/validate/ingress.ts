/* Read first: k8s.io/kubernetes pkg/apis/networking/validation/validation.go, `ValidateIngressCreate`. */
import { parseIpText } from "../ip-text.js";
import { dns1035LabelFaults, dnsSubdomainFaults, portNameFaults, portNumberFaults, wildcardSubdomainFaults } from "../names.js";
import type { HttpIngressPath, Ingress, IngressBackend, IngressClass, IngressRule, IngressSpec } from "../networking.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta } from "./meta.js";

const badSequences = ["//", "/./", "/../", "%2f", "%2F"] as const;
const badSuffixes = ["/..", "/."] as const;
const classAnnotation = "kubernetes.io/ingress.class";

export function checkIngress(faults: Faults, { metadata, spec = {} }: Ingress): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  const rules = spec.rules ?? [];
  if (rules.length === 0 && spec.defaultBackend === undefined) {
    faults.invalid("spec", spec.rules ?? null, "either `defaultBackend` or `rules` must be specified");
  }
  if (spec.defaultBackend !== undefined) checkBackend(faults, "spec.defaultBackend", spec.defaultBackend);
  rules.forEach((rule, index) => checkRule(faults, `spec.rules[${index}]`, rule));
  checkTls(faults, spec);
  const className = spec.ingressClassName;
  if (className !== undefined) faults.invalidEach("spec.ingressClassName", className, dnsSubdomainFaults(className));
  const annotated = metadata.annotations?.[classAnnotation];
  if (annotated !== undefined && className !== undefined && annotated !== className) {
    faults.invalid(`annotations.${classAnnotation}`, annotated, "must match `ingressClassName` when both are specified");
  }
}

export function checkIngressClass(faults: Faults, { metadata, spec }: IngressClass): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  if ((spec?.controller ?? "") === "") faults.required("spec.controller");
}

function checkTls(faults: Faults, spec: IngressSpec): void {
  (spec.tls ?? []).forEach(({ hosts = [], secretName = "" }, index) => {
    hosts.forEach((host, at) => faults.invalidEach(`spec.tls[${index}].hosts[${at}]`, host, hostFaults(host)));
    if (secretName !== "") faults.invalidEach(`spec.tls[${index}].secretName`, secretName, dnsSubdomainFaults(secretName));
  });
}

function hostFaults(host: string): readonly string[] {
  return host.includes("*") ? wildcardSubdomainFaults(host) : dnsSubdomainFaults(host);
}

function checkRule(faults: Faults, path: string, { host = "", http }: IngressRule): void {
  if (host !== "") {
    if (parseIpText(host) !== undefined) faults.invalid(`${path}.host`, host, "must be a DNS name, not an IP address");
    faults.invalidEach(`${path}.host`, host, hostFaults(host));
  }
  if (http === undefined) return;
  if (http.paths.length === 0) faults.required(`${path}.http.paths`);
  http.paths.forEach((each, index) => checkPath(faults, `${path}.http.paths[${index}]`, each));
}

function checkPath(faults: Faults, at: string, { path = "", pathType, backend }: HttpIngressPath): void {
  if (pathType === "") {
    faults.required(`${at}.pathType`, "pathType must be specified");
    return;
  }
  if (pathType === "Exact" || pathType === "Prefix") {
    if (!path.startsWith("/")) faults.invalid(`${at}.path`, path, "must be an absolute path");
    for (const bad of badSequences) if (path.includes(bad)) faults.invalid(`${at}.path`, path, `must not contain '${bad}'`);
    for (const bad of badSuffixes) if (path.endsWith(bad)) faults.invalid(`${at}.path`, path, `cannot end with '${bad}'`);
  } else if (pathType === "ImplementationSpecific") {
    if (path !== "" && !path.startsWith("/")) faults.invalid(`${at}.path`, path, "must be an absolute path");
  } else {
    faults.unsupported(`${at}.pathType`, pathType, ["Exact", "ImplementationSpecific", "Prefix"]);
  }
  checkBackend(faults, `${at}.backend`, backend);
}

function checkBackend(faults: Faults, path: string, { service, resource }: IngressBackend): void {
  if (service !== undefined && resource !== undefined) {
    faults.invalid(path, "", "cannot set both resource and service backends");
  } else if (resource !== undefined) {
    if (resource.kind === "") faults.required(`${path}.resource.kind`);
    if (resource.name === "") faults.required(`${path}.resource.name`);
  } else if (service === undefined) {
    faults.invalid(path, "", "resource or service backend is required");
  } else {
    if (service.name === "") faults.required(`${path}.service.name`);
    else faults.invalidEach(`${path}.service.name`, service.name, dns1035LabelFaults(service.name));
    checkBackendPort(faults, path, service.port?.name ?? "", service.port?.number ?? 0);
  }
}

function checkBackendPort(faults: Faults, path: string, name: string, number: number): void {
  if (name !== "" && number !== 0) faults.invalid(path, "", "cannot set both port name & port number");
  else if (name !== "") faults.invalidEach(`${path}.service.port.name`, name, portNameFaults(name));
  else if (number !== 0) faults.invalidEach(`${path}.service.port.number`, number, portNumberFaults(number));
  else faults.required(path, "port name or number is required");
}
