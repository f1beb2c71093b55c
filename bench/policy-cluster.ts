// A made-up cluster for the policy jobs: namespaces of 50 pods, three labels a pod, policies with one or two rules of one to
// three peers on six ports. Pods of one workload share labels; with one pod a workload, almost every pod is unlike every other.
import type { LabelSelector, Located, NetworkPolicy, NetworkPolicyPeer, Pod } from "../src/api/index.js";
import { xorshift32 } from "./chance.js";

export const PORTS: readonly number[] = [80, 443, 8000, 8001, 8002, 8003, 9999];

type Draw = (below: number) => number;
const environments = ["prod", "stage", "dev"];
const tiers = ["web", "api", "db", "cache"];

/** Parsed objects: Namespaces, Pods, NetworkPolicies. */
export function policyCluster(pods: number, policies: number, replicas: number): Located[] {
  const next = xorshift32(1);
  const draw: Draw = (below) => next() % below;
  const namespaces = Math.max(4, Math.floor(pods / 50));
  const objects: Located["object"][] = [];
  for (let i = 0; i < namespaces; i++) {
    const labels = { team: `t${i % 20}`, env: environments[i % 3]! };
    objects.push({ apiVersion: "v1", kind: "Namespace", metadata: { name: `ns${i}`, labels } });
  }
  let labels = {};
  for (let i = 0; i < pods; i++) {
    if (i % replicas === 0) labels = { app: `app${draw(10)}`, tier: tiers[draw(4)]!, rel: `v${draw(2)}` };
    objects.push(podObject(`p${i}`, `ns${Math.floor(i / replicas) % namespaces}`, { ...labels }));
  }
  for (let i = 0; i < policies; i++) objects.push(policyObject(`np${i}`, `ns${draw(namespaces)}`, draw));
  return objects.map((object) => ({ object, source: { file: "cluster.yaml", line: 1, places: {} } }));
}

function podObject(name: string, namespace: string, labels: Record<string, string>): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec: { containers: [{ name: "main" }] } };
}

function policyObject(name: string, namespace: string, draw: Draw): NetworkPolicy {
  const sides = draw(3);
  const podSelector = draw(5) > 0 ? selector(draw) : {};
  const rules = <K extends "from" | "to">(side: K): Record<string, unknown>[] =>
    Array.from({ length: 1 + draw(2) }, () => ({ [side]: Array.from({ length: 1 + draw(3) }, () => peer(draw)), ports: ports(draw) }));
  const policyTypes = [...(sides !== 2 ? ["Ingress"] : []), ...(sides !== 1 ? ["Egress"] : [])];
  const spec = { podSelector, policyTypes, ...(sides !== 2 ? { ingress: rules("from") } : {}), ...(sides !== 1 ? { egress: rules("to") } : {}) };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace }, spec };
}

function selector(draw: Draw): LabelSelector {
  const app = draw(3) > 0;
  const tier = draw(2) > 0 || !app;
  const matchLabels = { ...(app ? { app: `app${draw(10)}` } : {}), ...(tier ? { tier: tiers[draw(4)]! } : {}) };
  return draw(4) > 0 ? { matchLabels } : { matchLabels, matchExpressions: [{ key: "rel", operator: "In", values: [`v${draw(2)}`] }] };
}

function peer(draw: Draw): NetworkPolicyPeer {
  switch (draw(4)) {
    case 0:
      return { podSelector: selector(draw) };
    case 1:
      return { namespaceSelector: { matchLabels: { team: `t${draw(20)}` } } };
    case 2:
      return { namespaceSelector: { matchLabels: { env: environments[draw(3)]! } }, podSelector: selector(draw) };
    default:
      return { namespaceSelector: {}, podSelector: selector(draw) };
  }
}

function ports(draw: Draw): { port: number; protocol: string }[] {
  return (draw(2) > 0 ? [80, 443] : [8000 + draw(4)]).map((port) => ({ port, protocol: "TCP" }));
}
