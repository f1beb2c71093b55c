/**
 * A whole cluster, exported: the commands that build it run on the real kernel and on simulated ones, the same connections
 * are tried on both, and what every rule of every node counted is compared to the byte.
 */
import { describe, expect, test } from "vitest";
import { exportLab } from "../../src/ask/export-lab.js";
import type { LabProbe } from "../../src/ask/export-probe.js";
import { walk } from "../../src/ask/walk.js";
import type { Cluster } from "../../src/cluster/cluster.js";
import { describeWith, needs } from "../support/requires.js";
import { shop } from "../support/shop.js";
import { normal } from "./normal.js";
import { realRun, sameOnBoth, simulatedRun } from "./real-run.js";

const MORE = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { type: NodePort, selector: { app: frontend }, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: local, namespace: shop }
spec: { type: NodePort, externalTrafficPolicy: Local, selector: { app: frontend }, ports: [{ port: 80, targetPort: 8080, nodePort: 30081 }] }
---
apiVersion: v1
kind: Service
metadata: { name: nobody, namespace: shop }
spec: { selector: { app: nobody }, ports: [{ port: 80 }] }
`;

/** A pod behind a port of its node, for CNIs whose lists have the portmap plugin. */
const EDGE = `
apiVersion: v1
kind: Pod
metadata: { name: edge }
spec:
  nodeName: kind-worker2
  containers: [{ name: c, image: example.org/edge:1, ports: [{ containerPort: 8080, hostPort: 18080 }] }]
