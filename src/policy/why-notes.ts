/* What an answer rests on: addresses that are not known, and points that Kubernetes leaves open. */
import { addressIn, type Endpoint, endpointName } from "./endpoint.js";
import { selects } from "./match.js";
import type { PolicyModel } from "./model.js";
import type { PolicyQuery } from "./oracle.js";
import type { Direction } from "./rules.js";

/** Notes on one question, in plain sentences; empty for most. */
export function notesOf(model: PolicyModel, query: PolicyQuery): readonly string[] {
  const { from, to } = query;
  const { switches } = model;
  const other = query.protocol !== "TCP" && query.protocol !== "UDP" && query.protocol !== "SCTP";
  const home = from.kind === "pod" && to.kind === "node" && to.node !== "" && from.pod.input.node === to.node;
  return [
    ...(switches.enforcement === "none" && model.input.policies.length > 0 ? ["this cluster's network plugin enforces no policy: none was looked at"] : []),
    ...unknownAddress(model, query, "egress"),
    ...unknownAddress(model, query, "ingress"),
    ...(other ? [`NetworkPolicy leaves ${query.protocol} undefined: taken as ${switches.otherProtocols === "judged" ? "isolated, and allowed by rules without ports" : "not looked at"}`] : []),
    ...[from, to].flatMap((end) => onHost(end)),
    ...(home ? [`Kubernetes says both that a pod reaches its own node whatever the policy and that it may not: taken as ${switches.podToOwnNode}`] : []),
    ...(query.throughService === true && from.kind === "pod" && to.kind === "pod" && from.pod === to.pod
      ? [`a pod that reaches itself through a Service is left open by NetworkPolicy: taken as ${switches.serviceHairpin}`]
      : []),
  ];
}

/** An end without address, where a rule that could have matched by address was in question. */
function unknownAddress(model: PolicyModel, query: PolicyQuery, direction: Direction): readonly string[] {
  const [own, other] = direction === "egress" ? [query.from, query.to] : [query.to, query.from];
  if (own.kind !== "pod" || other.kind === "external" || addressIn(other, query.family) !== null) return [];
  const byAddress = model.policies.some(
    (policy) => policy[direction]?.some((rule) => rule.peers?.some((peer) => peer.kind === "block")) === true && selects(model, policy, own.pod),
  );
  return byAddress ? [`the address of ${endpointName(other)} is not known: no ipBlock and no network matches it`] : [];
}

function onHost(end: Endpoint): readonly string[] {
  if (end.kind !== "node" || end.pod === null) return [];
  return [`${end.pod.id} is on its host's network: it counts as its node's address, and no policy selects it`];
}
