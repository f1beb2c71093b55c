import { describe, expect, test } from "vitest";
import { INTERNET_ADDRESS } from "../../../src/cluster/fabric.js";
import type { Cluster } from "../../../src/cluster/cluster.js";
import { launch } from "../../../src/linux/sock/app.js";
import { arrivedFrom, ask, deployment, does, nodeNs, put, SECOND, service, shop, steps } from "./shop.js";

const NODE_PORT = 30080;
const CLUSTER_IP = "10.96.0.77";
const MINUTE = 60 * SECOND;
const options = { proxy: "ipvs" } as const;
const web = (node: string, replicas = 1): object => deployment({ name: "web", node, replicas });
const client = deployment({ name: "client", node: "kind-worker" });

function podsOf(cluster: Cluster, app: string): readonly string[] {
  return cluster.objects("Pod").filter(({ metadata, status }) => metadata.labels?.["app"] === app && metadata.deletionTimestamp === undefined && status?.podIP !== undefined).map(({ status }) => status!.podIP!);
}

describe("in IPVS mode", () => {
  test("a request goes INPUT, IPVS, OUTPUT; a pod's address is kept, a node's process and the pod itself are masqueraded", () => {
    const cluster = shop([web("kind-worker2"), service("web", { clusterIP: CLUSTER_IP }), client], options);
    const walk = ask(cluster, { from: "deploy/client", to: "http://web" });
    expect(walk.verdict).toBe("delivered");
    expect(steps(walk, "ipvs")).toMatchObject([{ event: "new", scheduler: "rr", cause: { object: "Service default/web" } }]);
    const onNode = walk.hops.find(({ node, device }) => node === "kind-worker" && device === "cni0")!.steps.filter((step) => step.kind === "chain");
    expect([...new Set(onNode.map(({ table, hook }) => `${table} ${hook}`))]).toEqual(["filter INPUT", "filter OUTPUT", "nat POSTROUTING"]);
    const source = podsOf(cluster, "client")[0];
    expect(arrivedFrom(walk)).toBe(source);
    expect(walk.reply!.hops.at(-1)!.packet.src).toBe(CLUSTER_IP);

    expect(arrivedFrom(ask(cluster, { from: "deploy/web", to: "http://web" }))).toBe("10.244.2.1");
    // The process has the virtual address itself as its source, and would be answered by nobody.
    const own = ask(cluster, { from: "node/kind-worker", to: `http://${CLUSTER_IP}` });
    expect(own.hops[0]!.packet.dst).not.toBe(CLUSTER_IP);
    expect(own).toMatchObject({ verdict: "delivered" });
    expect(arrivedFrom(own)).toBe("10.244.1.0");
  });

  test("new connections take turns, each server after the other", () => {
    const cluster = shop([web("kind-worker2", 3), service("web", { clusterIP: CLUSTER_IP })], options);
    const ns = nodeNs(cluster, "kind-worker");
    const answers = Array.from({ length: 6 }, () => {
      const app = launch(cluster.stack, ns, "client", { host: CLUSTER_IP, port: 80, protocol: "tcp", resolv: { nameservers: [], search: [], options: {} }, request: "GET / HTTP/1.0\r\n\r\n", timeout: SECOND });
      cluster.run(SECOND);
      return String((cluster.stack.app.apps.get(app)!.state as { readonly reply?: string }).reply).split("\r\n\r\n")[1]!.split(" ")[0]!;
    });
    expect(new Set(answers.slice(0, 3)).size).toBe(3);
    expect(answers.slice(3)).toEqual(answers.slice(0, 3));
  });

  test("a ping and a wrong port of a service address are rejected on the node; to iptables both are nothing", () => {
    const objects = [web("kind-worker2"), service("web", { clusterIP: CLUSTER_IP }), client];
    const ipvs = shop(objects, options);
    for (const query of [{ to: CLUSTER_IP, protocol: "icmp" as const }, { to: `http://${CLUSTER_IP}:81` }]) {
      const rejected = ask(ipvs, { from: "deploy/client", ...query });
      expect(rejected).toMatchObject({ verdict: "rejected", end: { node: "kind-worker", rule: { table: "filter", chain: "KUBE-IPVS-FILTER" } } });
      expect(rejected.end.rule!.text).toContain("-m set --match-set KUBE-IPVS-IPS dst -j REJECT");
      const away = ask(shop(objects), { from: "deploy/client", ...query });
      expect(away.end.node).toBe("fabric");
    }
    // A listener of the node on that port stays out of reach, and the node's own address is not shut.
    expect(ask(ipvs, { from: "deploy/client", to: "node/kind-control-plane", port: 6443 }).verdict).toBe("delivered");
    expect(ask(ipvs, { from: "deploy/client", to: `http://${CLUSTER_IP}:6443` }).verdict).toBe("rejected");
  });

  test("a Service without endpoints is refused by IPVS itself, until a pod is ready", () => {
    const cluster = shop([web("kind-worker2", 0), service("web"), client], options);
    const refused = ask(cluster, { from: "deploy/client", to: "http://web" });
    expect(refused).toMatchObject({ verdict: "rejected", errno: "ECONNREFUSED", end: { reason: "NETFILTER_DROP", node: "kind-worker", cause: { object: "Service default/web" } } });
    expect(refused.end.rule).toBeUndefined();
    expect(steps(refused, "ipvs")).toMatchObject([{ event: "no-server" }]);
    expect(steps(refused, "answer")).toMatchObject([{ what: "icmp-error", type: 3, code: 3 }]);
    put(cluster, [web("kind-worker2")]);
    expect(ask(cluster, { from: "deploy/client", to: "http://web" }).verdict).toBe("delivered");
  });

  test("a node port answers on every address of the node but loopback", () => {
    const cluster = shop([web("kind-worker2"), service("web", { type: "NodePort" }, { nodePort: NODE_PORT }), client], options);
    expect(cluster.exec("node/kind-worker", "ipvsadm -Sn").text.split("\n").filter((line) => line.startsWith("-A") && line.includes(`:${NODE_PORT} `)).map((line) => line.split(" ")[2])).toEqual([
      `10.244.1.0:${NODE_PORT}`, `10.244.1.1:${NODE_PORT}`, `127.0.0.1:${NODE_PORT}`, `172.18.0.3:${NODE_PORT}`,
    ]);
    expect(ask(cluster, { from: "node/kind-worker", to: "127.0.0.1", port: NODE_PORT })).toMatchObject({ verdict: "dropped", end: { node: "kind-worker" } });
    for (const node of ["kind-worker", "kind-worker2"]) {
      const outside = ask(cluster, { from: "internet", to: `node/${node}`, port: NODE_PORT });
      expect(outside.verdict).toBe("delivered");
      expect(arrivedFrom(outside)).toBe(node === "kind-worker" ? "10.244.1.0" : "10.244.2.1");
    }
  });

  test("with Local a node without endpoints of its own sends on to another unmasqueraded, and the answer goes round it", () => {
    // flannel masquerades whatever comes to a pod from outside, which would heal it.
    const cluster = shop([web("kind-worker"), service("web", { type: "NodePort", externalTrafficPolicy: "Local" }, { nodePort: NODE_PORT })], { ...options, cni: "kindnet" });
    const kept = ask(cluster, { from: "internet", to: "node/kind-worker", port: NODE_PORT });
    expect(kept.verdict).toBe("delivered");
    expect(arrivedFrom(kept)).toBe(INTERNET_ADDRESS);

    const lost = ask(cluster, { from: "internet", to: "node/kind-worker2", port: NODE_PORT });
    expect(lost.verdict).toBe("dropped");
    expect(lost.hops.at(-1)).toMatchObject({ node: "kind-worker", packet: { src: INTERNET_ADDRESS, dst: podsOf(cluster, "web")[0] } });
    // The pod has answered, as itself or as its own node.
    expect(lost.end).toMatchObject({ node: "internet" });
    expect(lost.reply!.hops.at(-1)!.packet.src).not.toBe("172.18.0.4");
  });

  test("a server on the node itself is reached, from there and from elsewhere", () => {
    const cluster = shop([deployment({ name: "near", node: "kind-worker" })], options);
    for (const from of ["node/kind-control-plane", "node/kind-worker", "deploy/near"]) {
      const api = ask(cluster, { from, to: "https://10.96.0.1", port: 443 });
      expect(api).toMatchObject({ verdict: "delivered", end: { node: "kind-control-plane", netns: "kind-control-plane" } });
      expect(api.hops.at(-1)!.packet.dst).toBe("172.18.0.2");
    }
  });

  test("source ranges of a load balancer are kept on INPUT; the node itself is kept out on OUTPUT", () => {
    const ranged = (ranges: readonly string[]): object => service("web", { type: "LoadBalancer", loadBalancerSourceRanges: ranges });
    const cluster = shop([web("kind-worker2"), ranged(["203.0.113.0/24"]), client], { ...options, loadBalancer: "metallb" });
    const vip = cluster.get("Service", "default", "web")!.status!.loadBalancer!.ingress![0]!.ip!;
    expect(ask(cluster, { from: "internet", to: `http://${vip}` }).verdict).toBe("delivered");
    const pod = ask(cluster, { from: "deploy/client", to: `http://${vip}` });
    expect(pod).toMatchObject({ verdict: "dropped", end: { node: "kind-worker", rule: { chain: "KUBE-SOURCE-RANGES-FIREWALL" } } });
    const own = ask(cluster, { from: "node/kind-worker", to: `http://${vip}` });
    expect(own).toMatchObject({ verdict: "dropped", end: { node: "kind-worker", rule: { table: "filter", chain: "KUBE-IPVS-OUT-FILTER" }, cause: { object: "Service default/web" } } });
    expect(own.end.rule!.text).toContain(`-m ipvs --vproto 6 --vaddr ${vip} --vport 80 -j DROP`);
    put(cluster, [ranged(["198.51.100.0/24"])]);
    expect(ask(cluster, { from: "internet", to: `http://${vip}` })).toMatchObject({ verdict: "dropped", end: { rule: { chain: "KUBE-SOURCE-RANGES-FIREWALL" } } });
    put(cluster, [ranged(["172.18.0.0/16", "10.244.0.0/16"])]);
    expect(ask(cluster, { from: "node/kind-worker", to: `http://${vip}` }).verdict).toBe("delivered");
    expect(ask(cluster, { from: "deploy/client", to: `http://${vip}` }).verdict).toBe("delivered");
  });

  test("without br_netfilter the answer of a pod on the client's own node goes round IPVS", () => {
    const cluster = shop([web("kind-worker"), service("web"), client], { ...options, bridgeNf: false });
    const near = { from: "deploy/client", to: "http://web" };
    expect(ask(cluster, near)).toMatchObject({ verdict: "dropped", errno: "ETIMEDOUT", end: { reason: "NO_SOCKET", node: "kind-worker" } });
    does(cluster, { verb: "sysctl", ns: nodeNs(cluster, "kind-worker"), key: "net.bridge.bridge-nf-call-iptables", value: "1" });
    expect(ask(cluster, near).verdict).toBe("delivered");
  });

  test("a policy meets a connection through a Service as it meets one without", () => {
    const policy = (name: string, spec: object): object => ({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace: "default" }, spec });
    const app = (name: string): object => ({ matchLabels: { app: name } });
    const cluster = shop([web("kind-worker"), service("web"), client, deployment({ name: "other", node: "kind-worker" }), deployment({ name: "far", node: "kind-worker2" }), service("far")], options);
    put(cluster, [
      policy("web", { podSelector: app("web"), policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: app("client") }] }] }),
      policy("client", { podSelector: app("client"), policyTypes: ["Egress"], egress: [{ to: [{ podSelector: app("web") }] }, { ports: [{ port: 53, protocol: "UDP" }] }] }),
    ]);
    expect(ask(cluster, { from: "deploy/client", to: "http://web" }).verdict).toBe("delivered");
    expect(ask(cluster, { from: "deploy/other", to: "http://web" })).toMatchObject({ verdict: "dropped", end: { node: "kind-worker", cause: { object: "NetworkPolicy default/web" } } });
    expect(ask(cluster, { from: "deploy/client", to: "http://far" })).toMatchObject({ verdict: "dropped", end: { node: "kind-worker", cause: { object: "NetworkPolicy default/client" } } });
  });

  test("every node answers ARP for an external IP of its own wire, none with strictARP", () => {
    const objects = [web("kind-worker2"), service("web", { externalIPs: ["172.18.0.200"] })];
    const answers = (proxy: string): number => {
      const cluster = shop(objects, { proxy });
      return (cluster.exec("node/kind-control-plane", "arping -c1 -w1 -D -I eth0 172.18.0.200").text.match(/ reply from /g) ?? []).length;
    };
    expect(answers("ipvs")).toBeGreaterThan(0);
    expect(answers("ipvs:strictARP=true")).toBe(0);
    expect(answers("iptables")).toBe(0);
  });
});

