/* A policy with its selectors, peers and ports replaced by the numbers that rows are made of. */
import type { Action, Peer, Policy, PortMatch, Rule } from "../rules.js";
import type { Identities } from "./identities.js";
import type { OuterPeers } from "./outer-peers.js";
import { type PortClasses, protocolNumbers } from "./port-classes.js";
import type { SelectorTest, SelectorTests } from "./selector-test.js";
import { everyone, type Terms } from "./terms.js";

export interface CompiledRule {
  readonly action: Action;
  readonly terms: readonly number[];
  /** Entries of port ranges; null: every protocol and port. */
  readonly entries: readonly number[] | null;
  readonly names: readonly PortMatch[];
}

export interface CompiledPolicy {
  readonly policy: Policy;
  /** Namespace number; -1: by `namespaces`. */
  readonly namespace: number;
  readonly namespaces: SelectorTest | null;
  readonly pods: SelectorTest | null;
  readonly egress: readonly CompiledRule[] | null;
  readonly ingress: readonly CompiledRule[] | null;
  /** An ingress rule has a port name, so rows depend on the subject's own ports. */
  readonly namesIngress: boolean;
}

export interface CompileParts {
  readonly tests: SelectorTests;
  readonly terms: Terms;
  readonly ports: PortClasses;
  readonly outer: OuterPeers;
  readonly identities: Identities;
  namespaceNumber(name: string): number;
}

export function compilePolicy(policy: Policy, parts: CompileParts): CompiledPolicy {
  const own = policy.namespace === "" ? -1 : parts.namespaceNumber(policy.namespace);
  const egress = compileRules(policy.egress, own, parts);
  const ingress = compileRules(policy.ingress, own, parts);
  return {
    policy,
    namespace: policy.subjectNamespaces === null ? own : -1,
    namespaces: parts.tests.of(policy.subjectNamespaces),
    pods: parts.tests.of(policy.subjectPods),
    egress,
    ingress,
    namesIngress: ingress?.some((rule) => rule.names.length > 0) ?? false,
  };
}

const noNames: readonly PortMatch[] = Object.freeze([]);
const anyone: readonly number[] = Object.freeze([everyone]);

function compileRules(rules: readonly Rule[] | null, own: number, parts: CompileParts): readonly CompiledRule[] | null {
  if (rules === null) return null;
  const compiled: CompiledRule[] = [];
  for (const rule of rules) {
    const entries: number[] = [];
    let names = noNames;
    for (const port of rule.ports ?? []) {
      if (port.name !== "") names = [...names, port];
      else entries.push(parts.ports.entry(protocolNumbers[port.protocol!]!, port.first, port.last));
    }
    const terms = rule.peers === null ? anyone : compilePeers(rule.peers, own, parts);
    compiled.push({ action: rule.action, terms, entries: rule.ports === null ? null : entries, names });
  }
  return compiled;
}

function compilePeers(peers: readonly Peer[], own: number, parts: CompileParts): readonly number[] {
  const { tests, terms, outer } = parts;
  const list: number[] = [];
  for (const peer of peers) {
    if (peer.kind === "pods") {
      const pods = tests.of(peer.pods);
      list.push(peer.namespaces === null ? terms.own(own, pods) : terms.cross(tests.of(peer.namespaces), pods));
    } else if (peer.kind !== "nobody") list.push(terms.outer(outer.of(peer)));
  }
  return list;
}
