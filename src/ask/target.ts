/**
 * Who is meant by `--from` and `--to`: a pod, a Deployment's first pod, a node, an address, a Service's name, a URL, or "internet".
 *
 * What does not exist is the caller's mistake and becomes a problem in the API server's words; a name that may be anything
 * is left to DNS, whose answer is part of the walk.
 */
import type { Pod } from "../api/index.js";
import { nearestName } from "../api/nearest-name.js";
import { parseAddress } from "../base/cidr.js";
import type { Cluster } from "../cluster/cluster.js";
import { INTERNET_ADDRESS } from "../cluster/fabric.js";
import { inputError } from "../cluster/input-error.js";
import { podResolvConf, type ResolvConf } from "../models/dns/resolv-conf.js";
import type { Party } from "../observe/walk-record.js";

/** Where a client runs. */
export interface Source {
  readonly party: Party;
  readonly ns: number;
  readonly resolv: ResolvConf;
  readonly pod?: Pod;
}

/** What a client is told to reach. */
export interface Destination {
  readonly party: Party;
  /** address or name, as it is typed into the client */
  readonly host: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly path: string;
}

type Workload = "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job";

const WORKLOADS: Readonly<Record<string, Workload>> = Object.freeze({
  deploy: "Deployment", deployment: "Deployment", deployments: "Deployment", sts: "StatefulSet", statefulset: "StatefulSet", ds: "DaemonSet", daemonset: "DaemonSet",
  rs: "ReplicaSet", replicaset: "ReplicaSet", job: "Job",
});
const RESOURCES: Readonly<Record<Workload, string>> = Object.freeze({ Deployment: "deployments.apps", StatefulSet: "statefulsets.apps", DaemonSet: "daemonsets.apps", ReplicaSet: "replicasets.apps", Job: "jobs.batch" });

function podParty(asked: string, pod: Pod): Party {
  const { namespace = "default", name } = pod.metadata;
  const address = pod.status?.podIP;
  return { asked, kind: "pod", name: `${namespace}/${name}`, ...(address === undefined ? {} : { address }), ...(pod.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }) };
}

const split = (text: string): readonly [string, string] => (text.includes("/") ? [text.slice(0, text.indexOf("/")), text.slice(text.indexOf("/") + 1)] : ["default", text]);

/** Pods of a workload by name, in name order; ReplicaSets are looked through to their Deployment. */
function podsOf(cluster: Cluster, kind: string, namespace: string, name: string): Pod[] {
  const owned = (refs: readonly { readonly kind: string; readonly name: string; readonly controller?: boolean }[] | undefined): boolean =>
    (refs ?? []).some((ref) => ref.controller === true && ref.kind === kind && ref.name === name);
  const sets = new Set(cluster.objects("ReplicaSet").filter((rs) => rs.metadata.namespace === namespace && owned(rs.metadata.ownerReferences)).map((rs) => rs.metadata.name));
  return cluster.objects("Pod").filter((pod) => {
    if (pod.metadata.namespace !== namespace) return false;
    const refs = pod.metadata.ownerReferences;
    return owned(refs) || (refs ?? []).some((ref) => ref.kind === "ReplicaSet" && sets.has(ref.name));
  });
}

/** A workload of which there is no pod: because there is none of that name, or none of its pods is there. */
function noPods(cluster: Cluster, kind: Workload, namespace: string, name: string): Error {
  const all = cluster.objects(kind).map(({ metadata }) => ({ namespace: metadata.namespace ?? "default", name: metadata.name }));
  const here = all.filter((each) => each.namespace === namespace).map((each) => each.name);
  if (here.includes(name)) return inputError("not-found", "", `${RESOURCES[kind]} "${name}" in namespace "${namespace}" has no pods`, "see its events: it may ask for none, or they were refused");
  const near = nearestName(name, here);
  const elsewhere = all.find((each) => each.name === name);
  const fix =
    near !== undefined
      ? `did you mean ${near}?`
      : elsewhere !== undefined
        ? `there is one in namespace ${elsewhere.namespace}: write ${elsewhere.namespace}/${kind.toLowerCase()}/${name}`
        : `of that kind the namespace has ${here.length === 0 ? "none" : here.slice(0, 10).join(", ") + (here.length > 10 ? ", ..." : "")}`;
  return inputError("not-found", "", `${RESOURCES[kind]} "${name}" not found in namespace "${namespace}"`, fix);
}

