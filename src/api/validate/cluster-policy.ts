/*
 * The cluster-wide policies are custom resources, so their rules are those of the CRD's schema and CEL expressions.
 * Read first: kubernetes-sigs/network-policy-api apis/v1alpha1 and apis/v1alpha2 (the kubebuilder markers), and
 * k8s.io/apiextensions-apiserver pkg/apiserver/validation for the wording.
 */
import { parseCidrText } from "../ip-text.js";
import { type LabelSelector, selectorOperators } from "../meta.js";
import { dnsSubdomainFaults } from "../names.js";
import { protocols } from "../pod.js";
import type {
  AdminNetworkPolicy,
  AdminPolicyPort,
  BaselineAdminNetworkPolicy,
  ClusterNetworkPolicy,
  ClusterPolicyPort,
  ClusterPolicyProtocol,
  PolicyEgressPeer,
  PolicySubject,
} from "../policy-api.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta } from "./meta.js";

/** What differs between the kinds. */
interface Limits {
  readonly actions: readonly string[];
  readonly most: number;
  readonly accept: string;
}

interface Rule {
  readonly name?: string;
  readonly action: string;
  readonly from?: readonly PolicyEgressPeer[];
  readonly to?: readonly PolicyEgressPeer[];
  readonly ports?: readonly AdminPolicyPort[];
  readonly protocols?: readonly ClusterPolicyProtocol[];
}

const highestPriority = 1000;
const longestRuleName = 100;
const longestCidr = 43;
const mostNetworks = 25;
const domainForm = /^(\*\.)?([a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.)+[a-zA-Z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\.?$/;

const adminLimits: Limits = { actions: ["Allow", "Deny", "Pass"], most: 100, accept: "Allow" };
const baselineLimits: Limits = { actions: ["Allow", "Deny"], most: 100, accept: "Allow" };
const clusterLimits: Limits = { actions: ["Accept", "Deny", "Pass"], most: 25, accept: "Accept" };

export function checkAdminPolicy(faults: Faults, { metadata, spec }: AdminNetworkPolicy): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  checkPriority(faults, spec.priority);
  checkBody(faults, spec, adminLimits);
}

export function checkBaselinePolicy(faults: Faults, { metadata, spec }: BaselineAdminNetworkPolicy): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  if (metadata.name !== "default") {
    const detail = 'Only one baseline admin network policy with metadata.name="default" can be created in the cluster';
    faults.invalid("", "object", detail, "metadata.name");
  }
  checkBody(faults, spec, baselineLimits);
}

export function checkClusterPolicy(faults: Faults, { metadata, spec }: ClusterNetworkPolicy): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  checkChoice(faults, "spec.tier", spec.tier as string | undefined, ["Admin", "Baseline"]);
  checkPriority(faults, spec.priority);
  checkBody(faults, spec, clusterLimits);
}

function checkPriority(faults: Faults, priority: number | undefined): void {
  const path = "spec.priority";
  if (priority === undefined) faults.required(path);
  else checkBounds(faults, path, priority, 0, highestPriority);
}

function checkBounds(faults: Faults, path: string, value: number, least: number, most: number): void {
  if (value < least) faults.invalid(path, value, `${path} in body should be greater than or equal to ${least}`);
  if (value > most) faults.invalid(path, value, `${path} in body should be less than or equal to ${most}`);
}

function checkChoice(faults: Faults, path: string, value: string | undefined, choices: readonly string[]): void {
  if ((value === undefined || value === "") && !faults.isWritten(path)) faults.required(path);
  else faults.oneOf(path, value ?? "", choices);
}

/** `exactly one field must be set`, as the schema says it. */
function checkOneProperty(faults: Faults, path: string, value: object): boolean {
  const found = Object.keys(value).length;
  if (found === 0) faults.invalid(path, 0, `${path} in body should have at least 1 properties`);
  if (found > 1) faults.tooMany(path, found, 1);
  return found === 1;
}

function checkBody(
  faults: Faults,
  spec: { readonly subject: PolicySubject; readonly ingress?: readonly Rule[]; readonly egress?: readonly Rule[] },
  limits: Limits,
): void {
  if (Object.keys(spec.subject).length === 0 && !faults.isWritten("spec.subject")) faults.required("spec.subject");
  else checkOneProperty(faults, "spec.subject", spec.subject);
  checkSelectors(faults, "spec.subject", spec.subject);
  for (const direction of ["ingress", "egress"] as const) {
    const rules = spec[direction] ?? [];
    if (rules.length > limits.most) faults.tooMany(`spec.${direction}`, rules.length, limits.most);
    rules.forEach((rule, index) => checkRule(faults, `spec.${direction}[${index}]`, rule, limits));
  }
}

function checkRule(faults: Faults, path: string, rule: Rule, limits: Limits): void {
  if ((rule.name ?? "").length > longestRuleName) faults.tooLong(`${path}.name`, longestRuleName);
  checkChoice(faults, `${path}.action`, rule.action, limits.actions);
  const side = rule.to === undefined ? "from" : "to";
  const peers = rule.to ?? rule.from ?? [];
  checkCount(faults, `${path}.${side}`, peers.length, limits.most, true);
  peers.forEach((peer, index) => checkPeer(faults, `${path}.${side}[${index}]`, peer, rule.action === limits.accept));

  if (rule.ports !== undefined) checkCount(faults, `${path}.ports`, rule.ports.length, limits.most, false);
  (rule.ports ?? []).forEach((port, index) => checkAdminPort(faults, `${path}.ports[${index}]`, port));
  if (rule.protocols !== undefined) checkCount(faults, `${path}.protocols`, rule.protocols.length, limits.most, true);
  (rule.protocols ?? []).forEach((each, index) => checkProtocol(faults, `${path}.protocols[${index}]`, each));
  checkNamedPorts(faults, path, rule, peers);
}

