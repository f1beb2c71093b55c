import { describe } from "vitest";
import { cidrText, dns1035Label, dnsLabel, dnsSubdomain, indent, ipText, labelKey, manifest, portRange, type Row, testRows } from "./marked.js";

const slice = (body: string): string => `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\n${body}\n`;
const endpoints = (body: string): string => `apiVersion: v1\nkind: Endpoints\nmetadata: {name: e}\n${body}\n`;
const node = (spec: string): string => manifest("v1", "Node", spec, "name: n1");
const ingress = (spec: string): string => manifest("networking.k8s.io/v1", "Ingress", spec, "name: i");
const path = (fields: string): string => ingress(`rules:\n- http:\n    paths:\n    - ${indent(fields, 6).trimStart()}`);
const backend = "backend: {service: {name: web, port: {number: 80}}}";

// control-plane.md, section 1.5; k8s.io/kubernetes pkg/apis/{discovery,networking,core}/validation
const rows: readonly Row[] = [
  ["slice without type", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n@@metadata: {name: s}\n".replace("@@", "").replace("apiVersion", "@@apiVersion"), "addressType: Required value"],
  ["slice type", slice("@@addressType: ipv4"), 'addressType: Unsupported value: "ipv4": supported values: "FQDN", "IPv4", "IPv6"'],
  ["slice without addresses", slice("addressType: IPv4\nendpoints:\n- @@addresses: []"), "endpoints[0].addresses: Required value: must contain at least 1 address"],
  ["slice address of the other family", slice("addressType: IPv4\nendpoints:\n- addresses:\n  - @@fd00::1"), 'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address'],
  ["slice IPv6 with IPv4", slice("addressType: IPv6\nendpoints:\n- addresses:\n  - @@10.0.0.1"), 'endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be a valid IPv6 address'],
  ["slice loopback", slice("addressType: IPv4\nendpoints:\n- addresses:\n  - @@127.0.0.1"), 'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ["slice name without dots", slice("addressType: FQDN\nendpoints:\n- addresses:\n  - @@web"), 'endpoints[0].addresses[0]: Invalid value: "web": should be a domain with at least two segments separated by dots'],
  ["slice port names", slice("addressType: IPv4\nendpoints: []\nports:\n- {name: a, port: 1}\n- {@@name: a, port: 2}"), 'ports[1].name: Duplicate value: "a"'],
  ["slice unnamed ports", slice("addressType: IPv4\nendpoints: []\nports:\n- {port: 1}\n- @@{port: 2}"), 'ports[1].name: Duplicate value: ""'],
  ["slice port name", slice("addressType: IPv4\nendpoints: []\nports:\n- {@@name: A, port: 1}"), `ports[0].name: Invalid value: "A": ${dnsLabel}`],
  ["slice protocol", slice("addressType: IPv4\nendpoints: []\nports:\n- {@@protocol: tcp, port: 1}"), 'ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
  ["slice host name", slice("addressType: IPv4\nendpoints:\n- {addresses: [10.0.0.1], @@hostname: A}"), `endpoints[0].hostname: Invalid value: "A": ${dnsLabel}`],
  ["slice conditions as text", slice('addressType: IPv4\nendpoints:\n- addresses: [10.0.0.1]\n  conditions:\n    @@ready: "true"'), "endpoints[0].conditions.ready: json: cannot unmarshal string into Go struct field EndpointConditions.endpoints.conditions.ready of type bool"],
  ["empty subset", endpoints("subsets:\n- @@ports: [{port: 80}]").replace("- @@", "- ").replace("- ports", "- @@ports"), "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"],
  ["endpoint address", endpoints("subsets:\n- addresses:\n  - @@ip: x"), `subsets[0].addresses[0].ip: Invalid value: "x": ${ipText}`],
  ["endpoint link-local", endpoints("subsets:\n- addresses:\n  - @@ip: fe80::1"), 'subsets[0].addresses[0].ip: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ["endpoint port names", endpoints("subsets:\n- addresses: [{ip: 10.0.0.1}]\n  ports:\n  - {name: a, port: 80}\n  - @@port: 81"), "subsets[0].ports[1].name: Required value"],
  ["endpoint port 0", endpoints("subsets:\n- addresses: [{ip: 10.0.0.1}]\n  ports:\n  - @@port: 0"), `subsets[0].ports[0].port: Invalid value: 0: ${portRange}`],
  ["namespace with a dot", "apiVersion: v1\nkind: Namespace\nmetadata:\n  @@name: a.b\n", `metadata.name: Invalid value: "a.b": ${dnsLabel}`],
  ["namespace in a namespace", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  @@namespace: b\n", "metadata.namespace: Forbidden: not allowed on this type"],
  ["node name", manifest("v1", "Node", "{}", "@@name: N1"), `metadata.name: Invalid value: "N1": ${dnsSubdomain}`],
  ["taint effect missing", node("taints:\n- @@key: a"), "metadata.taints[0].effect: Required value"],
  ["taint effect", node("taints:\n- {key: a, @@effect: Never}"), 'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'],
  ["taint key", node("taints:\n- {@@key: a b, effect: NoSchedule}"), `metadata.taints[0].key: Invalid value: "a b": ${labelKey}`],
  ["repeated taint", node("taints:\n- {key: a, effect: NoSchedule}\n- @@{key: a, value: x, effect: NoSchedule}"), 'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"x","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair'],
  ["pod CIDR", node("@@podCIDR: 10.0.0.0/40"), `spec.podCIDRs[0]: Invalid value: "10.0.0.0/40": ${cidrText}`],
  ["two pod CIDRs of a family", node("podCIDR: 10.0.0.0/24\n@@podCIDRs: [10.0.0.0/24, 10.0.1.0/24]"), 'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family'],
  ["ingress without rules", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n@@spec: {}\n", "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
  ["ingress path type missing", path(`@@${backend}`), "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
  ["ingress path type", path(`@@pathType: prefix\n${backend}`), 'spec.rules[0].http.paths[0].pathType: Unsupported value: "prefix": supported values: "Exact", "ImplementationSpecific", "Prefix"'],
  ["ingress relative path", path(`pathType: Prefix\n@@path: a\n${backend}`), 'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
  ["ingress double slash", path(`pathType: Prefix\n@@path: /a//b\n${backend}`), 'spec.rules[0].http.paths[0].path: Invalid value: "/a//b": must not contain \'//\''],
  ["ingress dots", path(`pathType: Exact\n@@path: /a/..\n${backend}`), 'spec.rules[0].http.paths[0].path: Invalid value: "/a/..": cannot end with \'/..\''],
  ["ingress backend port missing", path("pathType: Prefix\npath: /\n@@backend: {service: {name: web}}"), "spec.rules[0].http.paths[0].backend: Required value: port name or number is required"],
  ["ingress backend port twice", path("pathType: Prefix\npath: /\n@@backend: {service: {name: web, port: {name: a, number: 1}}}"), 'spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number'],
  ["ingress backend missing", path("pathType: Prefix\n@@path: /").replace("@@path", "path").replace("- pathType", "- @@pathType"), 'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required'],
  ["ingress backend name", path("pathType: Prefix\npath: /\nbackend:\n  service:\n    @@name: 1web\n    port: {number: 80}"), `spec.rules[0].http.paths[0].backend.service.name: Invalid value: "1web": ${dns1035Label}`],
  ["ingress backend port", path("pathType: Prefix\npath: /\nbackend:\n  service:\n    name: web\n    port:\n      @@number: 70000"), `spec.rules[0].http.paths[0].backend.service.port.number: Invalid value: 70000: ${portRange}`],
  ["ingress host as an address", ingress("rules:\n- @@host: 10.0.0.1"), 'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
  ["ingress host", ingress("rules:\n- @@host: A"), `spec.rules[0].host: Invalid value: "A": ${dnsSubdomain}`],
  ["ingress wildcard host", ingress('rules:\n- @@host: "a.*.com"'), "spec.rules[0].host: Invalid value: \"a.*.com\": a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"],
  ["ingress rule without paths", ingress("rules:\n- http:\n    @@paths: []"), "spec.rules[0].http.paths: Required value"],
  ["ingress class annotation", manifest("networking.k8s.io/v1", "Ingress", `ingressClassName: a\ndefaultBackend: {service: {name: web, port: {number: 80}}}`, "name: i\nannotations:\n  @@kubernetes.io/ingress.class: b"), 'annotations.kubernetes.io/ingress.class: Invalid value: "b": must match `ingressClassName` when both are specified'],
  ["config map key", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  @@a b: x\n", "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"],
  ["config map value as a number", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  @@a: 1\n", "data[a]: json: cannot unmarshal number into Go struct field ConfigMap.data of type string"],
  ["secret that is no base64", "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\ndata:\n  @@a: '***'\n", "data[a]: illegal base64 data"],
  ["tls secret without key", "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\ntype: kubernetes.io/tls\n@@data: {tls.crt: YQ==}\n", "data[tls.key]: Required value"],
  ["no kind", "@@apiVersion: v1\nmetadata: {name: a}\n", "kind: kind not set"],
  ["no version", "@@kind: Pod\nmetadata: {name: a}\n", "apiVersion: apiVersion not set"],
  ["neither", "@@metadata: {name: a}\n", "apiVersion: apiVersion not set", "kind: kind not set"],
  ["a list of objects", "@@- kind: Pod\n", "a Kubernetes object must be a mapping with apiVersion and kind, found a list"],
  ["text", "@@hello\n", "a Kubernetes object must be a mapping with apiVersion and kind, found a string"],
  ["a list without items", "apiVersion: v1\nkind: List\n@@items: {}\n", "items: items of a List must be a list"],
];

describe("invalid other objects", () => {
  testRows(rows);
});
