/**
 * What Kubernetes asks of every CNI, as cases that throw: pods reach pods and nodes reach pods without translation, both
 * reach them by a Service, a pod is seen under the address it sees, nothing is left behind, and runs replay and fork.
 *
 * Read first: the network model of Kubernetes (concepts/services-networking) and the CNI specification 1.1.0, DEL.
 */
import type { Cluster, Question } from "../cluster/cluster.js";
import type { Walk } from "../observe/walk-record.js";
import { Shell } from "../shell/shell.js";

/** One promise; `holds` throws an Error with what is wrong. */
export interface ContractCase {
  readonly name: string;
  /** Throws an Error with what is wrong. */
  holds(): void;
}

/** The question "walk" of the main door. */
export type AskWalk = (query: { readonly from: string; readonly to: string; readonly port: number }) => Question<Walk>;

const PORT = 8080;
const APP = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: contract }
spec:
  replicas: 3
  selector: { matchLabels: { app: contract } }
  template:
    metadata: { labels: { app: contract } }
    spec: { containers: [{ name: c, image: example.org/c:1, ports: [{ containerPort: ${PORT} }] }] }
`;

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: contract }
spec: { selector: { app: contract }, ports: [{ port: ${PORT} }] }
`;

/**
 * The cases for the clusters that `boot` makes: fresh ones, all the same, of at least two nodes for pods.
 *
 * @example
 * ```ts
 * import { createCluster, walk } from "podwire";
 * import { cniContract } from "podwire/testing";
 * for (const { holds } of cniContract(() => createCluster({ nodes: 3, cni: "kindnet" }), walk)) holds();
 * ```
 */
export function cniContract(boot: () => Cluster, walk: AskWalk): readonly ContractCase[] {
  let first: Cluster | undefined;
  // Starting takes the most of a case's time, so those that begin alike begin with forks of one cluster.
  const ready = (): Cluster => (first ??= withPods(boot)).fork();
  return [
    { name: "every pod reaches every pod, and is seen under its own address", holds: () => podsReachPods(ready(), walk) },
    { name: "every node reaches every pod", holds: () => nodesReachPods(ready(), walk) },
    { name: "every pod and every node reaches the pods by their Service", holds: () => serviceReachesPods(ready(), walk) },
    { name: "a pod sees the address that others see", holds: () => podsKnowThemselves(ready()) },
    { name: "pods that go leave nothing behind", holds: () => nothingLeftOfPods(boot) },
    { name: "a node that goes leaves nothing behind on the others", holds: () => nothingLeftOfNode(ready()) },
    { name: "the same commands end in the same state", holds: () => same(withPods(boot).fingerprint(), ready().fingerprint(), "fingerprint of a second run") },
    { name: "a fork goes on as the first does", holds: () => forksGoOn(ready()) },
  ];
}

function withPods(boot: () => Cluster): Cluster {
  const cluster = boot();
  cluster.settle();
  const problems = cluster.apply(APP);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("; "));
  cluster.settle();
  return cluster;
}

interface PodAt {
  readonly name: string;
  readonly ip: string;
  readonly node: string;
}

function podsOf(cluster: Cluster): PodAt[] {
  const pods = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "contract");
  const placed = pods.map((pod) => ({ name: `default/${pod.metadata.name}`, ip: pod.status?.podIP ?? "", node: pod.spec.nodeName ?? "" }));
  for (const { name, ip } of placed) if (ip === "") throw new Error(`${name} has no address`);
  if (new Set(placed.map(({ ip }) => ip)).size !== placed.length) throw new Error("two pods have one address");
  if (new Set(placed.map(({ node }) => node)).size < 2) throw new Error("the pods are on one node: the contract needs two nodes for pods");
  return placed;
}

function same(found: string, wanted: string, what: string): void {
  if (found !== wanted) throw new Error(`${what}:\n${firstDifference(found, wanted)}`);
}

function firstDifference(found: string, wanted: string): string {
  const [a, b] = [found.split("\n"), wanted.split("\n")];
  const at = a.findIndex((line, i) => line !== b[i]);
  return `found    ${a[at < 0 ? a.length : at] ?? "(nothing more)"}\nexpected ${b[at < 0 ? a.length : at] ?? "(nothing more)"}`;
}

function mustArrive(found: Walk, what: string): void {
  if (found.verdict !== "delivered") throw new Error(`${what}: ${found.verdict} ${found.end.reason} at ${found.end.node} ${found.end.device}`);
}

