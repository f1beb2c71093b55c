/* The two ends of a connection: a pod, a node, or an address outside the cluster. */
import { type Address, formatAddress } from "./address.js";
import type { NodeRecord, PodRecord, PolicyModel } from "./model.js";

/** A pod on its host's network is the end `node`, of which only node name and addresses count. */
export type Endpoint =
  | { readonly kind: "pod"; readonly pod: PodRecord }
  | { readonly kind: "node"; readonly node: string; readonly addresses: readonly Address[]; readonly pod: PodRecord | null }
  | { readonly kind: "external"; readonly address: Address | null; readonly host: string };

/** The end that a pod is; one with hostNetwork is its node. */
export function podEndpoint(pod: PodRecord): Endpoint {
  if (pod.host) return { kind: "node", node: pod.input.node, addresses: pod.addresses, pod };
  return { kind: "pod", pod };
}

/** The end that a node is. */
export function nodeEndpoint(node: NodeRecord): Endpoint {
  return { kind: "node", node: node.name, addresses: node.addresses, pod: null };
}

/** Whoever has the address, or the outside world; `host` is a domain name that it was reached by. */
export function addressEndpoint(model: PolicyModel, address: Address, host = ""): Endpoint {
  const owner = model.ownerOf(address);
  if (owner === undefined) return { kind: "external", address, host };
  return "input" in owner ? podEndpoint(owner) : nodeEndpoint(owner);
}

/** The address that an end shows in a family; null when it has none or none is known. */
export function addressIn(end: Endpoint, family: 4 | 6): Address | null {
  if (end.kind === "external") return end.address?.family === family ? end.address : null;
  const addresses = end.kind === "pod" ? end.pod.addresses : end.addresses;
  return addresses.find((each) => each.family === family) ?? null;
}

/** The family that both ends have an address in, by the order of the destination's; else that of whichever end has one. */
export function commonFamily(from: Endpoint, to: Endpoint): 4 | 6 {
  const ours = families(from);
  const theirs = families(to);
  return theirs.find((each) => ours.includes(each)) ?? theirs[0] ?? ours[0] ?? 4;
}

/** What an end is called in answers. */
export function endpointName(end: Endpoint): string {
  if (end.kind === "pod") return end.pod.id;
  if (end.kind === "node") return end.pod === null ? `node/${end.node}` : end.pod.id;
  return end.address === null ? end.host : formatAddress(end.address.words);
}

function families(end: Endpoint): readonly (4 | 6)[] {
  if (end.kind === "external") return end.address === null ? [] : [end.address.family];
  return (end.kind === "pod" ? end.pod.addresses : end.addresses).map((each) => each.family);
}
