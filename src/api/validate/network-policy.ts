/* Read first: k8s.io/kubernetes pkg/apis/networking/validation/validation.go. */
import { cidrContains, parseCidrText } from "../ip-text.js";
import { dnsSubdomainFaults, portNameFaults, portNumberFaults } from "../names.js";
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from "../networking.js";
import { protocols } from "../pod.js";
import { checkCidr } from "./addresses.js";
import type { Faults } from "./faults.js";
import { checkLabelSelector, checkObjectMeta } from "./meta.js";

const policyTypes = ["Ingress", "Egress"] as const;

export function checkNetworkPolicy(faults: Faults, { metadata, spec }: NetworkPolicy): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  checkLabelSelector(faults, "spec.podSelector", spec.podSelector);
  (spec.ingress ?? []).forEach((rule, index) => checkRule(faults, `spec.ingress[${index}]`, "from", rule.from, rule.ports));
  (spec.egress ?? []).forEach((rule, index) => checkRule(faults, `spec.egress[${index}]`, "to", rule.to, rule.ports));

  const written = spec.policyTypes ?? [];
  if (written.length > policyTypes.length) {
    faults.invalid("spec.policyTypes", written, "may not specify more than two policyTypes");
    return;
  }
  written.forEach((type, index) => faults.oneOf(`spec.policyTypes[${index}]`, type, policyTypes));
}

function checkRule(
  faults: Faults,
  path: string,
  side: "from" | "to",
  peers: readonly NetworkPolicyPeer[] = [],
  ports: readonly NetworkPolicyPort[] = [],
): void {
  ports.forEach((port, index) => checkPort(faults, `${path}.ports[${index}]`, port));
  peers.forEach((peer, index) => checkPeer(faults, `${path}.${side}[${index}]`, peer));
}

function checkPort(faults: Faults, path: string, { protocol, port, endPort }: NetworkPolicyPort): void {
  faults.oneOf(`${path}.protocol`, protocol, protocols);
  if (port === undefined) {
    if (endPort !== undefined) faults.invalid(`${path}.endPort`, endPort, "may not be specified when `port` is not specified");
  } else if (typeof port === "string") {
    if (endPort !== undefined) faults.invalid(`${path}.endPort`, endPort, "may not be specified when `port` is non-numeric");
    faults.invalidEach(`${path}.port`, port, portNameFaults(port));
  } else {
    faults.invalidEach(`${path}.port`, port, portNumberFaults(port));
    if (endPort === undefined) return;
    if (endPort < port) faults.invalid(`${path}.endPort`, endPort, "must be greater than or equal to `port`");
    faults.invalidEach(`${path}.endPort`, endPort, portNumberFaults(endPort));
  }
}

function checkPeer(faults: Faults, path: string, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): void {
  checkLabelSelector(faults, `${path}.podSelector`, podSelector);
  checkLabelSelector(faults, `${path}.namespaceSelector`, namespaceSelector);
  if (ipBlock !== undefined) checkIpBlock(faults, `${path}.ipBlock`, ipBlock);

  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) faults.required(path, "must specify a peer");
  else if (selects && ipBlock !== undefined) faults.forbidden(path, "may not specify both ipBlock and another peer");
}

function checkIpBlock(faults: Faults, path: string, block: IPBlock): void {
  if (block.cidr === "") {
    faults.required(`${path}.cidr`);
    return;
  }
  const cidr = checkCidr(faults, `${path}.cidr`, block.cidr);
  if (cidr === undefined) return;
  (block.except ?? []).forEach((text, index) => {
    const at = `${path}.except[${index}]`;
    checkCidr(faults, at, text);
    const except = parseCidrText(text);
    if (except === undefined) return;
    const inside = cidrContains(cidr, { ...except.address, bytes: except.network }) && cidr.prefix < except.prefix;
    if (!inside) faults.invalid(at, text, "must be a strict subset of `cidr`");
  });
}
