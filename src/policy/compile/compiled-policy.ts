/* A policy with its selectors, peers and ports replaced by the numbers that rows are made of. */
import type { Action, Peer, Policy, PortMatch, Rule } from "../rules.js";
import type { Identities } from "./identities.js";
import type { OuterPeers } from "./outer-peers.js";
import { type PortClasses, protocolNumbers } from "./port-classes.js";
import type { SelectorTest, SelectorTests } from "./selector-test.js";
import { everyone, nobody, type Terms } from "./terms.js";

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
  return rules.map(({ action, peers, ports }) => ({
    action,
    terms: peers === null ? anyone : peers.map((peer) => compilePeer(peer, own, parts)),
    entries: ports === null ? null : compilePorts(ports, parts.ports),
    names: ports === null ? noNames : namesOf(ports),
  }));
}

function compilePorts(ports: readonly PortMatch[], classes: PortClasses): readonly number[] {
  const ranges = namesOf(ports).length === 0 ? ports : ports.filter((port) => port.name === "");
  return ranges.map((port) => classes.entry(protocolNumbers[port.protocol!]!, port.first, port.last));
}

function namesOf(ports: readonly PortMatch[]): readonly PortMatch[] {
  for (const port of ports) if (port.name !== "") return ports.filter((each) => each.name !== "");
  return noNames;
}

function compilePeer(peer: Peer, own: number, { tests, terms, outer }: CompileParts): number {
  switch (peer.kind) {
    case "pods":
      return peer.namespaces === null ? terms.own(own, tests.of(peer.pods)) : terms.cross(tests.of(peer.namespaces), tests.of(peer.pods));
    case "nobody":
      return nobody;
    default:
      return terms.outer(outer.of(peer));
  }
}
