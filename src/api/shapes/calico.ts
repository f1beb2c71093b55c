import { any, bool, int32, intOrString, list, record, text, type Shape } from "./shape.js";

type Fields = Readonly<Record<string, Shape>>;

const entity: Shape = record("EntityRule", {
  nets: list(text),
  notNets: list(text),
  selector: text,
  notSelector: text,
  namespaceSelector: text,
  ports: list(intOrString),
  notPorts: list(intOrString),
  serviceAccounts: record("ServiceAccountMatch", { names: list(text), selector: text }),
  services: any,
});
const icmp: Shape = record("ICMPFields", { type: int32, code: int32 });
const rules: Shape = list(
  record(
    "Rule",
    { action: text, ipVersion: int32, protocol: intOrString, notProtocol: intOrString, icmp, notICMP: icmp, source: entity, destination: entity, http: any, metadata: any },
    "action",
  ),
);
const policy = {
  tier: text,
  order: any,
  selector: text,
  serviceAccountSelector: text,
  types: list(text),
  ingress: rules,
  egress: rules,
  performanceHints: list(text),
};

export const calicoNetworkPolicyFields: Fields = { spec: record("NetworkPolicySpec", policy), status: any };

export const globalNetworkPolicyFields: Fields = {
  spec: record("GlobalNetworkPolicySpec", { ...policy, namespaceSelector: text, doNotTrack: bool, preDNAT: bool, applyOnForward: bool }),
  status: any,
};

export const tierFields: Fields = { spec: record("TierSpec", { order: any, defaultAction: text }), status: any };

export const hostEndpointFields: Fields = {
  spec: record(
    "HostEndpointSpec",
    {
      node: text,
      interfaceName: text,
      expectedIPs: list(text),
      profiles: list(text),
      ports: list(record("EndpointPort", { name: text, protocol: intOrString, port: int32 }, "name", "protocol", "port")),
    },
    "node",
  ),
  status: any,
};
