/**
 * The pages of docs/cni: what a CNI builds on a node and how packets travel in it, as the simulator does it. Words are written
 * here, by people; everything in tables, blocks and diagrams is made by a cluster at the moment of writing.
 */
import { walk, type WalkQuery } from "../../../src/ask/walk.js";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";
import { walkMarkdown } from "../../../src/observe/walk-markdown.js";
import { walkMermaid } from "../../../src/observe/walk-mermaid.js";
import { deployment, put, service } from "../../scenarios/proxy/shop.js";

/** A page: a CNI, its forms, and what is worth knowing before the tables. */
export interface Page {
  readonly name: string;
  readonly title: string;
  readonly words: string;
  /** option words of `cni`, with what they are called */
  readonly forms: readonly { readonly cni: string; readonly called: string }[];
}

const NODE_PORT = 30080;

/** One journey of each kind that facts about CNIs tell of. */
function journeys(cluster: Cluster): readonly { readonly name: string; readonly query: WalkQuery }[] {
  const ip = (app: string): string => cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === app)!.status!.podIP!;
  const near = cluster.fabric.nodes.find(({ name }) => name === "kind-worker")!;
  return [
    { name: "Pod to a pod of its own node", query: { from: "deploy/a", to: ip("b"), port: 8080 } },
    { name: "Pod to a pod of another node", query: { from: "deploy/a", to: ip("c"), port: 8080 } },
    { name: "Pod to a Service whose endpoint is on another node", query: { from: "deploy/a", to: cluster.get("Service", "default", "c")!.spec.clusterIP!, port: 80 } },
    { name: "Pod to the outside", query: { from: "deploy/a", to: "203.0.113.10", protocol: "icmp" } },
    { name: "Node to a pod of its own", query: { from: "node/kind-worker", to: ip("a"), port: 8080 } },
    { name: "Node to a pod of another node", query: { from: "node/kind-worker", to: ip("c"), port: 8080 } },
    { name: "From outside to a NodePort, endpoint on another node", query: { from: "internet", to: near.address, port: NODE_PORT } },
  ];
}

/** A small cluster with a settled neighbourhood: the first packet of each journey has gone before the one that is shown. */
export function pageCluster(cni: string): Cluster {
  const cluster = createCluster({ nodes: 3, cni, systemPods: false });
  cluster.settle();
  put(cluster, [
    deployment({ name: "a", node: "kind-worker" }),
    deployment({ name: "b", node: "kind-worker" }),
    deployment({ name: "c", node: "kind-worker2" }),
    service("c", { type: "NodePort" }, { nodePort: NODE_PORT }),
  ]);
  return cluster;
}

function told(cluster: Cluster, query: WalkQuery): ReturnType<ReturnType<typeof walk>["answer"]> {
  return cluster.ask({
    answer(fork: Cluster) {
      walk(query).answer(fork);
      return walk(query).answer(fork);
    },
  });
}

const block = (language: string, text: string): string[] => [`\`\`\`${language}`, text.trimEnd(), "```", ""];

/** Devices, addresses and routes of a node as its own tools tell them. */
function node(cluster: Cluster): string[] {
  const said = (command: string): string => `$ ${command}\n${cluster.exec("node/kind-worker", command).text.trimEnd()}`;
  const inPod = (command: string): string => `$ ${command}\n${cluster.exec(`default/${cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === "a")!.metadata.name}`, command).text.trimEnd()}`;
  return ["On kind-worker:", "", ...block("text", [said("ip -br link"), said("ip -4 -br addr"), said("ip route"), said("ip neigh show nud permanent")].join("\n")), "In its pod `a`:", "", ...block("text", [inPod("ip -4 -br addr"), inPod("ip route")].join("\n"))];
}

/** The text of a page. */
export function cniPage({ title, words, forms }: Page): string {
  const lines = [`# ${title}`, "", words.trim(), "", "The tables and diagrams below are made by the simulator, and a test makes them again.", ""];
  for (const [at, { cni, called }] of forms.entries()) {
    const cluster = pageCluster(cni);
    lines.push(`## ${called}`, "", `\`createCluster({ cni: "${cni}" })\`, or \`--cni ${cni}\``, "", ...node(cluster));
    for (const { name, query } of journeys(cluster)) {
      // What stays on a node is the same in every form.
      if (at > 0 && !/another node/.test(name)) continue;
      const found = told(cluster, query);
      lines.push(`### ${name}`, "", walkMarkdown(found));
      if (name === "Pod to a pod of another node") lines.push(...block("mermaid", walkMermaid(found)));
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

export const PAGES: readonly Page[] = [
  {
    name: "flannel",
    title: "flannel",
    words: `
flannel gives every node a lease, which is its pod CIDR, and lets the reference plugin \`bridge\` attach pods to \`cni0\`. Pods of one node
meet as machines on a switch: no router between them, TTL untouched, and netfilter sees their frames only where br_netfilter is on, without
which a Service whose endpoint is on the client's own node answers with an address that the client never spoke to. What differs between
backends is the way to other nodes: a VXLAN device with a permanent neighbour and FDB entry for each node, plain routes, an IPIP tunnel,
or a WireGuard device. flannel enforces no NetworkPolicy; podwire runs an enforcing dataplane beside it unless \`enforce: false\`.`,
    forms: [
      { cni: "flannel", called: "VXLAN" },
      { cni: "flannel:backend=host-gw", called: "host-gw" },
      { cni: "flannel:backend=ipip", called: "IPIP" },
      { cni: "flannel:backend=wireguard", called: "WireGuard" },
    ],
  },
  {
    name: "kindnet",
    title: "kindnet",
    words: `
kindnet attaches each pod by a veth pair to the node itself (\`ptp\`) with a route to it, and routes other nodes' pod CIDRs over the nodes' own
network. Every packet of a pod is routed, so that netfilter sees all of them without br_netfilter, and the TTL falls by one on the pod's own node.`,
    forms: [{ cni: "kindnet", called: "Routes and ptp" }],
  },
  {
    name: "calico",
    title: "Calico",
    words: `
Calico gives each pod a /32 and a veth to its node, whose end answers ARP for everything (proxy ARP for 169.254.1.1, a MAC of ee:ee:ee:ee:ee:ee), so that
every packet of a pod is routed and the /32 routes of the node lead to its pods. Addresses come from blocks of a pool, 64 each by default; another node
reaches a block by one route: directly, through IPIP, or through VXLAN; what is for nobody in an own block ends in a blackhole. Routes to other nodes are
Felix's, or BIRD's with \`clusterRoutingMode=BIRD\`: a full mesh of BGP sessions, or route reflectors. Policies, Kubernetes' and Calico's own, are Felix's chains and
ipsets in front of all others: what a pod sends is judged on its node before it leaves, what it gets after translation.`,
    forms: [
      { cni: "calico:encapsulation=None,clusterRoutingMode=BIRD", called: "No encapsulation, routes by BGP" },
      { cni: "calico:encapsulation=IPIP", called: "IPIP" },
      { cni: "calico:encapsulation=VXLAN", called: "VXLAN" },
    ],
  },
];
