import { describe } from "vitest";
import { cidrText, dnsSubdomain, labelKey, labelValue, manifest, portRange, type Row, testRows } from "./marked.js";

const policy = (spec: string): string => manifest("networking.k8s.io/v1", "NetworkPolicy", spec, "name: p");
const from = (peer: string): string => policy(`ingress:\n- from:\n${peer}`);
const ports = (list: string): string => policy(`ingress:\n- ports:\n${list}`);
const admin = (spec: string): string => manifest("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", spec, "name: p");
const cluster = (spec: string): string => manifest("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", spec, "name: p");
const subject = "subject: {namespaces: {}}";
const cnp = `tier: Admin\npriority: 1\n${subject}`;

// network-policy.md, section 9
const rows: readonly Row[] = [
  ["name", manifest("networking.k8s.io/v1", "NetworkPolicy", "podSelector: {}", "@@name: P"), `metadata.name: Invalid value: "P": ${dnsSubdomain}`],
  ["selector key", policy("podSelector:\n  matchLabels:\n    @@a b: x"), `spec.podSelector.matchLabels: Invalid value: "a b": ${labelKey}`],
  ["selector value", policy("podSelector:\n  matchLabels:\n    @@a: -x"), `spec.podSelector.matchLabels: Invalid value: "-x": ${labelValue}`],
  ["selector value as a number", policy("podSelector:\n  matchLabels:\n    @@a: 1"), "spec.podSelector.matchLabels[a]: json: cannot unmarshal number into Go struct field LabelSelector.spec.podSelector.matchLabels of type string"],
  ["expression key", policy("podSelector:\n  matchExpressions:\n  - {@@key: a b, operator: Exists}"), `spec.podSelector.matchExpressions[0].key: Invalid value: "a b": ${labelKey}`],
  ["expression operator", policy("podSelector:\n  matchExpressions:\n  - {key: a, @@operator: Equals, values: [x]}"), 'spec.podSelector.matchExpressions[0].operator: Invalid value: "Equals": not a valid selector operator'],
  ["In without values", policy("podSelector:\n  matchExpressions:\n  - @@{key: a, operator: In}"), "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
  ["Exists with values", policy("podSelector:\n  matchExpressions:\n  - {key: a, operator: Exists, @@values: [x]}"), "spec.podSelector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"],
  ["expression value", policy("podSelector:\n  matchExpressions:\n  - key: a\n    operator: In\n    values:\n    - @@x y"), `spec.podSelector.matchExpressions[0].values[0]: Invalid value: "x y": ${labelValue}`],
  ["protocol", ports("  - @@protocol: ICMP"), 'spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"'],
  ["protocol in lower case", ports("  - @@protocol: tcp"), 'spec.ingress[0].ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"'],
  ["port 0", ports("  - @@port: 0"), `spec.ingress[0].ports[0].port: Invalid value: 0: ${portRange}`],
  ["quoted number", ports('  - @@port: "80"'), 'spec.ingress[0].ports[0].port: Invalid value: "80": must contain at least one letter (a-z)'],
  ["port as a boolean", ports("  - @@port: yes"), "spec.ingress[0].ports[0].port: json: cannot unmarshal bool into Go value of type int32"],
  ["end without port", ports("  - @@endPort: 90"), "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is not specified"],
  ["end with a name", ports("  - {port: http, @@endPort: 90}"), "spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric"],
  ["end before port", ports("  - {port: 100, @@endPort: 90}"), "spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`"],
  ["end too high", ports("  - {port: 100, @@endPort: 70000}"), `spec.ingress[0].ports[0].endPort: Invalid value: 70000: ${portRange}`],
  ["empty peer", from("  - @@{}"), "spec.ingress[0].from[0]: Required value: must specify a peer"],
  ["null selector", from("  - @@podSelector:"), "spec.ingress[0].from[0]: Required value: must specify a peer"],
  ["block and selector", from("  - @@podSelector: {}\n    ipBlock: {cidr: 10.0.0.0/8}"), "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"],
  ["egress peer", policy("egress:\n- to:\n  - {}\n  - @@{}").replace("- {}", "- @@{}"), "spec.egress[0].to[0]: Required value: must specify a peer", "spec.egress[0].to[1]: Required value: must specify a peer"],
  ["block without cidr", from("  - @@ipBlock: {}"), "spec.ingress[0].from[0].ipBlock.cidr: Required value"],
  ["cidr without length", from("  - ipBlock:\n      @@cidr: 10.0.0.0"), `spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0": ${cidrText}`],
  ["cidr too long", from("  - ipBlock:\n      @@cidr: 10.0.0.0/33"), `spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0/33": ${cidrText}`],
  ["except that is no cidr", from("  - ipBlock:\n      cidr: 10.0.0.0/8\n      except:\n      - @@x"), `spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "x": ${cidrText}`],
  ["except outside", from("  - ipBlock:\n      cidr: 10.0.0.0/8\n      except:\n      - @@11.0.0.0/16"), 'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`'],
  ["except equal", from("  - ipBlock:\n      cidr: 10.0.0.0/8\n      except:\n      - @@10.0.0.0/8"), 'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`'],
  ["except of another family", from("  - ipBlock:\n      cidr: 0.0.0.0/0\n      except:\n      - @@::/1"), 'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "::/1": must be a strict subset of `cidr`'],
  ["host bits are a warning", from("  - ipBlock:\n      @@cidr: 10.10.1.12/24"), 'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.10.1.12/24" is ambiguous in this context (should be "10.10.1.0/24" or "10.10.1.12/32"?)'],
  ["leading zeros are a warning", from("  - ipBlock:\n      @@cidr: 10.0.0.0/08"), 'spec.ingress[0].from[0].ipBlock.cidr: non-standard CIDR value "10.0.0.0/08" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"'],
  ["three types", policy("@@policyTypes: [Ingress, Egress, Ingress]"), 'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
  ["type", policy("policyTypes:\n- @@ingress"), 'spec.policyTypes[0]: Unsupported value: "ingress": supported values: "Ingress", "Egress"'],
  ["rule as text", policy("ingress:\n- @@all"), "spec.ingress[0]: json: cannot unmarshal string into Go struct field NetworkPolicySpec.spec.ingress of type v1.NetworkPolicyIngressRule"],
  ["from in an egress rule", policy("egress:\n- @@from: []"), 'spec.egress[0].from: unknown field "spec.egress[0].from"'],
];

// network-policy.md, sections 8 and 9; the kubebuilder markers of kubernetes-sigs/network-policy-api
const clusterRows: readonly Row[] = [
  ["priority missing", admin(subject).replace("spec:", "@@spec:"), "spec.priority: Required value"],
  ["priority too high", admin(`@@priority: 1001\n${subject}`), "spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000"],
  ["priority negative", admin(`@@priority: -1\n${subject}`), "spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0"],
  ["priority as text", admin(`@@priority: high\n${subject}`), 'spec.priority: Invalid value: "string": spec.priority in body must be of type integer: "string"'],
  ["subject missing", admin("priority: 1").replace("spec:", "@@spec:"), "spec.subject: Required value"],
  ["subject empty", admin("priority: 1\n@@subject: {}"), "spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties"],
  ["subject twice", admin("priority: 1\n@@subject: {namespaces: {}, pods: {}}"), "spec.subject: Too many: 2: must have at most 1 item"],
  ["action", admin(`priority: 1\n${subject}\ningress:\n- {@@action: Accept, from: [{namespaces: {}}]}`), 'spec.ingress[0].action: Unsupported value: "Accept": supported values: "Allow", "Deny", "Pass"'],
  ["action missing", admin(`priority: 1\n${subject}\ningress:\n- @@{from: [{namespaces: {}}]}`), "spec.ingress[0].action: Required value"],
  ["no peers", admin(`priority: 1\n${subject}\ningress:\n- {action: Allow, @@from: []}`), "spec.ingress[0].from: Invalid value: 0: spec.ingress[0].from in body should have at least 1 items"],
  ["peers missing", admin(`priority: 1\n${subject}\negress:\n- @@{action: Allow, to: []}`).replace(", to: []", ""), "spec.egress[0].to: Required value"],
  ["peer with two fields", admin(`priority: 1\n${subject}\negress:\n- action: Allow\n  to:\n  - @@{namespaces: {}, networks: [10.0.0.0/8]}`), "spec.egress[0].to[0]: Too many: 2: must have at most 1 item"],
  ["network", admin(`priority: 1\n${subject}\negress:\n- action: Deny\n  to:\n  - networks:\n    - @@10.0.0.0`), 'spec.egress[0].to[0].networks[0]: Invalid value: "string": Invalid CIDR format provided'],
  ["port 0", admin(`priority: 1\n${subject}\ningress:\n- action: Deny\n  from: [{namespaces: {}}]\n  ports:\n  - portNumber: {@@port: 0}`), "spec.ingress[0].ports[0].portNumber.port: Invalid value: 0: spec.ingress[0].ports[0].portNumber.port in body should be greater than or equal to 1"],
  ["range of one", admin(`priority: 1\n${subject}\ningress:\n- action: Deny\n  from: [{namespaces: {}}]\n  ports:\n  - @@portRange: {start: 5, end: 5}`), 'spec.ingress[0].ports[0].portRange: Invalid value: "object": Start port must be less than End port'],
  ["baseline name", manifest("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", subject, "@@name: other"), 'Invalid value: "object": Only one baseline admin network policy with metadata.name="default" can be created in the cluster'],
  ["baseline Pass", manifest("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", `${subject}\ningress:\n- {@@action: Pass, from: [{namespaces: {}}]}`, "name: default"), 'spec.ingress[0].action: Unsupported value: "Pass": supported values: "Allow", "Deny"'],
  ["tier", cluster(`@@tier: admin\npriority: 1\n${subject}`), 'spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline"'],
  ["Allow is Accept here", cluster(`${cnp}\ningress:\n- {@@action: Allow, from: [{namespaces: {}}]}`), 'spec.ingress[0].action: Unsupported value: "Allow": supported values: "Accept", "Deny", "Pass"'],
  ["26 rules", cluster(`${cnp}\n@@ingress:\n${"- {action: Deny, from: [{namespaces: {}}]}\n".repeat(26)}`), "spec.ingress: Too many: 26: must have at most 25 items"],
  ["destination port twice", cluster(`${cnp}\ningress:\n- action: Deny\n  from: [{namespaces: {}}]\n  protocols:\n  - tcp:\n      @@destinationPort: {number: 1, range: {start: 1, end: 2}}`), "spec.ingress[0].protocols[0].tcp.destinationPort: Too many: 2: must have at most 1 item"],
  ["named port towards networks", cluster(`${cnp}\negress:\n- @@{action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: http}]}`), 'spec.egress[0]: Invalid value: "object": networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames'],
  ["namespace on a cluster object", manifest("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", cnp, "name: p\n@@namespace: shop"), "metadata.namespace: Forbidden: not allowed on this type"],
];

describe("invalid NetworkPolicies", () => {
  testRows(rows);
});

describe("invalid cluster-wide policies", () => {
  testRows(clusterRows);
});

describe("NetworkPolicies when strict", () => {
  testRows(
    [
      ["host bits", from("  - ipBlock:\n      @@cidr: 10.10.1.12/24"), 'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.10.1.12/24": must not have bits set beyond the prefix length'],
      ["leading zeros", from("  - ipBlock:\n      @@cidr: 010.0.0.0/8"), 'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length'],
      ["mapped IPv6", from('  - ipBlock:\n      @@cidr: "::ffff:10.0.0.0/104"'), 'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address'],
    ],
    { strict: true },
  );
});
