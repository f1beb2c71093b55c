import type { Service, ServicePort } from "../../../api/index.js";
import { labelsText } from "../get/table.js";
import type { KubectlSource } from "../source.js";
import { eventsAbout, Page } from "./page.js";
import { readyEndpoints, slicesOf } from "./slice-text.js";

const orNone = (list: readonly string[] | undefined): string => (list === undefined || list.length === 0 ? "<none>" : list.join(","));

/** Read first: kubectl pkg/describe/describe.go, describeService. */
export function describeService(service: Service, source: KubectlSource): string {
  const page = new Page();
  const { metadata, spec } = service;
  const optional = (title: string, value: string | undefined): void => {
    if (value !== undefined && value !== "") page.line(0, `${title}:\t${value}`);
  };
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
  page.line(0, `Selector:\t${labelsText(spec.selector)}`);
  page.line(0, `Type:\t${spec.type ?? ""}`);
  optional("IP Family Policy", spec.ipFamilyPolicy);
  page.line(0, `IP Families:\t${orNone(spec.ipFamilies)}`);
  page.line(0, `IP:\t${spec.clusterIP ?? ""}`);
  page.line(0, `IPs:\t${orNone(spec.clusterIPs)}`);
  optional("External IPs", spec.externalIPs?.join(","));
  optional("Desired LoadBalancer IP", spec.loadBalancerIP);
  optional("External Name", spec.externalName);
  optional("LoadBalancer Ingress", balancer(service));
  const slices = slicesOf(source, metadata.namespace ?? "", metadata.name);
  for (const port of spec.ports ?? []) describePort(page, port, readyEndpoints(slices, port.name ?? ""));
  page.line(0, `Session Affinity:\t${spec.sessionAffinity ?? ""}`);
  optional("External Traffic Policy", spec.externalTrafficPolicy);
  optional("Internal Traffic Policy", spec.internalTrafficPolicy);
  if ((spec.healthCheckNodePort ?? 0) !== 0) page.line(0, `HealthCheck NodePort:\t${spec.healthCheckNodePort}`);
  optional("LoadBalancer Source Ranges", spec.loadBalancerSourceRanges?.join(","));
  optional("Traffic Distribution", spec.trafficDistribution);
  page.events(eventsAbout(source.events(), service), source.now());
  return page.text();
}

function balancer(service: Service): string {
  const list = service.status?.loadBalancer?.ingress ?? [];
  return list.map(({ ip, ipMode, hostname }) => (ip !== undefined && ip !== "" ? (ipMode === undefined ? ip : `${ip} (${ipMode})`) : (hostname ?? ""))).join(", ");
}

function describePort(page: Page, port: ServicePort, endpoints: string): void {
  const name = port.name === undefined || port.name === "" ? "<unset>" : port.name;
  const protocol = port.protocol ?? "TCP";
  page.line(0, `Port:\t${name}\t${port.port}/${protocol}`);
  page.line(0, `TargetPort:\t${port.targetPort ?? port.port}/${protocol}`);
  if (port.appProtocol !== undefined) page.line(0, `AppProtocol:\t${port.appProtocol}`);
  if ((port.nodePort ?? 0) !== 0) page.line(0, `NodePort:\t${name}\t${port.nodePort}/${protocol}`);
  page.line(0, `Endpoints:\t${endpoints}`);
}