/** A pod by "ns/pod", "pod", "deploy/name" or "ns/deploy/name"; null where the text cannot be one. */
function findPod(cluster: Cluster, asked: string): Pod | null {
  const words = asked.split("/");
  const kindAt = words.length === 3 ? 1 : 0;
  const kind = words.length >= 2 ? WORKLOADS[words[kindAt]!.toLowerCase()] : undefined;
  if (kind !== undefined) {
    const namespace = words.length === 3 ? words[0]! : "default";
    const name = words[kindAt + 1]!;
    const [first] = podsOf(cluster, kind, namespace, name);
    if (first === undefined) throw noPods(cluster, kind as Workload, namespace, name);
    return first;
  }
  if (words.length > 2) return null;
  const [namespace, name] = split(asked);
  return cluster.get("Pod", namespace, name) ?? null;
}

function runningNetns(cluster: Cluster, asked: string, pod: Pod): number {
  const { namespace = "default", name } = pod.metadata;
  const ns = cluster.control.podNetns(`${namespace}/${name}`);
  if (ns !== 0) return ns;
  const waiting = pod.status?.phase ?? "Pending";
  throw inputError("not-running", "", `pod "${asked}" has no network yet: its phase is ${waiting}`, "see its events; a pod without a node or an address can neither send nor be reached");
}

const OUTSIDE: ResolvConf = Object.freeze({ nameservers: [], search: [], options: {} });

/** The one who sends. */
export function sourceOf(cluster: Cluster, asked: string): Source {
  const node: ResolvConf = { nameservers: [cluster.fabric.gateway], search: [], options: {} };
  if (asked === "internet") return { party: { asked, kind: "internet", name: "internet", address: INTERNET_ADDRESS }, ns: cluster.fabric.internet, resolv: { ...OUTSIDE, nameservers: [cluster.fabric.gateway] } };
  if (asked.startsWith("node/")) {
    const found = cluster.fabric.nodes.find((one) => one.name === asked.slice(5));
    if (found === undefined) throw inputError("not-found", "", `nodes "${asked.slice(5)}" not found`, `nodes are ${cluster.fabric.nodes.map((one) => one.name).join(", ")}`);
    return { party: { asked, kind: "node", name: found.name, address: found.address, node: found.name }, ns: found.ns, resolv: node };
  }
  if (parseAddress(asked) !== null) {
    if (asked === INTERNET_ADDRESS) return sourceOf(cluster, "internet");
    const onNode = cluster.fabric.nodes.find((one) => one.address === asked);
    if (onNode !== undefined) return sourceOf(cluster, `node/${onNode.name}`);
    const holder = cluster.objects("Pod").find((pod) => pod.status?.podIP === asked);
    if (holder === undefined) throw inputError("not-found", "", `no pod or node has the address ${asked}`);
    return podSource(cluster, asked, holder, node);
  }
  const pod = findPod(cluster, asked);
  if (pod === null) throw inputError("not-found", "", `pods "${split(asked)[1]}" not found`, `pods in that namespace: ${podNames(cluster, split(asked)[0])}`);
  return podSource(cluster, asked, pod, node);
}

function podNames(cluster: Cluster, namespace: string): string {
  const names = cluster.objects("Pod").filter((pod) => pod.metadata.namespace === namespace).map((pod) => pod.metadata.name);
  return names.length === 0 ? "none" : names.slice(0, 10).join(", ") + (names.length > 10 ? ", ..." : "");
}

function podSource(cluster: Cluster, asked: string, pod: Pod, node: ResolvConf): Source {
  const { hostNetwork, dnsPolicy, dnsConfig } = pod.spec;
  const resolv = podResolvConf(
    { clusterDns: cluster.plan.dns.clusterDns, clusterDomain: "cluster.local", node },
    { namespace: pod.metadata.namespace ?? "default", ...(hostNetwork === undefined ? {} : { hostNetwork }), ...(dnsPolicy === undefined ? {} : { dnsPolicy }), ...(dnsConfig === undefined ? {} : { dnsConfig: dnsConfig as never }) },
  );
  return { party: podParty(asked, pod), ns: runningNetns(cluster, asked, pod), resolv, pod };
}

