/* Doors left open, or shut, that the author hardly meant: one direction only, no DNS, a plugin that enforces nothing. */
import type { PodInput } from "./input.js";
import { listed, type LintContext } from "./lint-context.js";
import { portMatches, selects } from "./match.js";
import { type PodRecord, PolicyModel } from "./model.js";
import { judge } from "./oracle.js";
import { type Endpoint, podEndpoint } from "./endpoint.js";
import type { Direction, Policy, Rule } from "./rules.js";

export function lintOpenDirection(context: LintContext): void {
  const isolated: Record<Direction, Set<PodRecord>> = { ingress: new Set(), egress: new Set() };
  for (const policy of context.model.namespaced) {
    for (const direction of ["ingress", "egress"] as const) {
      if (policy[direction] !== null) for (const pod of context.selectedBy(policy)) isolated[direction].add(pod);
    }
  }
  const told = new Set<PodRecord>();
  for (const policy of context.model.namespaced) {
    for (const [direction, other, free] of [["ingress", "egress", "reach everyone"], ["egress", "ingress", "be reached by everyone"]] as const) {
      if (policy[direction] === null) continue;
      const open = context.selectedBy(policy).filter((pod) => !isolated[other].has(pod) && !told.has(pod));
      if (open.length === 0) continue;
      for (const pod of open) told.add(pod);
      const type = other === "ingress" ? "Ingress" : "Egress";
      context.add("note", "open-in-one-direction", policy, policy.subjectPath, `isolates ${listed(open.map((pod) => pod.id))} for ${direction} only: by NetworkPolicy they may still ${free}`, `if that is not meant, add ${type} to spec.policyTypes, with the rules they need`);
    }
  }
}

/** Pods whose egress is isolated and opened somewhere, but not for names: most programs then fail at their first lookup. */
export function lintDns(context: LintContext): void {
  const servers = context.model.pods.filter((pod) => pod.absent === "" && pod.input.labels["k8s-app"] === "kube-dns");
  const model = servers.length > 0 ? context.model : withDnsServer(context.model);
  const known = servers.length > 0 ? servers : model.pods.slice(-1);
  const mute = new Map<Policy, { readonly udp: PodRecord[]; readonly tcp: PodRecord[] }>();
  const asked = new Set<PodRecord>();
  for (const policy of context.model.namespaced) {
    if (policy.egress === null || policy.egress.length === 0) continue;
    const list = { udp: [] as PodRecord[], tcp: [] as PodRecord[] };
    for (const pod of context.selectedBy(policy)) {
      if (asked.has(pod)) continue;
      asked.add(pod);
      if (!asks(model, pod, known, "UDP")) list.udp.push(pod);
      else if (!asks(model, pod, known, "TCP")) list.tcp.push(pod);
    }
    mute.set(policy, list);
  }
  for (const [policy, { udp, tcp }] of mute) {
    const fix = "allow egress to UDP and TCP 53 of namespace kube-system, pods k8s-app=kube-dns";
    if (udp.length > 0) context.add("warning", "dns-egress-forgotten", policy, "spec.egress", `${listed(udp.map((pod) => pod.id))} cannot resolve names: no egress rule allows UDP 53 to the cluster's DNS`, fix);
    if (tcp.length > 0) context.add("note", "dns-egress-udp-only", policy, "spec.egress", `${listed(tcp.map((pod) => pod.id))} can ask DNS over UDP but not over TCP, which long answers need`, fix);
  }
}

/** Whether a DNS server is allowed, or some address range is: a node-local cache may be in it. */
function asks(model: PolicyModel, pod: PodRecord, servers: readonly PodRecord[], protocol: string): boolean {
  const from = podEndpoint(pod);
  if (servers.some((to) => judge(model, { from, to: podEndpoint(to), protocol, port: 53, family: 4 }, "egress").allowed)) return true;
  return model.namespaced.some((policy) => policy.egress?.some((rule) => toAddresses(rule, from, protocol)) === true && selects(model, policy, pod));
}

function toAddresses({ peers, ports }: Rule, end: Endpoint, protocol: string): boolean {
  return peers?.some((peer) => peer.kind === "block") === true && (ports === null || ports.some((entry) => portMatches(entry, end, protocol, 53)));
}

/** The set with the DNS server that every cluster has and few manifests show. */
function withDnsServer(model: PolicyModel): PolicyModel {
  const ports = (["UDP", "TCP"] as const).map((protocol) => ({ name: protocol === "UDP" ? "dns" : "dns-tcp", protocol, number: 53 }));
  const pod: PodInput = { namespace: "kube-system", name: "coredns", labels: { "k8s-app": "kube-dns" }, workload: "kube-system/coredns[Deployment]", template: true, owned: true, ips: [], node: "", hostNetwork: false, phase: "", ports, source: null };
  return new PolicyModel({ ...model.input, pods: [...model.input.pods, pod] }, model.switches);
}

export function lintEnforcement(context: LintContext): void {
  const first = context.model.policies[0];
  if (context.options.cni === "flannel" && first !== undefined) {
    const message = "flannel enforces no NetworkPolicy: none of these policies has any effect";
    context.add("warning", "not-enforced", first, "", message, "run an enforcing plugin beside it, as Canal or kube-network-policies do");
  }
}
