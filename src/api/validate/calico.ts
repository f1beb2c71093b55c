/* Calico's own kinds. Read first: projectcalico/calico libcalico-go/lib/validator/v3/validator.go. */
import type { CalicoEntityRule, CalicoIcmp, CalicoNetworkPolicy, CalicoPolicySpec, CalicoRule, GlobalNetworkPolicy, HostEndpoint, Tier } from "../calico-api.js";
import { parseCalicoSelector } from "../calico-selector.js";
import { parseCidrText } from "../ip-text.js";
import { dnsSubdomainFaults } from "../names.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta } from "./meta.js";

const ACTIONS = ["Allow", "Deny", "Log", "Pass"] as const;
const PROTOCOLS = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"] as const;
const WITH_PORTS: readonly string[] = ["tcp", "udp", "sctp", "6", "17", "132"];
const PORT = /^[1-9][0-9]{0,4}$/;
const PORT_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;

export function checkCalicoNetworkPolicy(faults: Faults, { metadata, spec }: CalicoNetworkPolicy): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  checkPolicy(faults, spec);
}

export function checkGlobalNetworkPolicy(faults: Faults, { metadata, spec }: GlobalNetworkPolicy): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  checkPolicy(faults, spec);
  checkSelector(faults, "spec.namespaceSelector", spec.namespaceSelector);
  const { doNotTrack = false, preDNAT = false, applyOnForward = false } = spec;
  if (doNotTrack && preDNAT) faults.invalid("spec.preDNAT", true, "preDNAT and doNotTrack cannot both be true, for a given policy");
  if ((doNotTrack || preDNAT) && !applyOnForward) faults.invalid("spec.applyOnForward", false, `applyOnForward must be true if either preDNAT or doNotTrack is true, for a given policy`);
  if (preDNAT && (spec.egress ?? []).length > 0) faults.invalid("spec.egress", "", "PreDNAT policy cannot have any egress rules");
  if (preDNAT && (spec.types ?? []).includes("Egress")) faults.invalid("spec.types", "Egress", "PreDNAT policy cannot have 'egress' type");
}

export function checkTier(faults: Faults, { metadata, spec }: Tier): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  checkOrder(faults, spec.order);
  faults.oneOf("spec.defaultAction", spec.defaultAction, ["Deny", "Pass"]);
}

export function checkHostEndpoint(faults: Faults, { metadata, spec }: HostEndpoint): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  if (spec.node === "") faults.required("spec.node");
  const { interfaceName = "", expectedIPs = [] } = spec;
  if (interfaceName === "" && expectedIPs.length === 0) faults.required("spec.interfaceName", "no interface name or expected IPs have been specified");
  expectedIPs.forEach((text, i) => {
    if (parseCidrText(`${text}/${text.includes(":") ? 128 : 32}`) === undefined) faults.invalid(`spec.expectedIPs[${i}]`, text, "must be a valid IP address");
  });
}

function checkPolicy(faults: Faults, spec: CalicoPolicySpec): void {
  checkOrder(faults, spec.order);
  checkSelector(faults, "spec.selector", spec.selector);
  checkSelector(faults, "spec.serviceAccountSelector", spec.serviceAccountSelector);
  (spec.types ?? []).forEach((type, i) => faults.oneOf(`spec.types[${i}]`, type, ["Ingress", "Egress"]));
  for (const side of ["ingress", "egress"] as const) (spec[side] ?? []).forEach((rule, i) => checkRule(faults, `spec.${side}[${i}]`, rule));
}

function checkOrder(faults: Faults, order: unknown): void {
  if (order !== undefined && typeof order !== "number") faults.invalid("spec.order", order, "must be a number");
}

function checkSelector(faults: Faults, path: string, text: string | undefined): void {
  const selector = text === undefined ? null : parseCalicoSelector(text);
  if (typeof selector === "string") faults.invalid(path, text, `invalid selector: ${selector}`);
}

