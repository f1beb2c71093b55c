/* A policy with its selectors, peers and ports replaced by the numbers that rows are made of. */
import type { LabelSelector } from "../../api/index.js";
import type { Action, Direction, Peer, Policy, PortMatch, Rule } from "../rules.js";
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
  const rules = (direction: Direction): readonly CompiledRule[] | null =>
    policy[direction]?.map((rule) => compileRule(rule, own, parts)) ?? null;
  const ingress = rules("ingress");
  return {
    policy,
    namespace: policy.subjectNamespaces === null ? own : -1,
    namespaces: parts.tests.of(policy.subjectNamespaces),
    pods: parts.tests.of(policy.subjectPods),
    egress: rules("egress"),
    ingress,
    namesIngress: ingress?.some((rule) => rule.names.length > 0) ?? false,
  };
}

function compileRule(rule: Rule, own: number, parts: CompileParts): CompiledRule {
  const ranges = rule.ports?.filter((port) => port.name === "") ?? null;
  return {
    action: rule.action,
    terms: rule.peers === null ? [everyone] : rule.peers.flatMap((peer) => compilePeer(peer, own, parts)),
    entries: ranges?.map((port) => parts.ports.entry(protocolNumbers[port.protocol!]!, port.first, port.last)) ?? null,
    names: rule.ports?.filter((port) => port.name !== "") ?? [],
  };
}

function compilePeer(peer: Peer, own: number, parts: CompileParts): readonly number[] {
  const test = (selector: LabelSelector | null): SelectorTest | null => parts.tests.of(selector);
  switch (peer.kind) {
    case "pods":
      return [peer.namespaces === null ? parts.terms.own(own, test(peer.pods)) : parts.terms.cross(test(peer.namespaces), test(peer.pods))];
    case "block":
    case "nodes":
    case "names":
      return [parts.terms.outer(parts.outer.of(peer))];
    case "nobody":
      return [];
  }
}
