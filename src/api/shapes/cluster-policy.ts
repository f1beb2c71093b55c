import { labelSelector, metaConditions } from "./meta.js";
import { int32, list, loose, record, text, type Shape } from "./shape.js";

type Fields = Readonly<Record<string, Shape>>;

const pods: Shape = record("NamespacedPod", { namespaceSelector: labelSelector, podSelector: labelSelector });
const subject: Shape = record("Subject", { namespaces: labelSelector, pods });
const ingressPeers: Shape = list(record("IngressPeer", { namespaces: labelSelector, pods }));
const egressPeers: Shape = list(
  record("EgressPeer", {
    namespaces: labelSelector,
    pods,
    nodes: labelSelector,
    networks: list(text),
    domainNames: list(text),
  }),
);

const adminPorts: Shape = list(
  record("AdminNetworkPolicyPort", {
    portNumber: record("Port", { protocol: text, port: int32 }, "port"),
    portRange: record("PortRange", { protocol: text, start: int32, end: int32 }, "start", "end"),
    namedPort: text,
  }),
);
const adminRules = {
  subject,
  ingress: list(record("IngressRule", { name: text, action: text, from: ingressPeers, ports: adminPorts }, "action", "from")),
  egress: list(record("EgressRule", { name: text, action: text, to: egressPeers, ports: adminPorts }, "action", "to")),
};

const portMatch: Shape = record("PortMatch", {
  destinationPort: record("Port", { number: int32, range: record("PortRange", { start: int32, end: int32 }, "start", "end") }),
});
const protocols: Shape = list(
  record("ClusterNetworkPolicyProtocol", { tcp: portMatch, udp: portMatch, sctp: portMatch, destinationNamedPort: text }),
);

const status: Shape = loose(record("PolicyStatus", { conditions: metaConditions }));

export const adminNetworkPolicyFields: Fields = {
  spec: record("AdminNetworkPolicySpec", { priority: int32, ...adminRules }, "subject"),
  status,
};

export const baselineAdminNetworkPolicyFields: Fields = {
  spec: record("BaselineAdminNetworkPolicySpec", adminRules, "subject"),
  status,
};

export const clusterNetworkPolicyFields: Fields = {
  spec: record(
    "ClusterNetworkPolicySpec",
    {
      tier: text,
      priority: int32,
      subject,
      ingress: list(record("IngressRule", { name: text, action: text, from: ingressPeers, protocols }, "action", "from")),
      egress: list(record("EgressRule", { name: text, action: text, to: egressPeers, protocols }, "action", "to")),
    },
    "subject",
  ),
  status,
};