function checkRule(faults: Faults, path: string, rule: CalicoRule): void {
  if (rule.action === "") faults.required(`${path}.action`);
  else faults.oneOf(`${path}.action`, rule.action, ACTIONS);
  if (rule.ipVersion !== undefined && rule.ipVersion !== 4 && rule.ipVersion !== 6) faults.invalid(`${path}.ipVersion`, rule.ipVersion, "must be 4 or 6");
  checkProtocol(faults, `${path}.protocol`, rule.protocol);
  checkProtocol(faults, `${path}.notProtocol`, rule.notProtocol);
  checkIcmp(faults, `${path}.icmp`, rule.icmp);
  checkIcmp(faults, `${path}.notICMP`, rule.notICMP);
  const protocol = String(rule.protocol ?? "").toLowerCase();
  for (const end of ["source", "destination"] as const) checkEntity(faults, `${path}.${end}`, rule[end] ?? {}, WITH_PORTS.includes(protocol));
  if ((rule.icmp !== undefined || rule.notICMP !== undefined) && !["icmp", "icmpv6", "1", "58"].includes(protocol)) {
    faults.invalid(`${path}.protocol`, rule.protocol ?? "", "rules that specify ICMP fields must set protocol to ICMP or ICMPv6");
  }
  if ("http" in rule) faults.add("not-modelled", `${path}.http`, "Forbidden", "HTTP matches are not modelled");
}

function checkProtocol(faults: Faults, path: string, protocol: number | string | undefined): void {
  if (protocol === undefined) return;
  if (typeof protocol === "number" || /^[0-9]+$/.test(protocol)) {
    if (Number(protocol) < 1 || Number(protocol) > 255) faults.invalid(path, protocol, "must be between 1 and 255, inclusive");
  } else if (!PROTOCOLS.some((each) => each.toLowerCase() === protocol.toLowerCase())) faults.unsupported(path, protocol, PROTOCOLS);
}

function checkIcmp(faults: Faults, path: string, icmp: CalicoIcmp | undefined): void {
  if (icmp === undefined) return;
  for (const field of ["type", "code"] as const) {
    const value = icmp[field];
    if (value !== undefined && (value < 0 || value > (field === "type" ? 254 : 255))) faults.invalid(`${path}.${field}`, value, `must be between 0 and ${field === "type" ? 254 : 255}, inclusive`);
  }
  if (icmp.code !== undefined && icmp.type === undefined) faults.required(`${path}.type`, "ICMP code specified without an ICMP type");
}

function checkEntity(faults: Faults, path: string, end: CalicoEntityRule, hasPorts: boolean): void {
  checkSelector(faults, `${path}.selector`, end.selector);
  checkSelector(faults, `${path}.notSelector`, end.notSelector);
  checkSelector(faults, `${path}.namespaceSelector`, end.namespaceSelector);
  checkSelector(faults, `${path}.serviceAccounts.selector`, end.serviceAccounts?.selector);
  for (const field of ["nets", "notNets"] as const) {
    (end[field] ?? []).forEach((text, i) => {
      const cidr = parseCidrText(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
      if (cidr === undefined) faults.invalid(`${path}.${field}[${i}]`, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    });
  }
  for (const field of ["ports", "notPorts"] as const) {
    const ports = end[field] ?? [];
    if (ports.length > 0 && !hasPorts) faults.invalid(`${path}.${field}`, ports.join(","), 'rules that specify ports must set protocol to TCP or UDP or SCTP');
    ports.forEach((port, i) => checkPort(faults, `${path}.${field}[${i}]`, port));
  }
  if ("services" in end) faults.add("not-modelled", `${path}.services`, "Forbidden", "matches of Services are not modelled");
}

function checkPort(faults: Faults, path: string, port: number | string): void {
  const [first = "", last = first] = String(port).split(":");
  if (typeof port === "string" && !/^[0-9]/.test(port)) {
    if (!PORT_NAME.test(port)) faults.invalid(path, port, "must be a port number, a range `first:last` or the name of a port");
  } else if (!PORT.test(first) || !PORT.test(last) || Number(last) > 65535 || Number(first) > Number(last)) faults.invalid(path, port, "must be between 1 and 65535, inclusive, a range from lower to higher");
}
