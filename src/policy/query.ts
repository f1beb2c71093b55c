/* Questions as people write them: names and numbers into ends of a connection. */
import type { Problem } from "../base/problem.js";
import { parseAddress } from "./address.js";
import { addressEndpoint, commonFamily, type Endpoint, nodeEndpoint, podEndpoint } from "./endpoint.js";
import type { PodRecord, PolicyModel } from "./model.js";
import type { PolicyQuery } from "./oracle.js";

/** A question as people write it. */
export interface TextQuery {
  /** `ns/pod`, `pod` (namespace default), `deploy/name` or `ns/name[Kind]`, `node/name`, or an address. */
  readonly from: string;
  readonly to: string;
  /** A number, or the name of a port of the destination pod. */
  readonly port: number | string;
  /** TCP unless given; letter case does not matter. */
  readonly protocol?: string;
}

const shortKinds: readonly (readonly [kind: string, words: readonly string[]])[] = Object.freeze([
  ["CronJob", ["cj", "cronjob", "cronjobs"]],
  ["DaemonSet", ["ds", "daemonset", "daemonsets"]],
  ["Deployment", ["deploy", "deployment", "deployments"]],
  ["Job", ["job", "jobs"]],
  ["ReplicaSet", ["rs", "replicaset", "replicasets"]],
  ["ReplicationController", ["rc", "replicationcontroller", "replicationcontrollers"]],
  ["StatefulSet", ["sts", "statefulset", "statefulsets"]],
] as const);

/** The query, or what is wrong with it. */
export function readQuery(model: PolicyModel, query: TextQuery): PolicyQuery | Problem {
  const from = readEndpoint(model, query.from);
  if (from === null) return unknown("from", query.from);
  const to = readEndpoint(model, query.to);
  if (to === null) return unknown("to", query.to);
  const protocol = (query.protocol ?? "TCP").toUpperCase();
  const port = readPort(query.port, protocol, to);
  if (port === null) {
    return { code: "unknown-port", severity: "error", path: "port", message: `no port ${query.port} of protocol ${protocol} at ${query.to}` };
  }
  return { from, to, protocol, port, family: commonFamily(from, to) };
}

/** The end that a word means; null when nothing of that name exists. */
export function readEndpoint(model: PolicyModel, text: string): Endpoint | null {
  const address = parseAddress(text);
  if (address !== null) return addressEndpoint(model, address);
  if (text.startsWith("node/")) {
    const node = model.nodes.get(text.slice(5));
    return node === undefined ? null : nodeEndpoint(node);
  }
  const pod = podOf(model, text);
  return pod === undefined ? null : podEndpoint(pod);
}

function podOf(model: PolicyModel, text: string): PodRecord | undefined {
  const exact = model.pod(text) ?? model.pod(`default/${text}`);
  if (exact !== undefined) return exact;
  const parts = text.split("/");
  const name = parts.at(-1)!;
  const kind = shortKinds.find(([, words]) => words.includes(parts.at(-2)?.toLowerCase() ?? ""))?.[0];
  if (kind !== undefined && parts.length <= 3) {
    const id = `${parts.length === 3 ? parts[0] : "default"}/${name}[${kind}]`;
    return model.pods.find((pod) => pod.workload === id);
  }
  if (parts.length > 2) return undefined;
  const id = parts.length === 2 ? text : `default/${text}`;
  return model.pods.find((pod) => pod.workload === id || pod.workload.startsWith(`${id}[`));
}

function readPort(port: number | string, protocol: string, to: Endpoint): number | null {
  if (typeof port === "number") return Number.isInteger(port) && port >= 0 && port <= 65535 ? port : null;
  if (/^\d{1,5}$/.test(port)) return readPort(Number(port), protocol, to);
  if (to.kind !== "pod") return null;
  return to.pod.named.find((each) => each.name === port && each.protocol === protocol)?.number ?? null;
}

function unknown(path: string, text: string): Problem {
  return { code: "unknown-endpoint", severity: "error", path, message: `nothing here is called ${JSON.stringify(text)}` };
}
