/**
 * NodeLocal DNSCache in a cluster. Rules and device as a real node's tools print them, with node-cache 1.26 of the addon's
 * manifest in a kubeadm cluster (kube-dns at 10.96.0.10); behaviour: facts/dns.md 7 and kubernetes/dns cmd/node-cache.
 */
import { describe, expect, test } from "vitest";
import { walk } from "../../src/ask/walk.js";
import { SECOND } from "../../src/base/time.js";
import { type Cluster, createCluster } from "../../src/cluster/cluster.js";
import { isInputError } from "../../src/cluster/input-error.js";
import type { ClusterOptions } from "../../src/cluster/options.js";
import { narrate } from "../../src/observe/narrate.js";
import { transcriptText } from "../../src/observe/transcript.js";

const CLIENT = `apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {nodeName: kind-worker, containers: [{name: client, image: "busybox:1.36"}]}
`;
const KUBERNETES = "kubernetes.default.svc.cluster.local";

function booted(options: ClusterOptions = {}): Cluster {
  const cluster = createCluster({ nodes: 2, dns: { nodeLocal: true }, outsideNames: { "www.example.com": ["93.184.216.34"] }, ...options });
  cluster.settle();
  cluster.apply(CLIENT);
  cluster.settle();
  return cluster;
}

const lines = (cluster: Cluster, command: string, word: string): readonly string[] => cluster.exec("node/kind-worker", command).text.split("\n").filter((line) => line.includes(word));
const upstreamOf = (cluster: Cluster): string => cluster.get("Service", "kube-system", "kube-dns-upstream")!.spec.clusterIP!;
const resolves = (cluster: Cluster, name = KUBERNETES): boolean => cluster.exec("client", `nslookup ${name}`).code === 0;

const skip = (chain: string, match: string): string => `-A ${chain} ${match} -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK`;
const allow = (chain: string, match: string): string => `-A ${chain} ${match} -m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT`;

