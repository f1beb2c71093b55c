import { labelSelector, objectReference, stringMap } from "./meta.js";
import { protocol } from "./pod.js";
import { any, bool, int32, intOrString, list, loose, named, record, text, type Shape } from "./shape.js";

type Fields = Readonly<Record<string, Shape>>;

const peers: Shape = list(
  record("v1.NetworkPolicyPeer", {
    podSelector: labelSelector,
    namespaceSelector: labelSelector,
    ipBlock: record("v1.IPBlock", { cidr: text, except: list(text) }, "cidr"),
  }),
);
const policyPorts: Shape = list(record("v1.NetworkPolicyPort", { protocol, port: intOrString, endPort: int32 }));

export const networkPolicyFields: Fields = {
  spec: record("v1.NetworkPolicySpec", {
    podSelector: labelSelector,
    ingress: list(record("v1.NetworkPolicyIngressRule", { from: peers, ports: policyPorts })),
    egress: list(record("v1.NetworkPolicyEgressRule", { to: peers, ports: policyPorts })),
    policyTypes: list(named("v1.PolicyType")),
  }),
  status: any,
};

const ingressBackend: Shape = record("v1.IngressBackend", {
  service: record(
    "v1.IngressServiceBackend",
    { name: text, port: record("v1.ServiceBackendPort", { name: text, number: int32 }) },
    "name",
  ),
  resource: record("v1.TypedLocalObjectReference", { apiGroup: text, kind: text, name: text }, "kind", "name"),
});

export const ingressFields: Fields = {
  spec: record("v1.IngressSpec", {
    ingressClassName: text,
    defaultBackend: ingressBackend,
    tls: list(record("v1.IngressTLS", { hosts: list(text), secretName: text })),
    rules: list(
      record("v1.IngressRule", {
        host: text,
        http: record(
          "v1.HTTPIngressRuleValue",
          {
            paths: list(
              record(
                "v1.HTTPIngressPath",
                { path: text, pathType: named("v1.PathType"), backend: ingressBackend },
                "pathType",
                "backend",
              ),
            ),
          },
          "paths",
        ),
      }),
    ),
  }),
  status: loose(
    record("v1.IngressStatus", {
      loadBalancer: record("v1.IngressLoadBalancerStatus", {
        ingress: list(record("v1.IngressLoadBalancerIngress", { ip: text, hostname: text, ports: any })),
      }),
    }),
  ),
};

export const ingressClassFields: Fields = {
  spec: record("v1.IngressClassSpec", { controller: text, parameters: any }),
};

const hints = (go: string): Shape => list(record(go, { name: text }, "name"));

export const endpointSliceFields: Fields = {
  addressType: named("v1.AddressType"),
  endpoints: list(
    record(
      "v1.Endpoint",
      {
        addresses: list(text),
        conditions: record("v1.EndpointConditions", { ready: bool, serving: bool, terminating: bool }),
        hostname: text,
        nodeName: text,
        zone: text,
        targetRef: objectReference,
        deprecatedTopology: stringMap,
        hints: record("v1.EndpointHints", { forZones: hints("v1.ForZone"), forNodes: hints("v1.ForNode") }),
      },
      "addresses",
    ),
  ),
  ports: list(record("v1.EndpointPort", { name: text, protocol, port: int32, appProtocol: text })),
};
