/* Selectors that select nothing, and the typos that are behind them. */
import { nearestName } from "../api/nearest-name.js";
import type { Labels, LabelSelector, SourceRef } from "../api/index.js";
import { matches } from "../api/selector.js";
import { listed, type LintContext } from "./lint-context.js";
import type { Peer, Policy } from "./rules.js";
import { failedOfSelector, selectorPaths } from "./why-fields.js";

const wellKnown: readonly string[] = Object.freeze([
  "app.kubernetes.io/component",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/name",
  "app.kubernetes.io/part-of",
  "app.kubernetes.io/version",
  "k8s-app",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/metadata.name",
  "kubernetes.io/os",
  "node-role.kubernetes.io/control-plane",
  "pod-security.kubernetes.io/enforce",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);
const nameKey = "kubernetes.io/metadata.name";

export function lintSelectors(context: LintContext): void {
  for (const policy of context.model.policies) {
    lintSubject(context, policy);
    for (const rules of [policy.ingress, policy.egress]) {
      for (const rule of rules ?? []) for (const peer of rule.peers ?? []) if (peer.kind === "pods") lintPeer(context, policy, peer);
    }
  }
  lintOwnLabels(context);
}

function lintSubject(context: LintContext, policy: Policy): void {
  const { model } = context;
  const path = policy.subjectPath;
  for (const selector of [policy.subjectNamespaces, policy.subjectPods]) if (selector !== null) lintKeys(context, policy, selector, path);
  if (context.selectedBy(policy).length > 0) return;
  const inNamespace = (namespace: string): boolean =>
    policy.subjectNamespaces === null ? namespace === policy.namespace : matches(policy.subjectNamespaces, model.namespaceLabels(namespace));
  const near = model.pods.filter((pod) => inNamespace(pod.input.namespace) && pod.absent === "");
  const onHost = near.filter((pod) => pod.host && (policy.subjectPods === null || matches(policy.subjectPods, pod.input.labels)));
  if (onHost.length > 0) {
    context.add("warning", "policy-selects-host-pods", policy, path, `${policy.id} selects only pods on their host's network (${listed(onHost.map((pod) => pod.id))}), which no policy reaches`);
    return;
  }
  const where = policy.subjectNamespaces === null ? `namespace ${policy.namespace}` : "the namespaces it selects";
  const message = near.length === 0 ? `${policy.id} selects nothing: no pod here is in ${where}` : `${policy.id} selects nothing: no pod of ${where} has these labels`;
  context.add("warning", "policy-selects-nothing", policy, path, message, nearLabels(policy.subjectPods, near.filter((pod) => pod.subject).map((pod) => pod.input.labels), path));
}

function lintPeer(context: LintContext, policy: Policy, peer: Peer & { readonly kind: "pods" }): void {
  const { model } = context;
  const paths = selectorPaths(policy, peer);
  if (peer.namespaces !== null) lintKeys(context, policy, peer.namespaces, paths.namespaces);
  if (peer.pods !== null) lintKeys(context, policy, peer.pods, paths.pods);
  const spaces = [...model.namespaces.values()].filter((each) => (peer.namespaces === null ? each.name === policy.namespace : matches(peer.namespaces, each.labels)));
  if (spaces.length === 0) {
    const fix = namespaceFix(context, peer.namespaces!, paths.namespaces);
    const message = fix === "" ? "no namespace here has these labels; it must be declared elsewhere, or the peer matches nobody" : "no namespace here has these labels";
    context.add(fix === "" ? "note" : "warning", "namespace-selector-matches-nothing", policy, paths.namespaces, message, fix);
    return;
  }
  const names = new Set(spaces.map((each) => each.name));
  const pods = model.pods.filter((pod) => names.has(pod.input.namespace) && !pod.host && pod.absent === "");
  if (peer.pods === null ? pods.length > 0 : pods.some((pod) => matches(peer.pods!, pod.input.labels))) return;
  const path = peer.pods === null ? paths.namespaces : paths.pods;
  const where = listed([...names]);
  const fix = nearLabels(peer.pods, pods.map((pod) => pod.input.labels), path);
  const declared = pods.length > 0;
  const message = declared ? `no pod of ${where} has these labels: the peer matches nobody` : `no pod here is in ${where}: the peer matches nobody that is known`;
  context.add(declared ? "warning" : "note", "peer-selects-nothing", policy, path, message, fix);
}

/** What `name: x` or a misspelt value most likely stands for. */
function namespaceFix(context: LintContext, selector: LabelSelector, path: string): string {
  const spaces = [...context.model.namespaces.values()];
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    const same = spaces.find((each) => each.name === value);
    if (key !== nameKey && /name|^ns$/i.test(key) && same !== undefined) return `${path}.matchLabels: write ${nameKey}: ${value}, the label that every namespace carries`;
  }
  return nearLabels(selector, spaces.map((each) => each.labels), path);
}

/** The one value or key that, written otherwise, would select something; empty when no label is near. */
function nearLabels(selector: LabelSelector | null, candidates: readonly Labels[], path: string): string {
  if (selector === null) return "";
  for (const labels of candidates) {
    const failed = failedOfSelector({ matchLabels: selector.matchLabels ?? {} }, labels, path);
    const only = failed[0];
    if (only === undefined || failed.length > 1) continue;
    const [key, value] = [only.wanted.slice(0, only.wanted.indexOf("=")), only.wanted.slice(only.wanted.indexOf("=") + 1)];
    const own = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (own !== undefined && nearestName(value, [own]) !== undefined) return `${only.path}: write ${own}`;
    const near = nearestName(key, Object.keys(labels));
    if (own === undefined && near !== undefined && labels[near] === value) return `${only.path}: write ${near}: ${value}`;
  }
  return "";
}

function lintKeys(context: LintContext, policy: Policy, selector: LabelSelector, path: string): void {
  const keys = [
    ...Object.keys(selector.matchLabels ?? {}).map((key) => [key, `${path}.matchLabels[${key}]`] as const),
    ...(selector.matchExpressions ?? []).map((each, i) => [each.key, `${path}.matchExpressions[${i}].key`] as const),
  ];
  for (const [key, at] of keys) {
    const near = misspelt(key);
    if (near !== undefined) context.add("warning", "well-known-label-typo", policy, at, `label ${key} looks like ${near}`, `write ${near}`);
  }
}

function misspelt(key: string): string | undefined {
  return wellKnown.includes(key) ? undefined : nearestName(key, wellKnown);
}

function lintOwnLabels(context: LintContext): void {
  const look = (object: string, labels: Labels, source: SourceRef | null, path: string): void => {
    for (const key of Object.keys(labels)) {
      const near = misspelt(key);
      if (near !== undefined) context.addAt("warning", "well-known-label-typo", object, source, `${path}[${key}]`, `label ${key} looks like ${near}`, `write ${near}`);
    }
  };
  for (const { name, labels, source } of context.model.namespaces.values()) look(`Namespace ${name}`, labels, source, "metadata.labels");
  for (const { input, id } of context.model.pods) look(id, input.labels, input.source, input.template ? "spec.template.metadata.labels" : "metadata.labels");
}
