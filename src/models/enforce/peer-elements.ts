/**
 * Elements of sets for what rules name: pods by selector, an ipBlock as nets with its excepts as `nomatch`, and named ports as
 * pairs of a destination pod's address and what the name stands for there.
 */
import { compareWords, formatAddress, type AddressRange } from "../../policy/address.js";
import { addressIn, podEndpoint } from "../../policy/endpoint.js";
import { peerMatches } from "../../policy/match.js";
import type { PodRecord, PolicyModel } from "../../policy/model.js";
import type { Peer, Policy, PortMatch } from "../../policy/rules.js";
import { matches } from "../../api/selector.js";
import type { PodsByNamespace } from "./pods-by-namespace.js";

export type Elements = ReadonlyMap<string, boolean>;
type PodsPeer = Peer & { readonly kind: "pods" };
type Block = Peer & { readonly kind: "block" };

/** A pod's address in a family as sets and rules write it, null if it has none. */
export function addressText(pod: PodRecord, family: 4 | 6): string | null {
  const address = addressIn(podEndpoint(pod), family);
  return address === null ? null : formatAddress(address.words);
}

/** The pods that a peer's selectors match; pods that are no end of a connection are none. */
export function podsOfPeer(model: PolicyModel, index: PodsByNamespace, policy: Policy, peer: PodsPeer): readonly PodRecord[] {
  const chosen = (pod: PodRecord): boolean => peer.pods === null || matches(peer.pods, pod.input.labels);
  const { namespaces } = peer;
  if (namespaces === null) return (index.get(policy.namespace) ?? []).filter(chosen);
  return [...index].flatMap(([name, pods]) => (matches(namespaces, model.namespaceLabels(name)) ? pods.filter(chosen) : []));
}

export function podElements(pods: readonly PodRecord[], family: 4 | 6): Elements {
  const elements = new Map<string, boolean>();
  for (const pod of pods) {
    const address = addressText(pod, family);
    if (address !== null) elements.set(address, false);
  }
  return elements;
}

/** What the names of `entries` mean at each of the pods that a peer (null: any) matches. */
export function namedPortElements(model: PolicyModel, pods: readonly PodRecord[], entries: readonly PortMatch[], policy: Policy, peer: Peer | null, family: 4 | 6): Elements {
  const elements = new Map<string, boolean>();
  for (const pod of pods) {
    const ports = pod.named.filter((port) => entries.some((e) => e.name === port.name && (e.protocol === null || e.protocol === port.protocol)));
    if (ports.length === 0 || (peer !== null && !peerMatches(model, policy, peer, podEndpoint(pod), family))) continue;
    const address = addressText(pod, family);
    if (address !== null) for (const port of ports) elements.set(`${address},${port.protocol.toLowerCase()}:${port.number}`, false);
  }
  return elements;
}

/** An ipBlock's nets. An except as wide as its block leaves nothing; the whole family is two halves, since a set takes no /0. */
export function blockElements(block: Block, family: 4 | 6): Elements {
  const elements = new Map<string, boolean>();
  if (block.range.family !== family || block.except.some((each) => inside(each, block.range))) return elements;
  for (const net of nets(block.range)) elements.set(net, false);
  for (const each of block.except) if (inside(block.range, each)) for (const net of nets(each)) elements.set(net, true);
  return elements;
}

function inside(outer: AddressRange, inner: AddressRange): boolean {
  return outer.family === inner.family && compareWords(outer.first, inner.first) <= 0 && compareWords(inner.last, outer.last) <= 0;
}

function nets(range: AddressRange): readonly string[] {
  const bits = range.family === 4 ? 32 : 128;
  let length = 0;
  for (let i = 0; i < range.first.length; i++) length += Math.clz32(range.first[i]! ^ range.last[i]!);
  if (length === bits) return [formatAddress(range.first)];
  if (length > 0) return [`${formatAddress(range.first)}/${length}`];
  return range.family === 4 ? ["0.0.0.0/1", "128.0.0.0/1"] : ["::/1", "8000::/1"];
}