/** `http://host:80/path` or `host[:port]` taken apart. */
interface Typed {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const SCHEME_PORTS: Readonly<Record<string, number>> = Object.freeze({ http: 80, https: 443, tcp: 0, udp: 0, grpc: 0 });

function readTyped(asked: string): Typed {
  const url = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(asked);
  const scheme = url?.[1]?.toLowerCase();
  if (scheme !== undefined && SCHEME_PORTS[scheme] === undefined) throw inputError("not-modelled", "to", `${scheme}:// is not modelled`, "use http://, https://, tcp:// or udp://, or HOST:PORT");
  const rest = url === null ? asked : url[2]!;
  const slash = url === null ? -1 : rest.indexOf("/");
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? "/" : rest.slice(slash);
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(authority);
  const plain = bracketed ?? (parseAddress(authority) !== null ? [authority, authority, undefined] : /^([^:]*)(?::(.*))?$/.exec(authority));
  const host = plain?.[1] ?? "";
  const portText = plain?.[2];
  if (host === "") throw inputError("invalid-value", "to", `Invalid value: "${asked}": no host in it`);
  if (portText !== undefined && (!/^\d+$/.test(portText) || Number(portText) < 1 || Number(portText) > 65535)) {
    throw inputError("invalid-value", "to", `Invalid value: ${/^\d+$/.test(portText) ? portText : `"${portText}"`}: must be between 1 and 65535, inclusive`);
  }
  return { host, port: portText === undefined ? (scheme === undefined ? 0 : SCHEME_PORTS[scheme]!) : Number(portText), path };
}

/** What a caller adds to `to`. */
export interface DestinationHints {
  readonly port?: number;
  readonly protocol?: "tcp" | "udp" | "icmp" | "sctp";
}

/** The one who is to be reached. */
export function destinationOf(cluster: Cluster, source: Source, asked: string, hints: DestinationHints): Destination {
  if (hints.protocol === "sctp") throw inputError("not-modelled", "proto", "sctp sockets are not modelled", "policies and rules about SCTP are: see `podwire why`");
  if (asked === "internet") return finish({ asked, kind: "internet", name: "internet", address: INTERNET_ADDRESS }, INTERNET_ADDRESS, 0, hints, "/");
  if (asked.startsWith("node/")) {
    const { party } = sourceOf(cluster, asked);
    return finish(party, party.address!, 0, hints, "/");
  }
  const isUrl = asked.includes("://");
  const pod = isUrl ? null : findPod(cluster, asked);
  if (pod !== null) return podDestination(cluster, asked, pod, hints);
  if (!isUrl && asked.includes("/")) throw inputError("not-found", "", `pods "${split(asked)[1]}" not found`, `pods in that namespace: ${podNames(cluster, split(asked)[0])}`);
  const typed = readTyped(asked);
  if (parseAddress(typed.host) !== null) return finish({ asked, kind: "address", name: typed.host, address: typed.host }, typed.host, typed.port, hints, typed.path);
  const service = serviceNamed(cluster, source, typed.host);
  const first = service?.spec.ports?.[0];
  const wanted = hints.port ?? (typed.port !== 0 ? typed.port : first?.port);
  const declared = service?.spec.ports?.find((port) => port.port === wanted)?.protocol?.toLowerCase();
  const protocol = hints.protocol ?? (asked.startsWith("udp://") || declared === "udp" ? "udp" : "tcp");
  return finish({ asked, kind: "name", name: typed.host }, typed.host, wanted ?? 0, { ...hints, protocol }, typed.path);
}

/** The Service that a name most likely means to this client: for a port where none was given. */
function serviceNamed(cluster: Cluster, source: Source, host: string) {
  const [name = "", namespace = source.pod?.metadata.namespace ?? "default"] = host.split(".");
  return cluster.get("Service", namespace, name);
}

function podDestination(cluster: Cluster, asked: string, pod: Pod, hints: DestinationHints): Destination {
  runningNetns(cluster, asked, pod);
  const port = pod.spec.containers.flatMap((container) => container.ports ?? [])[0];
  const protocol = hints.protocol ?? (hints.port === undefined && port?.protocol === "UDP" ? "udp" : "tcp");
  return finish(podParty(asked, pod), pod.status!.podIP!, port?.containerPort ?? 0, { ...hints, protocol }, "/");
}

function finish(party: Party, host: string, port: number, hints: DestinationHints, path: string): Destination {
  const protocol = (hints.protocol ?? "tcp") as Destination["protocol"];
  const chosen = hints.port ?? port;
  if (protocol !== "icmp" && chosen === 0) throw inputError("required", "port", `Required value: which port of ${party.name}?`, "say --port N or HOST:PORT");
  return { party, host, port: protocol === "icmp" ? 0 : chosen, protocol, path };
}
