/* Ports that no container has, and port entries that mean less than they seem to. */
import { nearestName } from "../api/nearest-name.js";
import type { PodPort } from "./input.js";
import { peerMatches } from "./match.js";
import { listed, type LintContext } from "./lint-context.js";
import { podEndpoint } from "./endpoint.js";
import type { PodRecord } from "./model.js";
import type { Direction, Policy, PortMatch, Rule } from "./rules.js";

export function lintPorts(context: LintContext): void {
  for (const policy of context.model.policies) {
    for (const direction of ["ingress", "egress"] as const) {
      for (const rule of policy[direction] ?? []) {
        if (rule.ports === null || rule.action === "deny") continue;
        const pods = destinations(context, policy, rule, direction);
        for (const entry of rule.ports) lintEntry(context, policy, entry, pods);
      }
    }
  }
}

/** Pods that the rule's ports are about; null when they cannot be listed. */
function destinations(context: LintContext, policy: Policy, rule: Rule, direction: Direction): readonly PodRecord[] | null {
  if (direction === "ingress") return context.selectedBy(policy);
  if (rule.peers === null || rule.peers.some((peer) => peer.kind !== "pods")) return null;
  const { model } = context;
  return model.pods.filter((pod) => pod.absent === "" && rule.peers!.some((peer) => peerMatches(model, policy, peer, podEndpoint(pod), 4)));
}

function lintEntry(context: LintContext, policy: Policy, entry: PortMatch, pods: readonly PodRecord[] | null): void {
  const whole = entry.first === 1 && entry.last === 65535;
  if (policy.kind === "NetworkPolicy" && whole && entry.name === "" && !/TCP|UDP|SCTP/.test(writtenProtocol(context, policy, entry))) {
    context.add("note", "empty-port-entry", policy, entry.path, "an entry without port and protocol is every TCP port, not every port", "write protocol: TCP to say so, or take the ports away to open all");
  }
  if (pods === null || pods.length === 0) return;
  const declared = pods.flatMap((pod) => pod.input.ports);
  const fits = (port: PodPort): boolean => entry.protocol === null || port.protocol === entry.protocol;
  const field = policy.kind === "NetworkPolicy" ? `${entry.path}.port` : entry.path;
  const who = listed(pods.map((pod) => pod.id));
  if (entry.name !== "") {
    if (declared.some((port) => port.name === entry.name && fits(port))) return;
    const other = declared.find((port) => port.name === entry.name);
    const near = nearestName(entry.name, declared.map((port) => port.name).filter((name) => name !== ""));
    const fix = other !== undefined ? `write protocol: ${other.protocol}` : near === undefined ? "" : `write ${near}`;
    context.add("warning", "named-port-unknown", policy, field, `no container of ${who} has a ${entry.protocol ?? ""} port named ${entry.name}: the entry matches nothing`.replace("a  port", "a port"), fix);
    return;
  }
  if (whole || declared.length === 0 || declared.some((port) => fits(port) && entry.first <= port.number && port.number <= entry.last)) return;
  const said = entry.first === entry.last ? String(entry.first) : `${entry.first}-${entry.last}`;
  const has = listed([...new Set(declared.map((port) => `${port.protocol} ${port.number}`))]);
  context.add("warning", "port-not-declared", policy, field, `no container of ${who} declares ${entry.protocol ?? "any protocol"} ${said} (declared: ${has}); rules see the pod's port, not the Service's`);
}

function writtenProtocol(context: LintContext, policy: Policy, entry: PortMatch): string {
  const object = context.objectOf(policy);
  if (object.kind !== "NetworkPolicy") return "";
  const [, direction, rule, port] = /^spec\.(ingress|egress)\[(\d+)\]\.ports\[(\d+)\]$/.exec(entry.path) ?? [];
  return object.spec[direction as Direction]?.[Number(rule)]?.ports?.[Number(port)]?.protocol ?? "";
}