function podsReachPods(cluster: Cluster, walk: AskWalk): void {
  const pods = podsOf(cluster);
  for (const from of pods) {
    for (const to of pods) {
      if (from === to) continue;
      const found = cluster.ask(walk({ from: from.name, to: to.ip, port: PORT }));
      mustArrive(found, `${from.name} to ${to.name}`);
      same(found.end.packet?.src ?? "", from.ip, `source that ${to.name} sees of ${from.name}`);
      same(found.end.packet?.dst ?? "", to.ip, `destination of ${from.name} at ${to.name}`);
    }
  }
}

function nodesReachPods(cluster: Cluster, walk: AskWalk): void {
  for (const { name: node } of cluster.fabric.nodes) {
    for (const to of podsOf(cluster)) mustArrive(cluster.ask(walk({ from: `node/${node}`, to: to.ip, port: PORT })), `${node} to ${to.name}`);
  }
}

function serviceReachesPods(cluster: Cluster, walk: AskWalk): void {
  const pods = podsOf(cluster);
  const problems = cluster.apply(SERVICE);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("; "));
  cluster.settle();
  const ip = cluster.get("Service", "default", "contract")?.spec.clusterIP ?? "";
  for (const from of [...pods.map(({ name }) => name), ...cluster.fabric.nodes.map(({ name }) => `node/${name}`)]) {
    const found = cluster.ask(walk({ from, to: ip, port: PORT }));
    mustArrive(found, `${from} to the Service ${ip}`);
    const end = found.end.packet?.dst ?? "";
    if (!pods.some((pod) => pod.ip === end)) throw new Error(`${from} to the Service ${ip}: ended at ${end}, which is no pod of it`);
  }
}

function podsKnowThemselves(cluster: Cluster): void {
  for (const { name, ip } of podsOf(cluster)) {
    const { text } = cluster.exec(name, "ip -4 addr show dev eth0");
    if (!text.includes(`inet ${ip}/`)) throw new Error(`${name} is known as ${ip} and holds:\n${text}`);
  }
}

const QUESTIONS = ["ip link show", "ip -4 addr show", "ip route show table all", "ip netns list", "iptables-save", "ipset list -n"];

/** What a node's tools show of it, but what it learned or counted. */
function nodeState(cluster: Cluster): string {
  cluster.control.flush();
  return cluster.fabric.nodes
    .map(({ name, ns }) => {
      const shell = new Shell(cluster.stack, ns);
      return QUESTIONS.map((question) => `${name}: ${question}\n${shell.run(question).text.replaceAll(/\[\d+:\d+\]|^#.*$/gm, "")}`).join("\n");
    })
    .join("\n");
}

/** The first pods may make what later ones share, a bridge for example: the second time round counts. */
function nothingLeftOfPods(boot: () => Cluster): void {
  const cluster = boot();
  const states = [1, 2].map(() => {
    cluster.settle();
    cluster.apply(APP);
    cluster.settle();
    cluster.delete("Deployment", "default", "contract", 0);
    cluster.settle();
    if (podsOfApp(cluster) > 0) throw new Error("the pods of a Deployment that was deleted are still there");
    return nodeState(cluster);
  });
  same(states[1]!, states[0]!, "left behind by pods");
}

const podsOfApp = (cluster: Cluster): number => cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "contract").length;

function nothingLeftOfNode(cluster: Cluster): void {
  const { name, ns, address } = cluster.fabric.nodes.at(-1)!;
  const cidrs = cluster.get("Node", "", name)?.spec?.podCIDRs ?? [];
  cluster.delete("Node", "", name);
  cluster.settle();
  for (const other of cluster.fabric.nodes) {
    if (other.ns === ns) continue;
    const shell = new Shell(cluster.stack, other.ns);
    const told = ["ip route show table all", "ip neigh show", "bridge fdb show"].map((question) => shell.run(question).text).join("\n");
    const left = told.split("\n").filter((line) => cidrs.some((cidr) => line.includes(cidr) || line.startsWith(`${cidr.split("/")[0]!} `)) || line.includes(`dst ${address} `) || line.includes(`via ${address} `));
    if (left.length > 0) throw new Error(`${other.name} still speaks of ${name}:\n${left.join("\n")}`);
  }
}

function forksGoOn(cluster: Cluster): void {
  const fork = cluster.fork();
  same(fork.fingerprint(), cluster.fingerprint(), "fingerprint of a fork");
  for (const one of [cluster, fork]) {
    one.scale("Deployment", "default", "contract", 6);
    one.settle();
    one.delete("Node", "", one.fabric.nodes.at(-1)!.name);
    one.settle();
  }
  same(fork.fingerprint(), cluster.fingerprint(), "fingerprint of a fork after the same commands");
}