describe("what a node gets under kube-proxy's iptables mode", () => {
  const cluster = booted();

  test("`iptables -t raw -S`: no packet of DNS is tracked", () => {
    expect(lines(cluster, "iptables -t raw -S", "NodeLocal")).toEqual([
      skip("PREROUTING", "-d 10.96.0.10/32 -p udp -m udp --dport 53"),
      skip("PREROUTING", "-d 10.96.0.10/32 -p tcp -m tcp --dport 53"),
      skip("PREROUTING", "-d 169.254.20.10/32 -p udp -m udp --dport 53"),
      skip("PREROUTING", "-d 169.254.20.10/32 -p tcp -m tcp --dport 53"),
      skip("OUTPUT", "-s 10.96.0.10/32 -p tcp -m tcp --sport 8080"),
      skip("OUTPUT", "-d 10.96.0.10/32 -p tcp -m tcp --dport 8080"),
      skip("OUTPUT", "-d 10.96.0.10/32 -p udp -m udp --dport 53"),
      skip("OUTPUT", "-d 10.96.0.10/32 -p tcp -m tcp --dport 53"),
      skip("OUTPUT", "-s 10.96.0.10/32 -p udp -m udp --sport 53"),
      skip("OUTPUT", "-s 10.96.0.10/32 -p tcp -m tcp --sport 53"),
      skip("OUTPUT", "-s 169.254.20.10/32 -p tcp -m tcp --sport 8080"),
      skip("OUTPUT", "-d 169.254.20.10/32 -p tcp -m tcp --dport 8080"),
      skip("OUTPUT", "-d 169.254.20.10/32 -p udp -m udp --dport 53"),
      skip("OUTPUT", "-d 169.254.20.10/32 -p tcp -m tcp --dport 53"),
      skip("OUTPUT", "-s 169.254.20.10/32 -p udp -m udp --sport 53"),
      skip("OUTPUT", "-s 169.254.20.10/32 -p tcp -m tcp --sport 53"),
    ]);
  });

  test("`iptables -S`: and all of it is accepted", () => {
    expect(lines(cluster, "iptables -S", "NodeLocal")).toEqual([
      allow("INPUT", "-d 10.96.0.10/32 -p udp -m udp --dport 53"),
      allow("INPUT", "-d 10.96.0.10/32 -p tcp -m tcp --dport 53"),
      allow("INPUT", "-d 169.254.20.10/32 -p udp -m udp --dport 53"),
      allow("INPUT", "-d 169.254.20.10/32 -p tcp -m tcp --dport 53"),
      allow("OUTPUT", "-s 10.96.0.10/32 -p udp -m udp --sport 53"),
      allow("OUTPUT", "-s 10.96.0.10/32 -p tcp -m tcp --sport 53"),
      allow("OUTPUT", "-s 169.254.20.10/32 -p udp -m udp --sport 53"),
      allow("OUTPUT", "-s 169.254.20.10/32 -p tcp -m tcp --sport 53"),
    ]);
  });

  test("a dummy device that is down, with both addresses, and the commands that made it", () => {
    const text = cluster.exec("node/kind-worker", "ip addr show dev nodelocaldns").text;
    expect(text).toMatch(/^\d+: nodelocaldns: <BROADCAST,NOARP> mtu 1500 qdisc noop state DOWN /);
    expect(text.match(/inet \S+ scope global nodelocaldns/g)).toEqual(["inet 169.254.20.10/32 scope global nodelocaldns", "inet 10.96.0.10/32 scope global nodelocaldns"]);
    const commands = transcriptText(cluster.transcript("kind-worker"), cluster.fabric.nodes[1]!.ns).split("\n").filter((line) => /nodelocaldns|NodeLocal/.test(line));
    expect(commands.slice(0, 4)).toEqual([
      "ip link add nodelocaldns type dummy",
      "ip addr add 169.254.20.10/32 dev nodelocaldns",
      "ip addr add 10.96.0.10/32 dev nodelocaldns",
      'iptables -t raw -I PREROUTING -d 169.254.20.10/32 -p tcp -m tcp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK',
    ]);
    expect(commands).toHaveLength(3 + 24);
  });

  test("pods on every node, the control plane's too, whose probe is answered on the address", () => {
    const pods = cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["k8s-app"] === "node-local-dns");
    expect(pods.map((pod) => [pod.spec.nodeName, pod.status?.phase])).toEqual(expect.arrayContaining([["kind-control-plane", "Running"], ["kind-worker", "Running"]]));
    const later = cluster.fork();
    later.run(200 * SECOND);
    expect(later.control.events.filter(({ reason }) => reason === "Unhealthy" || reason === "Killing")).toEqual([]);
    expect(later.exec("node/kind-worker", "curl -s http://169.254.20.10:8080/health").text).toBe("OK");
  });

  test("a pod's question ends on its own node, untracked; the cluster's DNS is asked by TCP", () => {
    const fork = cluster.fork();
    const answer = fork.ask(walk({ from: "client", to: "10.96.0.10:53", protocol: "udp" }));
    expect(answer.verdict).toBe("delivered");
    expect(answer.hops.map((hop) => [hop.node, hop.device])).toEqual([["kind-worker", "eth0"], ["kind-worker", expect.stringMatching(/^veth/)], ["kind-worker", "cni0"]]);
    expect(narrate(answer)).toContain("raw PREROUTING: PREROUTING:1 NOTRACK policy ACCEPT");
    expect(JSON.stringify(answer)).not.toContain('"conntrack"');
    expect(resolves(fork)).toBe(true);
    const flows = fork.exec("node/kind-worker", "conntrack -L").text.split("\n");
    expect(flows.filter((line) => line.startsWith("udp") && line.includes("dport=53 "))).toEqual([]);
    expect(flows.filter((line) => line.startsWith("tcp") && line.includes(`dst=${upstreamOf(fork)} `)).length).toBeGreaterThan(0);
  });

  test("names outside are asked of the node's own server; the second answer is the cache's", () => {
    const fork = cluster.fork();
    const [first, second] = [fork.exec("client", "nslookup www.example.com").text, fork.exec("client", "nslookup www.example.com").text];
    expect(first).toContain("Non-authoritative answer:\nName:\twww.example.com\nAddress: 93.184.216.34");
    expect(second).not.toContain("Non-authoritative");
    expect(fork.exec("node/kind-worker", "conntrack -L -p udp --dport 53").text).toMatch(/src=172\.18\.0\.3 dst=172\.18\.0\.1 /);
  });

  test("a fork goes on alike", () => {
    const [a, b] = [cluster.fork(), cluster.fork()];
    for (const each of [a, b]) each.exec("client", `nslookup ${KUBERNETES}`);
    expect(a.fingerprint()).toBe(b.fingerprint());
  });
});

