/** Columns of what sends traffic to pods. Read first: kubernetes pkg/printers/internalversion/printers.go. */
import { type Endpoints, type EndpointSlice, formatSelector, type Ingress, type IngressClass, type NetworkPolicy, type Service, type ServicePort } from "../../../api/index.js";
import { ageText } from "../output/time.js";
import { labelsText, type TableKind } from "./table.js";

/** How many hosts, ports and addresses are named before ` + N more...`. */
const MOST_NAMED = 3;
const BALANCER_WIDTH = 16;

/** `a,b,c + 2 more...`, or `none` of an empty list. */
export function shortList(list: readonly string[], none: string): string {
  if (list.length === 0) return none;
  const named = list.slice(0, MOST_NAMED).join(",");
  return list.length > MOST_NAMED ? `${named} + ${list.length - MOST_NAMED} more...` : named;
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Addresses or names of a load balancer, each once; cut when long unless `wide`. */
export function balancerText(ingress: readonly { readonly ip?: string; readonly hostname?: string }[], wide: boolean): string {
  const named = ingress.map(({ ip, hostname }) => (ip !== undefined && ip !== "" ? ip : (hostname ?? ""))).filter((text) => text !== "");
  const text = [...new Set(named)].sort((a, b) => (a < b ? -1 : 1)).join(",");
  return !wide && text.length > BALANCER_WIDTH ? `${text.slice(0, BALANCER_WIDTH - 3)}...` : text;
}

function externalIp(service: Service, wide: boolean): string {
  const { type, externalIPs = [], externalName } = service.spec;
  if (type === "ExternalName") return externalName ?? "";
  if (type !== "LoadBalancer") return externalIPs.length > 0 ? externalIPs.join(",") : "<none>";
  const balancer = balancerText(service.status?.loadBalancer?.ingress ?? [], wide);
  const all = [...(balancer === "" ? [] : [balancer]), ...externalIPs].join(",");
  return all === "" ? "<pending>" : all;
}

function portText({ port, nodePort = 0, protocol = "TCP" }: ServicePort): string {
  return nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

export const serviceTable: TableKind<Service> = {
  columns: ["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age"],
  wide: ["Selector"],
  cells(service, { now, wide }) {
    const { spec, metadata } = service;
    const clusterIp = spec.clusterIPs?.[0] ?? spec.clusterIP;
    return [
      metadata.name,
      spec.type ?? "ClusterIP",
      clusterIp === undefined || clusterIp === "" ? "<none>" : clusterIp,
      externalIp(service, wide),
      (spec.ports ?? []).map(portText).join(",") || "<none>",
      ageText(now, metadata.creationTimestamp),
      labelsText(spec.selector),
    ];
  },
};

export const endpointsTable: TableKind<Endpoints> = {
  columns: ["Name", "Endpoints", "Age"],
  cells(endpoints, { now }) {
    const list = (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
      ports.length === 0 ? addresses.map(({ ip }) => ip) : ports.flatMap(({ port }) => addresses.map(({ ip }) => hostPort(ip, port))),
    );
    return [endpoints.metadata.name, shortList(list, "<none>"), ageText(now, endpoints.metadata.creationTimestamp)];
  },
};

export const endpointSliceTable: TableKind<EndpointSlice> = {
  columns: ["Name", "AddressType", "Ports", "Endpoints", "Age"],
  cells(slice, { now }) {
    const ports = (slice.ports ?? []).map(({ port, name }) => (port !== undefined ? String(port) : (name ?? "*")));
    const addresses = (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);
    return [slice.metadata.name, slice.addressType, shortList(ports, "<unset>"), shortList(addresses, "<unset>"), ageText(now, slice.metadata.creationTimestamp)];
  },
};

export const networkPolicyTable: TableKind<NetworkPolicy> = {
  columns: ["Name", "Pod-Selector", "Age"],
  cells: (policy, { now }) => [policy.metadata.name, formatSelector(policy.spec.podSelector), ageText(now, policy.metadata.creationTimestamp)],
};

export const ingressTable: TableKind<Ingress> = {
  columns: ["Name", "Class", "Hosts", "Address", "Ports", "Age"],
  cells(ingress, { now, wide }) {
    const { ingressClassName, rules = [], tls = [] } = ingress.spec ?? {};
    const hosts = rules.map((rule) => rule.host ?? "").filter((host) => host !== "");
    return [
      ingress.metadata.name,
      ingressClassName ?? "<none>",
      shortList(hosts, "*"),
      balancerText(ingress.status?.loadBalancer?.ingress ?? [], wide),
      tls.length > 0 ? "80, 443" : "80",
      ageText(now, ingress.metadata.creationTimestamp),
    ];
  },
};

export const ingressClassTable: TableKind<IngressClass> = {
  columns: ["Name", "Controller", "Parameters", "Age"],
  cells(one, { now }) {
    const to = one.spec?.parameters as { readonly apiGroup?: string; readonly kind: string; readonly name: string } | undefined;
    const parameters = to === undefined ? "<none>" : `${to.kind}${to.apiGroup === undefined ? "" : `.${to.apiGroup}`}/${to.name}`;
    return [one.metadata.name, one.spec?.controller ?? "", parameters, ageText(now, one.metadata.creationTimestamp)];
  },
};
