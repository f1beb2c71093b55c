// Calico's policies judged plainly, from its reference's words alone: tiers, order, actions, profiles. Knows no chain and no mark.
import type { CalicoEntityRule, CalicoNetworkPolicy, CalicoRule, GlobalNetworkPolicy, Tier } from "../../../src/api/calico-api.js";
import { calicoSelects, parseCalicoSelector } from "../../../src/api/calico-selector.js";
import { parseAddress, parseCidrRange, inRange } from "../../../src/policy/address.js";
import type { PodInput } from "../../../src/policy/input.js";
import type { Protocol } from "../enforce/two-nodes.js";

export type Policy = CalicoNetworkPolicy | GlobalNetworkPolicy;

export interface World {
  readonly pods: readonly PodInput[];
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly policies: readonly Policy[];
  readonly tiers: readonly Tier[];
  readonly hosts?: readonly Host[];
  /** addresses of nodes, where host endpoints are judged */
  readonly nodes?: Readonly<Record<string, string>>;
}

/** A host endpoint at the way out of a node. */
export interface Host {
  readonly node: string;
  readonly expectedIPs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** it has the profile that allows everything */
  readonly open: boolean;
}

/** Ports that are never closed: of a node itself, and of others that it asks. */
const FAILSAFE_IN: readonly string[] = ["TCP 22", "UDP 68", "TCP 179", "TCP 2379", "TCP 2380", "TCP 5473", "TCP 6443", "TCP 6666", "TCP 6667"];
const FAILSAFE_OUT: readonly string[] = ["UDP 53", "UDP 67", ...FAILSAFE_IN.slice(2)];

export interface Connection {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
}

function holds(text: string | undefined, label: (name: string) => string | undefined): boolean {
  const selector = parseCalicoSelector(text ?? "");
  if (typeof selector === "string") throw new Error(selector);
  return calicoSelects(selector, label);
}

const podAt = (world: World, ip: string): PodInput | undefined => world.pods.find(({ ips }) => ips.includes(ip));

const ownLabels = (pod: PodInput) => (name: string): string | undefined => (name === "projectcalico.org/namespace" ? pod.namespace : pod.labels[name]);
const namespaceLabels = (world: World, pod: PodInput) => (name: string): string | undefined =>
  name === "kubernetes.io/metadata.name" || name === "projectcalico.org/name" ? pod.namespace : world.namespaces[pod.namespace]?.[name];

function endMatches(world: World, end: CalicoEntityRule, ip: string, policy: Policy): boolean {
  const inside = (net: string): boolean => inRange(parseCidrRange(net.includes("/") ? net : `${net}/32`)!, parseAddress(ip)!);
  if (end.nets !== undefined && end.nets.length > 0 && !end.nets.some(inside)) return false;
  if ((end.notNets ?? []).some(inside)) return false;
  const { selector = "", notSelector = "", namespaceSelector = "" } = end;
  if (selector === "" && notSelector === "" && namespaceSelector === "") return true;
  const pod = podAt(world, ip);
  const namespace = policy.metadata.namespace;
  const host = (world.hosts ?? []).find(({ expectedIPs }) => expectedIPs.includes(ip));
  if (host !== undefined) {
    const label = (name: string): string | undefined => host.labels[name];
    if (notSelector !== "" && selector === "" && namespaceSelector === "" && namespace === undefined) return !holds(notSelector, label);
    return namespaceSelector === "" && namespace === undefined && holds(selector, label) && (notSelector === "" || !holds(notSelector, label));
  }
  const limited = namespaceSelector !== "" || namespace !== undefined || selector !== "";
  // A negated selector alone, in a policy of no namespace, holds for whoever is not selected, outsiders too.
  if (!limited) return pod === undefined || !holds(notSelector, ownLabels(pod));
  if (pod === undefined) return false;
  const there = namespaceSelector !== "" ? namespaceSelector === "all()" || holds(namespaceSelector, namespaceLabels(world, pod)) : namespace === undefined || pod.namespace === namespace;
  return there && holds(selector, ownLabels(pod)) && (notSelector === "" || !holds(notSelector, ownLabels(pod)));
}

function portMatches(world: World, ports: readonly (number | string)[], { to, protocol, port }: Connection): boolean {
  return ports.some((each) => {
    if (typeof each === "number") return each === port;
    if (/^\d/.test(each)) {
      const [first, last] = each.split(":").map(Number) as [number, number];
      return first <= port && port <= last;
    }
    return podAt(world, to)?.ports.some((own) => own.name === each && own.protocol === protocol && own.number === port) === true;
  });
}