test("beside MetalLB every node claims the address of a load balancer in IPVS mode, unless strictARP is on", () => {
  const objects = [web("kind-worker2"), service("web", { type: "LoadBalancer" })];
  const claimants = (proxy: string): number => {
    const cluster = shop(objects, { proxy, loadBalancer: "metallb" });
    const vip = cluster.get("Service", "default", "web")!.status!.loadBalancer!.ingress![0]!.ip!;
    return new Set([...cluster.exec("fabric", `arping -b -c2 -w3 -I kind ${vip}`).text.matchAll(/\[([0-9A-F:]+)\]/g)].map(([, mac]) => mac)).size;
  };
  expect([claimants("iptables"), claimants("ipvs"), claimants("ipvs:strictARP=true")]).toEqual([1, 3, 1]);
});

describe("a pod that leaves a Service in IPVS mode", () => {
  const labelled = (pod: string, app: string): object => ({ ...JSON.parse(pod), metadata: { ...JSON.parse(pod).metadata, labels: { app } } });

  /** A client of the node that keeps its connection open. */
  function hold(cluster: Cluster): number {
    const app = launch(cluster.stack, nodeNs(cluster, "kind-worker"), "client", { host: CLUSTER_IP, port: 80, protocol: "tcp", resolv: { nameservers: [], search: [], options: {} }, request: "", timeout: 5 * MINUTE });
    cluster.run(SECOND);
    return app;
  }

  const listed = (cluster: Cluster): readonly string[] =>
    cluster.exec("node/kind-worker", `ipvsadm -Ln -t ${CLUSTER_IP}:80`).text.split("\n").filter((line) => line.startsWith("  -> 1")).map((line) => line.trim().split(/ +/).slice(1).join(" "));

  test("keeps the connections that it has, gets no new one, and goes when the last has ended", () => {
    const bare = (name: string): object => ({
      apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default", labels: { app: "web" } },
      spec: { nodeName: "kind-worker2", containers: [{ name: "c", image: "example.org/c", ports: [{ containerPort: 8080 }] }] },
    });
    const cluster = shop([bare("one"), bare("two"), service("web", { clusterIP: CLUSTER_IP })], options);
    const ipOf = (name: string): string => cluster.get("Pod", "default", name)!.status!.podIP!;
    hold(cluster);
    const held = listed(cluster).find((line) => line.includes(" 1 1 0"))!.split(":")[0]!;
    const name = held === ipOf("one") ? "one" : "two";
    const other = ipOf(name === "one" ? "two" : "one");

    put(cluster, [labelled(JSON.stringify(bare(name)), "gone")]);
    expect([...listed(cluster)].sort()).toEqual([`${held}:8080 Masq 0 1 0`, `${other}:8080 Masq 1 0 0`].sort());
    for (let i = 0; i < 3; i++) expect(ask(cluster, { from: "node/kind-worker", to: `http://${CLUSTER_IP}` }).hops.at(-1)!.packet.dst).toBe(other);
    // The client gives up after five minutes; its connection is remembered for two more, and the list is looked at every minute.
    cluster.run(4 * MINUTE);
    expect(listed(cluster)).toContain(`${held}:8080 Masq 0 1 0`);
    cluster.run(2 * MINUTE);
    expect(listed(cluster)).toContain(`${held}:8080 Masq 0 0 1`);
    cluster.run(3 * MINUTE);
    expect(listed(cluster)).toEqual([`${other}:8080 Masq 1 0 0`]);
  });

  test("and returns meanwhile has its weight again", () => {
    const cluster = shop([web("kind-worker2"), service("web", { clusterIP: CLUSTER_IP })], options);
    hold(cluster);
    const [ip] = podsOf(cluster, "web");
    put(cluster, [service("web", { clusterIP: CLUSTER_IP, selector: { app: "nobody" } })]);
    expect(listed(cluster)).toEqual([`${ip}:8080 Masq 0 1 0`]);
    put(cluster, [service("web", { clusterIP: CLUSTER_IP, selector: { app: "web" } })]);
    expect(listed(cluster)).toEqual([`${ip}:8080 Masq 1 1 0`]);
  });

  test("takes the flows of UDP with it at once", () => {
    const cluster = shop([deployment({ name: "dns", node: "kind-worker2", port: 5353, protocol: "UDP" }), service("dns", { clusterIP: "10.96.0.53" }, { protocol: "UDP", port: 53, targetPort: 5353 })], options);
    const query = { from: "node/kind-worker", to: "10.96.0.53", port: 53, protocol: "udp", sourcePort: 40053 } as const;
    launch(cluster.stack, nodeNs(cluster, "kind-worker"), "client", { host: "10.96.0.53", port: 53, protocol: "udp", resolv: { nameservers: [], search: [], options: {} }, request: "", timeout: SECOND, sourcePort: 40053 });
    cluster.run(SECOND);
    const [old] = podsOf(cluster, "dns");
    cluster.delete("Pod", "default", cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === "dns")!.metadata.name);
    cluster.settle();
    cluster.run(2 * SECOND);
    const [fresh] = podsOf(cluster, "dns");
    expect(fresh).not.toBe(old);
    expect(cluster.exec("node/kind-worker", "ipvsadm -Ln").text).not.toContain(old);
    const asked = ask(cluster, query);
    expect(asked.verdict).toBe("delivered");
    expect(asked.hops.at(-1)!.packet.dst).toBe(fresh);
  });
});