describe("where the caches cannot take kube-dns's address", () => {
  test.each(["ipvs", "nftables"])("%s: pods are told 169.254.20.10, and kube-dns itself is asked", (proxy) => {
    const cluster = booted({ proxy });
    expect(cluster.exec("client", "cat /etc/resolv.conf").text).toBe("search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 169.254.20.10\noptions ndots:5\n");
    expect(cluster.exec("node/kind-worker", "ip addr show dev nodelocaldns").text.match(/inet \S+/g)).toEqual(["inet 169.254.20.10/32"]);
    expect(lines(cluster, "iptables -t raw -S", "NodeLocal")).toHaveLength(8);
    expect(resolves(cluster)).toBe(true);
    expect(cluster.exec("node/kind-worker", "conntrack -L -p tcp --dport 53").text).toContain("dst=10.96.0.10 ");
  });

  test("clusterDNS can be theirs in iptables mode too", () => {
    const cluster = booted({ dns: { nodeLocal: true, clusterDNS: "169.254.20.10" } });
    expect(cluster.exec("client", "nslookup kubernetes.default.svc.cluster.local").text).toMatch(/^Server:\t\t169\.254\.20\.10\n/);
  });
});

describe("without the cache's pod", () => {
  test("deleted, and pods ask kube-dns's address: device and rules are gone, kube-proxy answers for it again", () => {
    const cluster = booted();
    cluster.kubectl("delete daemonset node-local-dns -n kube-system");
    cluster.run(5 * SECOND);
    expect(cluster.exec("node/kind-worker", "ip addr show dev nodelocaldns").text).toContain('Device "nodelocaldns" does not exist.');
    expect(lines(cluster, "iptables-save", "NodeLocal")).toEqual([]);
    expect(resolves(cluster)).toBe(true);
    expect(cluster.exec("node/kind-worker", "conntrack -L -p udp --dport 53").text).toContain("dst=10.96.0.10 ");
  });

  test("deleted, and pods ask the cache's own address: names time out, the question leaves by the default route", () => {
    const cluster = booted({ proxy: "ipvs" });
    cluster.kubectl("delete daemonset node-local-dns -n kube-system");
    cluster.run(5 * SECOND);
    const answer = cluster.exec("client", `nslookup ${KUBERNETES}`);
    expect(answer).toMatchObject({ code: 1, text: ";; connection timed out; no servers could be reached\n\n" });
    const lost = cluster.ask(walk({ from: "client", to: `${KUBERNETES}:443` }));
    expect(lost.verdict).toBe("unresolved");
    expect(lost.lookups.map(({ server, rcode, query }) => [server, rcode, query.end.node])[0]).toEqual(["169.254.20.10", "", "fabric"]);
    expect(cluster.ask(walk({ from: "client", to: "169.254.20.10:53", protocol: "udp" })).end).toMatchObject({ node: "fabric" });
  });

  test("crashed: what it made stays, and the node refuses the question until the kubelet has started it again", () => {
    const cluster = booted();
    const set = cluster.get("DaemonSet", "kube-system", "node-local-dns")!;
    const template = { ...set.spec.template, metadata: { ...set.spec.template.metadata, annotations: { "podwire.dev/exit-after": "4s", "podwire.dev/exit-code": "137" } } };
    cluster.apply([{ ...set, spec: { ...set.spec, template } }]);
    cluster.settle();
    cluster.run(60 * SECOND);
    const pod = cluster.objects("Pod").find((each) => each.metadata.labels?.["k8s-app"] === "node-local-dns" && each.spec.nodeName === "kind-worker")!;
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated: { exitCode: 137, reason: "Error" } } });
    expect(lines(cluster, "iptables-save", "NodeLocal")).toHaveLength(24);
    const refused = cluster.ask(walk({ from: "client", to: "10.96.0.10:53", protocol: "udp" }));
    expect(refused).toMatchObject({ verdict: "rejected", end: { reason: "NO_SOCKET", node: "kind-worker" } });
    expect(resolves(cluster.fork())).toBe(false);
    for (let waited = 0; waited < 60 && !resolves(cluster.fork()); waited++) cluster.run(SECOND);
    expect(resolves(cluster)).toBe(true);
  });
});