`;
const hasPortmap = (cni: string): boolean => /^(flannel|kindnet)/.test(cni);

/** A journey to try, and how it ends. */
interface Journey {
  readonly name: string;
  readonly probe: LabProbe;
  readonly ends: RegExp;
}

function journeys(cluster: Cluster): Journey[] {
  const pods = cluster.objects("Pod").filter((pod) => pod.metadata.namespace === "shop");
  const named = (app: string): typeof pods => pods.filter((pod) => pod.metadata.labels?.["app"] === app);
  const [frontend] = named("frontend");
  const away = named("api").find((pod) => pod.spec.nodeName !== frontend!.spec.nodeName)!;
  const nodeOf = (name: string): string => cluster.fabric.nodes.find((node) => node.name === name)!.address;
  const here = nodeOf(frontend!.spec.nodeName!);
  const other = cluster.fabric.nodes.find((node) => node.address !== here)!;
  const from = "shop/deploy/frontend";
  const ip = away.status!.podIP!;
  return [
    { name: "pod to ClusterIP, four times in turn", probe: { from, to: "api.shop:80", count: 4 }, ends: /^ok shop\.api-/ },
    { name: "pod to a pod of another node", probe: { from, to: ip, port: 9000 }, ends: /^ok shop\.api-/ },
    { name: "pod pings a pod of another node", probe: { from, to: ip, protocol: "icmp" }, ends: /^ok ttl=62/ },
    { name: "denied by policy", probe: { from, to: "db.shop:5432" }, ends: /^timeout$/ },
    { name: "allowed by policy", probe: { from: "shop/deploy/api", to: "db.shop:5432" }, ends: /^ok shop\.db-/ },
    { name: "a Service without endpoints", probe: { from, to: "nobody.shop:80" }, ends: /^ECONNREFUSED$/ },
    { name: "NodePort from outside", probe: { from: "internet", to: other.address, port: 30080 }, ends: /^ok shop\.frontend-/ },
    { name: "NodePort of Local from outside, with an endpoint", probe: { from: "internet", to: here, port: 30081 }, ends: /^ok shop\.frontend-\S+ 203\.0\.113\.10:/ },
    { name: "NodePort of Local from outside, without one", probe: { from: "internet", to: other.address, port: 30081 }, ends: /^timeout$/ },
    { name: "NodePort from a pod", probe: { from: "shop/deploy/api", to: here, port: 30080 }, ends: /^ok shop\.frontend-/ },
    { name: "a pod to itself through its Service", probe: { from, to: "web.shop:80" }, ends: /^ok shop\.frontend-/ },
    { name: "node to ClusterIP", probe: { from: `node/${other.name}`, to: cluster.get("Service", "shop", "api")!.spec.clusterIP!, port: 80 }, ends: /^ok shop\.api-/ },
    { name: "node to a pod", probe: { from: `node/${other.name}`, to: ip, port: 9000 }, ends: /^ok shop\.api-/ },
    { name: "pod to the API server", probe: { from, to: "kubernetes.default:443" }, ends: /^ok kind-control-plane / },
    { name: "pod to the name server", probe: { from, to: "kube-dns.kube-system:53", protocol: "udp" }, ends: /^ok kube-system\.coredns-/ },
    { name: "pod pings the internet", probe: { from, to: "internet", protocol: "icmp" }, ends: /^ok ttl=62 from 203\.0\.113\.10$/ },
    { name: "pod to a closed port of a pod", probe: { from, to: ip, port: 9999 }, ends: /^ECONNREFUSED$/ },
  ];
}

function hostPortJourneys(cluster: Cluster): Journey[] {
  const node = cluster.fabric.nodes.find(({ name }) => name === "kind-worker2")!;
  const ends = /^ok default\.edge /;
  return ["internet", "node/kind-worker", "node/kind-worker2", "shop/deploy/frontend", "shop/deploy/api"].map((from) => ({ name: `a host port from ${from}`, probe: { from, to: node.address, port: 18080 }, ends }));
}

function exportedShop(cni: string, proxy = "iptables"): { readonly cluster: Cluster; readonly tried: readonly Journey[]; readonly lab: string } {
  const cluster = shop({ nodes: 3, cni, proxy });
  expect(cluster.apply(hasPortmap(cni) ? `${MORE}---${EDGE}` : MORE)).toEqual([]);
  cluster.settle();
  const tried = [...journeys(cluster), ...(hasPortmap(cni) ? hostPortJourneys(cluster) : [])];
  const overlay = (name: string): string[] => (cni === "flannel" ? [`bridge -n ${name} fdb show dev flannel.1`] : []);
  const state = cluster.fabric.nodes.flatMap(({ name }) => [`ip -n ${name} route`, ...overlay(name), `ip netns exec ${name} ipset save`]);
  return { cluster, tried, lab: `${exportLab(cluster, { probes: tried.map(({ probe }) => probe), counters: true })}${state.join("\n")}\n` };
}

/** The port that a client was given is the kernel's choice, and so is the hash that orders a set. */
function comparable(output: string): string {
  const plain = normal(output)
    .replace(/^(ok \S+ [\d.]+):\d+$/gm, "$1")
    .replace(/ bucketsize 12 initval 0x[0-9a-f]+$/gm, "");
  return plain.replace(/(?<=ipset save\n)([^$]*\n)/g, (block) => `${block.trimEnd().split("\n").sort((a, b) => (a < b ? -1 : 1)).join("\n")}\n`);
}

/** What each probe printed, the first of several answers. */
const answers = (output: string): string[] => [...output.matchAll(/^\$ probe .*\n(.*)$/gm)].map(([, line]) => line!);

/** A real run may differ from the next by a segment: a server that wakes late acknowledges a FIN by itself. */
const TRIES = 6;

const CNIS = ["flannel", "flannel:backend=host-gw", "kindnet", "calico:encapsulation=None", "calico:encapsulation=VXLAN"];

describe.each(CNIS)("%s, exported and run on simulated kernels", (cni) => {
  const { cluster, tried, lab } = exportedShop(cni);
  const output = simulatedRun(lab);

  test("no command is refused", () => {
    expect(output).not.toContain("[exit");
  });

  test.each(tried.map((one, i) => [one.name, one, i] as const))("%s", (_name, { probe, ends }, i) => {
    expect(answers(output)[i]).toMatch(ends);
    const { count: _count, ...query } = probe;
    const found = cluster.ask(walk(query));
    expect(found.verdict === "delivered", `the cluster itself says ${found.verdict}`).toBe(answers(output)[i]!.startsWith("ok "));
  });
});

describeWith("exported and run on this machine's kernel", [needs.shared, needs.netfilter], () => {
  test.each(CNIS)("%s: the same ends, the same counters", { timeout: 300_000 }, (cni) => {
    const { lab } = exportedShop(cni);
    sameOnBoth(lab, comparable, TRIES);
  });

  test("kube-proxy's nftables mode: the same ends", { timeout: 120_000 }, () => {
    const { cluster, tried, lab } = exportedShop("flannel", "nftables");
    const output = realRun(lab);
    expect(output).not.toContain("[exit");
    const printed = answers(output);
    tried.forEach(({ name, probe, ends }, i) => {
      expect(printed[i], name).toMatch(ends);
      const { count: _count, ...query } = probe;
      expect(cluster.ask(walk(query)).verdict === "delivered", name).toBe(printed[i]!.startsWith("ok "));
    });
  });
});
