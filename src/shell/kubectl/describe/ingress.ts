import type { Ingress, IngressBackend, Service } from "../../../api/index.js";
import { balancerText } from "../get/network-tables.js";
import type { KubectlSource } from "../source.js";
import { eventsAbout, Page } from "./page.js";
import { readyEndpoints, slicesOf } from "./slice-text.js";

/** Read first: kubectl pkg/describe/describe.go, describeIngressV1. */
export function describeIngress(ingress: Ingress, source: KubectlSource): string {
  const page = new Page();
  const { metadata, spec = {} } = ingress;
  const namespace = metadata.namespace ?? "";
  const fallback = spec.defaultBackend === undefined ? "<default>" : backendText(spec.defaultBackend, namespace, source);
  page.line(0, `Name:\t${metadata.name}`);
  page.labels("Labels", metadata.labels);
  page.line(0, `Namespace:\t${namespace}`);
  page.line(0, `Address:\t${balancerText(ingress.status?.loadBalancer?.ingress ?? [], true)}`);
  page.line(0, `Ingress Class:\t${spec.ingressClassName ?? "<none>"}`);
  page.line(0, `Default backend:\t${fallback}`);
  if ((spec.tls ?? []).length > 0) page.line(0, "TLS:");
  for (const { secretName = "", hosts = [] } of spec.tls ?? []) page.line(1, secretName === "" ? `SNI routes ${hosts.join(",")}` : `${secretName} terminates ${hosts.join(",")}`);
  page.line(0, "Rules:");
  page.line(1, "Host\tPath\tBackends");
  page.line(1, "----\t----\t--------");
  const rules = (spec.rules ?? []).filter((rule) => rule.http !== undefined);
  for (const rule of rules) {
    page.line(1, `${rule.host === undefined || rule.host === "" ? "*" : rule.host}\t`);
    for (const { path = "", backend } of rule.http!.paths) page.line(2, `\t${path} \t${backendText(backend, namespace, source)}`);
  }
  if (rules.length === 0) page.line(1, `*\t* \t${fallback}`);
  page.annotations(metadata.annotations);
  page.events(eventsAbout(source.events(), ingress), source.now());
  return page.text();
}

function backendText({ service, resource }: IngressBackend, namespace: string, source: KubectlSource): string {
  if (service === undefined) return resource === undefined ? "" : `APIGroup: ${resource.apiGroup ?? "<none>"}, Kind: ${resource.kind}, Name: ${resource.name}`;
  const { name, port = {} } = service;
  const shown = `${name}:${port.name !== undefined && port.name !== "" ? port.name : (port.number ?? 0)}`;
  const found = source.get("Service", namespace, name) as Service | undefined;
  if (found === undefined) return `${shown} (<error: services "${name}" not found>)`;
  const wanted = (found.spec.ports ?? []).find((p) => (port.number !== undefined && port.number !== 0 ? p.port === port.number : p.name === port.name));
  return `${shown} (${readyEndpoints(slicesOf(source, namespace, name), wanted?.name ?? "")})`;
}
