import { describe } from "vitest";
import { cidrText, dns1035Label, dnsLabel, dnsSubdomain, ipText, labelKey, labelValue, manifest, portRange, type Row, testRows } from "./marked.js";

const svc = (spec: string, metadata?: string): string => manifest("v1", "Service", spec, metadata);
const port = "ports: [{port: 80}]";
const loopback = "may not be in the loopback range (127.0.0.0/8, ::1/128)";

// control-plane.md, section 1.5, table "Service"
const rows: readonly Row[] = [
  ["no ports", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n@@spec: {selector: {app: web}}\n", "spec.ports: Required value"],
  ["port 0", svc("ports:\n- @@port: 0"), `spec.ports[0].port: Invalid value: 0: ${portRange}`],
  ["port too high", svc("ports:\n- @@port: 70000"), `spec.ports[0].port: Invalid value: 70000: ${portRange}`],
  ["negative port", svc("ports:\n- @@port: -1"), `spec.ports[0].port: Invalid value: -1: ${portRange}`],
  ["port missing", svc("ports:\n- @@name: a"), `spec.ports[0].port: Invalid value: 0: ${portRange}`],
  ["port as text", svc('ports:\n- @@port: "80"'), "spec.ports[0].port: json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32"],
  ["port with a fraction", svc("ports:\n- @@port: 80.5"), "spec.ports[0].port: json: cannot unmarshal number 80.5 into Go struct field ServicePort.spec.ports.port of type int32"],
  ["port beyond int32", svc("ports:\n- @@port: 4294967296"), "spec.ports[0].port: json: cannot unmarshal number 4294967296 into Go struct field ServicePort.spec.ports.port of type int32"],
  ["ports as a map", svc("@@ports: {port: 80}"), "spec.ports: json: cannot unmarshal object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort"],
  ["a port as text", svc("ports:\n- @@http"), "spec.ports[0]: json: cannot unmarshal string into Go struct field ServiceSpec.spec.ports of type v1.ServicePort"],
  ["spec as a list", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n@@spec: []\n", "spec: json: cannot unmarshal array into Go struct field Service.spec of type v1.ServiceSpec"],
  ["type as a number", svc(`${port}\n@@type: 5`), "spec.type: json: cannot unmarshal number into Go struct field ServiceSpec.spec.type of type v1.ServiceType"],
  ["selector value as a number", svc(`${port}\nselector:\n  @@app: 1`), "spec.selector[app]: json: cannot unmarshal number into Go struct field ServiceSpec.spec.selector of type string"],
  ["selector value as a boolean", svc(`${port}\nselector:\n  @@app: yes`), "spec.selector[app]: json: cannot unmarshal bool into Go struct field ServiceSpec.spec.selector of type string"],
  ["unknown field", svc(`${port}\n@@portt: 1`), 'spec.portt: unknown field "spec.portt"'],
  ["unknown field in a list", svc("ports:\n- port: 80\n  @@targetport: 1"), 'spec.ports[0].targetport: unknown field "spec.ports[0].targetport"'],
  ["names with several ports", svc("ports:\n- @@port: 80\n- @@port: 81"), "spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
  ["repeated port name", svc("ports:\n- {name: a, port: 80}\n- {@@name: a, port: 81}"), 'spec.ports[1].name: Duplicate value: "a"'],
  ["bad port name", svc("ports:\n- {@@name: Http, port: 80}"), `spec.ports[0].name: Invalid value: "Http": ${dnsLabel}`],
  ["protocol in lower case", svc("ports:\n- {port: 80, @@protocol: tcp}"), 'spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
  ["target port too high", svc("ports:\n- {port: 80, @@targetPort: 99999}"), `spec.ports[0].targetPort: Invalid value: 99999: ${portRange}`],
  ["target port without a letter", svc('ports:\n- {port: 80, @@targetPort: "8080"}'), 'spec.ports[0].targetPort: Invalid value: "8080": must contain at least one letter (a-z)'],
  ["target port name too long", svc("ports:\n- {port: 80, @@targetPort: aaaaaaaaaaaaaaaa}"), 'spec.ports[0].targetPort: Invalid value: "aaaaaaaaaaaaaaaa": must be no more than 15 characters'],
  ["target port name with every fault", svc("ports:\n- {port: 80, @@targetPort: -_--}"),
    'spec.ports[0].targetPort: Invalid value: "-_--": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    'spec.ports[0].targetPort: Invalid value: "-_--": must contain at least one letter (a-z)',
    'spec.ports[0].targetPort: Invalid value: "-_--": must not contain consecutive hyphens',
    'spec.ports[0].targetPort: Invalid value: "-_--": must not begin or end with a hyphen'],
  ["node port on ClusterIP", svc("ports:\n- {port: 80, @@nodePort: 30080}"), "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ["repeated node port", svc("type: NodePort\nports:\n- {name: a, port: 80, nodePort: 30080}\n- {name: b, port: 81, @@nodePort: 30080}"), "spec.ports[1].nodePort: Duplicate value: 30080"],
  ["repeated port and protocol", svc("ports:\n- {name: a, port: 80}\n- @@{name: b, port: 80}"), 'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}'],
  ["headless LoadBalancer", svc(`type: LoadBalancer\n@@clusterIP: None\n${port}`), "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services"],
  ["headless NodePort", svc(`type: NodePort\nclusterIP: None\nclusterIPs:\n- @@None\n${port}`), "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
  ["ExternalName with an address", svc("type: ExternalName\nexternalName: a.example\nclusterIP: 10.0.0.1\n@@clusterIPs: [10.0.0.1]"), "spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
  ["ExternalName with families", svc("type: ExternalName\nexternalName: a.example\n@@ipFamilies: [IPv4]\n@@ipFamilyPolicy: SingleStack"), "spec.ipFamilies: Forbidden: may not be set for ExternalName services", "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services"],
  ["ExternalName without a name", svc("type: ExternalName").replace("spec:", "@@spec:"), "spec.externalName: Required value"],
  ["ExternalName with an odd name", svc("type: ExternalName\n@@externalName: A_b"), `spec.externalName: Invalid value: "A_b": ${dnsSubdomain}`],
  ["session affinity", svc(`@@sessionAffinity: Cookie\n${port}`), 'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"'],
  ["affinity config without affinity", svc(`@@sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}\n${port}`), "spec.sessionAffinityConfig: Forbidden: must not be set when session affinity is None"],
  ["affinity timeout", svc(`sessionAffinity: ClientIP\nsessionAffinityConfig:\n  clientIP:\n    @@timeoutSeconds: 86401\n${port}`), "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"],
  ["type", svc(`@@type: Loadbalancer\n${port}`), 'spec.type: Unsupported value: "Loadbalancer": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ["external policy on ClusterIP", svc(`@@externalTrafficPolicy: Local\n${port}`), 'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
  ["external policy", svc(`type: NodePort\n@@externalTrafficPolicy: Node\n${port}`), 'spec.externalTrafficPolicy: Unsupported value: "Node": supported values: "Cluster", "Local"'],
  ["internal policy", svc(`@@internalTrafficPolicy: Node\n${port}`), 'spec.internalTrafficPolicy: Unsupported value: "Node": supported values: "Cluster", "Local"'],
  ["health port without Local", svc(`type: LoadBalancer\n@@healthCheckNodePort: 30001\n${port}`), "spec.healthCheckNodePort: Invalid value: 30001: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"],
  ["source ranges on ClusterIP", svc(`@@loadBalancerSourceRanges: [10.0.0.0/8]\n${port}`), "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
  ["source range", svc(`type: LoadBalancer\nloadBalancerSourceRanges:\n- @@10.0.0.0/33\n${port}`), `spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/33": ${cidrText}`],
  ["node ports on ClusterIP", svc(`@@allocateLoadBalancerNodePorts: true\n${port}`), "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"],
  ["class on ClusterIP", svc(`@@loadBalancerClass: a/b\n${port}`), "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"],
  ["traffic distribution", svc(`@@trafficDistribution: Near\n${port}`), 'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"'],
  ["cluster IP", svc(`@@clusterIP: 10.0.0.256\n${port}`), `spec.clusterIPs[0]: Invalid value: "10.0.0.256": ${ipText}`],
  ["cluster IPs without cluster IP", svc(`@@clusterIPs: [10.0.0.1]\n${port}`), 'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified'],
  ["first cluster IP differs", svc(`clusterIP: 10.0.0.2\n@@clusterIPs: [10.0.0.1]\n${port}`), 'spec.clusterIPs: Invalid value: ["10.0.0.1"]: first value must match `clusterIP`'],
  ["None and an address", svc(`clusterIP: None\n@@clusterIPs: [None, 10.0.0.1]\n${port}`), "spec.clusterIPs: Invalid value: [\"None\",\"10.0.0.1\"]: 'None' must be the first and only value"],
  ["two of one family", svc(`clusterIP: 10.0.0.1\n@@clusterIPs: [10.0.0.1, 10.0.0.2]\n${port}`), 'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family'],
  ["three cluster IPs", svc(`clusterIP: 10.0.0.1\n@@clusterIPs: [10.0.0.1, fd00::1, 10.0.0.2]\n${port}`), 'spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values'],
  ["family of the address", svc(`clusterIP: 10.0.0.1\nclusterIPs:\n- @@10.0.0.1\nipFamilies: [IPv6]\n${port}`), 'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`'],
  ["families", svc(`ipFamilies:\n- @@ipv4\n${port}`), 'spec.ipFamilies[0]: Unsupported value: "ipv4": supported values: "IPv4", "IPv6"'],
  ["repeated family", svc(`ipFamilies:\n- IPv4\n- @@IPv4\n${port}`), 'spec.ipFamilies[1]: Duplicate value: "IPv4"'],
  ["family policy", svc(`@@ipFamilyPolicy: DualStack\n${port}`), 'spec.ipFamilyPolicy: Unsupported value: "DualStack": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"'],
  ["single stack with two families", svc(`@@ipFamilyPolicy: SingleStack\nipFamilies: [IPv4, IPv6]\n${port}`), "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"],
  ["external IP", svc(`externalIPs:\n- @@1.2.3\n${port}`), `spec.externalIPs[0]: Invalid value: "1.2.3": ${ipText}`],
  ["external IP in loopback", svc(`externalIPs:\n- @@127.0.0.1\n- @@::1\n${port}`), `spec.externalIPs[0]: Invalid value: "127.0.0.1": ${loopback}`, `spec.externalIPs[1]: Invalid value: "::1": ${loopback}`],
  ["external IP unspecified", svc(`externalIPs:\n- @@0.0.0.0\n${port}`), 'spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)'],
  ["external IP link-local", svc(`externalIPs:\n- @@169.254.1.1\n- @@224.0.0.1\n${port}`),
    'spec.externalIPs[0]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    'spec.externalIPs[1]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ["leading zeros are a warning", svc(`externalIPs:\n- @@10.0.0.01\n${port}`), 'spec.externalIPs[0]: non-standard IP address "10.0.0.01" will be considered invalid in a future Kubernetes release: use "10.0.0.1"'],
  ["odd IPv6 text is a warning", svc(`externalIPs:\n- @@FD00::1\n${port}`), 'spec.externalIPs[0]: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'],
  ["mapped IPv6 is a warning", svc(`externalIPs:\n- @@::ffff:10.0.0.1\n${port}`), 'spec.externalIPs[0]: non-standard IP address "::ffff:10.0.0.1" will be considered invalid in a future Kubernetes release: use "10.0.0.1"'],
  ["name that starts with a digit", svc(port, "@@name: 1web"), `metadata.name: Invalid value: "1web": ${dns1035Label}`],
  ["name missing", "apiVersion: v1\nkind: Service\n@@metadata: {labels: {}}\nspec: {ports: [{port: 80}]}\n", "metadata.name: Required value: name or generateName is required"],
  ["namespace", svc(port, "name: web\n@@namespace: A"), `metadata.namespace: Invalid value: "A": ${dnsLabel}`],
  ["label key", svc(port, "name: web\nlabels:\n  @@a b: x"), `metadata.labels: Invalid value: "a b": ${labelKey}`],
  ["label value", svc(port, "name: web\nlabels:\n  @@a: x y"), `metadata.labels: Invalid value: "x y": ${labelValue}`],
  ["label value as a number", svc(port, "name: web\nlabels:\n  @@a: 1"), "metadata.labels[a]: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"],
  ["selector key", svc(`${port}\nselector:\n  @@/a: x`), 'spec.selector: Invalid value: "/a": prefix part must be non-empty'],
];

describe("invalid Services", () => {
  testRows(rows);
  testRows([
    ["all problems of an object are told", svc("ports:\n- @@port: 0\n  @@protocol: x\n@@type: X"),
      `spec.ports[0].port: Invalid value: 0: ${portRange}`,
      'spec.ports[0].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"',
      'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ]);
});

describe("when strict", () => {
  testRows(
    [
      ["leading zeros", svc(`externalIPs:\n- @@10.0.0.01\n${port}`), 'spec.externalIPs[0]: Invalid value: "10.0.0.01": must not have leading 0s'],
      ["mapped IPv6", svc(`externalIPs:\n- @@::ffff:10.0.0.1\n${port}`), 'spec.externalIPs[0]: Invalid value: "::ffff:10.0.0.1": must not be an IPv4-mapped IPv6 address'],
    ],
    { strict: true },
  );
});