function ruleMatches(world: World, rule: CalicoRule, policy: Policy, connection: Connection): boolean {
  const is = (protocol: number | string): boolean => String(protocol).toUpperCase() === connection.protocol;
  if (rule.protocol !== undefined && !is(rule.protocol)) return false;
  if (rule.notProtocol !== undefined && is(rule.notProtocol)) return false;
  if (!endMatches(world, rule.source ?? {}, connection.from, policy) || !endMatches(world, rule.destination ?? {}, connection.to, policy)) return false;
  const { ports = [], notPorts = [] } = rule.destination ?? {};
  return (ports.length === 0 || portMatches(world, ports, connection)) && !portMatches(world, notPorts, connection);
}

function selects(world: World, policy: Policy, pod: PodInput): boolean {
  if (policy.metadata.namespace !== undefined && policy.metadata.namespace !== pod.namespace) return false;
  if (policy.kind === "GlobalNetworkPolicy" && (policy.spec.namespaceSelector ?? "") !== "" && !holds(policy.spec.namespaceSelector, namespaceLabels(world, pod))) return false;
  return holds(policy.spec.selector, ownLabels(pod));
}

const order = (value: number | undefined): number => value ?? Number.POSITIVE_INFINITY;
const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One end's verdict: of the policies that are its own, else what `open` says. */
function judged(world: World, isOwn: (policy: Policy) => boolean, direction: "Ingress" | "Egress", connection: Connection, open = true): boolean {
  const side = direction === "Ingress" ? "ingress" : "egress";
  const builtIn: Tier = { apiVersion: "projectcalico.org/v3", kind: "Tier", metadata: { name: "default" }, spec: { order: 1_000_000, defaultAction: "Deny" } };
  const tiers = [...world.tiers, builtIn].sort((a, b) => order(a.spec.order) - order(b.spec.order) || before(a.metadata.name, b.metadata.name));
  next: for (const tier of tiers) {
    const own = world.policies
      .filter((policy) => (policy.spec.tier ?? "default") === tier.metadata.name && isOwn(policy))
      .filter(({ spec }) => (spec.types ?? []).includes(direction))
      .sort((a, b) => (order(a.spec.order) === order(b.spec.order) ? before(a.metadata.name, b.metadata.name) || before(a.metadata.namespace ?? "", b.metadata.namespace ?? "") : order(a.spec.order) - order(b.spec.order)));
    if (own.length === 0) continue;
    for (const policy of own) {
      for (const rule of policy.spec[side] ?? []) {
        if (!ruleMatches(world, rule, policy, connection) || rule.action === "Log") continue;
        if (rule.action === "Allow") return true;
        if (rule.action === "Deny") return false;
        continue next;
      }
    }
    if (tier.spec.defaultAction !== "Pass") return false;
  }
  return open;
}

const podJudged = (world: World, pod: PodInput, direction: "Ingress" | "Egress", connection: Connection): boolean => judged(world, (policy) => selects(world, policy, pod), direction, connection);

/** What a node's host endpoint says to a packet of the node's own, or to one that is forwarded. */
function hostJudged(world: World, node: string | null, direction: "Ingress" | "Egress", connection: Connection, forwarded: boolean): boolean {
  const host = (world.hosts ?? []).find((each) => each.node === node);
  if (host === undefined) return true;
  if (!forwarded && (direction === "Ingress" ? FAILSAFE_IN : FAILSAFE_OUT).includes(`${connection.protocol} ${connection.port}`)) return true;
  const isOwn = ({ kind, spec }: Policy): boolean =>
    kind === "GlobalNetworkPolicy" && ((spec as { namespaceSelector?: string }).namespaceSelector ?? "") === "" && (!forwarded || (spec as { applyOnForward?: boolean }).applyOnForward === true) && holds(spec.selector, (name) => host.labels[name]);
  return judged(world, isOwn, direction, connection, forwarded || host.open);
}

/** Whether a connection comes about; `fromNode` and `toNode` are the nodes whose own address an end is, null for none. */
export function allowed(world: World, connection: Connection, fromNode: string | null, toNode: string | null = null): boolean {
  const [from, to] = [podAt(world, connection.from), podAt(world, connection.to)];
  if (from !== undefined && from !== to && !podJudged(world, from, "Egress", connection)) return false;
  const [leaves, enters] = [from?.node ?? fromNode, to?.node ?? toNode];
  if (leaves !== enters) {
    if (leaves !== null && !hostJudged(world, leaves, "Egress", connection, from !== undefined)) return false;
    // A pod that speaks to what is no pod is seen under its node's address.
    const address = leaves === null ? undefined : world.nodes?.[leaves];
    const seen = from !== undefined && to === undefined && address !== undefined ? { ...connection, from: address } : connection;
    if (enters !== null && !hostJudged(world, enters, "Ingress", seen, to !== undefined)) return false;
  }
  return to === undefined || from === to || to.node === fromNode || podJudged(world, to, "Ingress", connection);
}