describe("with NetworkPolicies", () => {
  const egress = (to: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: names-only, namespace: default}
spec:
  podSelector: {matchLabels: {app: client}}
  policyTypes: [Egress]
  egress: [{to: [${to}], ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}]
`;
  const PODS = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}";

  test("egress to kube-dns's pods alone is no egress to the cache: Calico drops the question, an ipBlock lets it pass", () => {
    const cluster = booted({ cni: "calico" });
    expect(resolves(cluster)).toBe(true);
    cluster.apply(egress(PODS));
    cluster.settle();
    cluster.run(SECOND);
    const dropped = cluster.ask(walk({ from: "client", to: "10.96.0.10:53", protocol: "udp" }));
    expect(dropped.verdict).toBe("dropped");
    expect(dropped.end.cause?.object).toBe("NetworkPolicy default/names-only");
    expect(resolves(cluster.fork())).toBe(false);
    cluster.apply(egress(`${PODS}, {ipBlock: {cidr: 10.96.0.10/32}}`));
    cluster.settle();
    cluster.run(SECOND);
    expect(resolves(cluster)).toBe(true);
  });

  test("a dataplane that always lets pods reach their own node lets them ask the cache", () => {
    const cluster = booted();
    cluster.apply(egress(PODS));
    cluster.settle();
    expect(resolves(cluster)).toBe(true);
  });
});

describe("somebody's own manifest", () => {
  const addon = (more = ""): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: cache-config, namespace: kube-system}
data:
  Corefile: |
    cluster.local:53 {
        cache 30
        bind 169.254.25.10
        forward . __PILLAR__CLUSTER__DNS__ {
            force_tcp
        }
        health 169.254.25.10:9254
    }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: nodelocaldns, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: nodelocaldns}}
  template:
    metadata: {labels: {k8s-app: nodelocaldns}}
    spec:
      hostNetwork: true
      dnsPolicy: Default
      tolerations: [{effect: NoSchedule, operator: Exists}]
      containers:
      - name: node-cache
        image: registry.example/dns/k8s-dns-node-cache:1.25.0
        args: ["-localip", "169.254.25.10", "-conf", "/etc/coredns/Corefile", "-upstreamsvc", "coredns-up"${more}]
      volumes: [{name: config-volume, configMap: {name: cache-config, items: [{key: Corefile, path: Corefile.base}]}}]
`;
  const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: coredns-up, namespace: kube-system}
spec: {selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]}
`;

  test("is as good: its addresses, its Corefile, its Service", () => {
    const cluster = booted({ dns: { clusterDNS: "169.254.25.10" } });
    expect(resolves(cluster.fork())).toBe(false);
    cluster.apply(`${SERVICE}---\n${addon(', "-health-port", "9254"')}`);
    cluster.settle();
    expect(resolves(cluster)).toBe(true);
    expect(lines(cluster, "iptables -t raw -S", "9254")).toHaveLength(2);
    expect(cluster.exec("node/kind-worker", "curl -s http://169.254.25.10:9254/health").text).toBe("OK");
  });

  test("without its Service there is nobody to ask: the container gives up, again and again", () => {
    const cluster = booted({ dns: { clusterDNS: "169.254.25.10" } });
    cluster.apply(addon());
    cluster.settle();
    cluster.run(30 * SECOND);
    const [pod] = cluster.objects("Pod").filter((each) => each.metadata.labels?.["k8s-app"] === "nodelocaldns");
    expect(pod!.status?.containerStatuses?.[0]).toMatchObject({ ready: false, lastState: { terminated: { exitCode: 1, reason: "Error" } } });
    expect(pod!.status!.containerStatuses![0]!.restartCount).toBeGreaterThan(0);
    expect(lines(cluster, "iptables-save", "NodeLocal")).toEqual([]);
  });
});

describe("options that make no sense", () => {
  const refused = (dns: ClusterOptions["dns"], more: ClusterOptions = {}): string => {
    try {
      createCluster({ dns: dns!, ...more });
      return "";
    } catch (error) {
      if (!isInputError(error)) throw error;
      return error.problems.map(({ path, message }) => `${path}: ${message}`).join("\n");
    }
  };
  test.each([
    [{ nodeLocal: true, localIp: "169.254.20" }, {}, 'dns.localIp: Invalid value: "169.254.20": must be an IP address of the family of the cluster\'s DNS'],
    [{ clusterDNS: "nobody" }, {}, 'dns.clusterDNS: Invalid value: "nobody": must be a valid IP address'],
    [{ nodeLocal: true }, { cni: "kindnet", podSubnet: "fd00:10:244::/56", serviceSubnet: "fd00:10:96::/112" }, "dns.localIp: Required value: an address of IPv6 for the caches"],
  ] as const)("%j", (dns, more, message) => {
    expect(refused(dns, more)).toBe(message);
  });

  test("IPv6 alone, with an address of its own", () => {
    const cluster = booted({ cni: "kindnet", podSubnet: "fd00:10:244::/56", serviceSubnet: "fd00:10:96::/112", dns: { nodeLocal: true, localIp: "fd00:ffff::10" } });
    expect(resolves(cluster)).toBe(true);
    expect(lines(cluster, "ip6tables -t raw -S", "NodeLocal")).toHaveLength(16);
  });
});