function checkCount(faults: Faults, path: string, found: number, most: number, needed: boolean): void {
  if (found > most) faults.tooMany(path, found, most);
  else if (needed && found === 0 && !faults.isWritten(path)) faults.required(path);
  else if (needed && found === 0) faults.invalid(path, 0, `${path} in body should have at least 1 items`);
}

function checkNamedPorts(faults: Faults, path: string, rule: Rule, peers: readonly PolicyEgressPeer[]): void {
  const outside = peers.some((peer) => peer.networks !== undefined || peer.nodes !== undefined || peer.domainNames !== undefined);
  const named =
    (rule.protocols ?? []).some((each) => each.destinationNamedPort !== undefined) ||
    (rule.ports ?? []).some((each) => each.namedPort !== undefined);
  if (!outside || !named) return;
  const detail =
    "networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames";
  faults.invalid(path, "object", detail);
}

function checkPeer(faults: Faults, path: string, peer: PolicyEgressPeer, accepts: boolean): void {
  checkOneProperty(faults, path, peer);
  checkSelectors(faults, path, peer);
  if (peer.networks !== undefined) checkCount(faults, `${path}.networks`, peer.networks.length, mostNetworks, true);
  (peer.networks ?? []).forEach((text, index) => checkNetwork(faults, `${path}.networks[${index}]`, text, peer.networks ?? []));
  if (peer.domainNames === undefined) return;
  checkCount(faults, `${path}.domainNames`, peer.domainNames.length, mostNetworks, true);
  if (!accepts) faults.invalid(path, "object", "domainNames may only be used in rules that accept");
  peer.domainNames.forEach((name, index) => {
    const at = `${path}.domainNames[${index}]`;
    if (!domainForm.test(name)) faults.invalid(at, name, `${at} in body should match '${domainForm.source}'`);
  });
}

function checkNetwork(faults: Faults, path: string, text: string, all: readonly string[]): void {
  const cidr = parseCidrText(text);
  const index = Number(/\[(\d+)\]$/.exec(path)?.[1] ?? 0);
  if (text.length > longestCidr) faults.tooLong(path, longestCidr);
  else if (cidr === undefined || cidr.address.mapped || cidr.leadingZeros) {
    faults.invalid(path, "string", "Invalid CIDR format provided");
  } else if (all.indexOf(text) < index) faults.duplicate(path, text);
}

/** The schema takes any operator, but no implementation can use an unknown one. */
function checkSelectors(faults: Faults, path: string, peer: PolicyEgressPeer): void {
  const selectors: readonly (readonly [string, LabelSelector | undefined])[] = [
    [`${path}.namespaces`, peer.namespaces],
    [`${path}.nodes`, peer.nodes],
    [`${path}.pods.namespaceSelector`, peer.pods?.namespaceSelector],
    [`${path}.pods.podSelector`, peer.pods?.podSelector],
  ];
  for (const [at, selector] of selectors) {
    (selector?.matchExpressions ?? []).forEach(({ operator }, index) => {
      if (selectorOperators.some((known) => known === operator)) return;
      faults.warn(`${at}.matchExpressions[${index}].operator`, `${JSON.stringify(operator)} is not a valid selector operator; nothing will match`);
    });
  }
}

function checkAdminPort(faults: Faults, path: string, port: AdminPolicyPort): void {
  checkOneProperty(faults, path, port);
  const { portNumber, portRange } = port;
  if (portNumber !== undefined) {
    faults.oneOf(`${path}.portNumber.protocol`, portNumber.protocol, protocols);
    checkPortNumber(faults, `${path}.portNumber.port`, portNumber.port);
  }
  if (portRange !== undefined) {
    faults.oneOf(`${path}.portRange.protocol`, portRange.protocol, protocols);
    checkRange(faults, `${path}.portRange`, portRange);
  }
}

function checkProtocol(faults: Faults, path: string, protocol: ClusterPolicyProtocol): void {
  checkOneProperty(faults, path, protocol);
  for (const name of ["tcp", "udp", "sctp"] as const) {
    const port = protocol[name]?.destinationPort;
    if (port !== undefined) checkDestinationPort(faults, `${path}.${name}.destinationPort`, port);
    else if (protocol[name] !== undefined) {
      faults.warn(`${path}.${name}`, `${path}.${name} without destinationPort is taken as every ${name.toUpperCase()} port`);
    }
  }
}

function checkDestinationPort(faults: Faults, path: string, port: ClusterPolicyPort): void {
  checkOneProperty(faults, path, port);
  if (port.number !== undefined) checkPortNumber(faults, `${path}.number`, port.number);
  if (port.range !== undefined) checkRange(faults, `${path}.range`, port.range);
}

function checkPortNumber(faults: Faults, path: string, port: number): void {
  if (port === 0 && !faults.isWritten(path)) faults.required(path);
  else checkBounds(faults, path, port, 1, 65535);
}

function checkRange(faults: Faults, path: string, { start, end }: { readonly start: number; readonly end: number }): void {
  checkPortNumber(faults, `${path}.start`, start);
  checkPortNumber(faults, `${path}.end`, end);
  if (start >= end) faults.invalid(path, "object", "Start port must be less than End port");
}
