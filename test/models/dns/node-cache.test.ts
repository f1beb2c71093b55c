/** node-cache between a pod and a CoreDNS. Expected values: cluster/addons/dns/nodelocaldns/nodelocaldns.yaml, kubernetes/dns cmd/node-cache, plugin/cache and plugin/forward of coredns. */
import * as dnsPacket from "dns-packet";
import { describe, expect, test } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { launch } from "../../../src/linux/sock/app.js";
import { readCorefile } from "../../../src/models/dns/corefile.js";
import { nodeCache } from "../../../src/models/dns/node-cache.js";
import { fillCorefile, type NodeCacheServer, nodeCacheServers, readNodeCacheFlags } from "../../../src/models/dns/node-cache-config.js";
import { probeProgram } from "../../linux/world.js";
import { dnsNet, type Net, OUTSIDE } from "./net.js";

const FLAGS = readNodeCacheFlags(["-localip", "10.0.0.10", "-conf", "/etc/Corefile", "-upstreamsvc", "kube-dns-upstream"]);

const block = (zone: string, cache: string, forward: string): string => `${zone}:53 {
    errors
    ${cache}
    reload
    loop
    bind __PILLAR__LOCAL__DNS__ __PILLAR__DNS__SERVER__
    forward . ${forward}
    prometheus :9253
    }
`;
/** The form of the addon's ConfigMap. */
const COREFILE = [
  block("cluster.local", "cache {\n            success 9984 30\n            denial 9984 5\n    }", "__PILLAR__CLUSTER__DNS__ {\n            force_tcp\n    }\n    health __PILLAR__LOCAL__DNS__:8080 # liveness"),
  block("in-addr.arpa", "cache 30", "__PILLAR__CLUSTER__DNS__ {\n            force_tcp\n    }"),
  block(".", "cache 30", "__PILLAR__UPSTREAM__SERVERS__"),
].join("");

const servers = (text: string, upstream: string | null = "10.1.0.53", resolvers: readonly string[] = ["10.1.0.53"]): readonly NodeCacheServer[] | string => nodeCacheServers(fillCorefile(text, FLAGS, upstream), resolvers);

describe("what node-cache is told", () => {
  test("flags, as Go reads them", () => {
    expect(readNodeCacheFlags(["-localip", "169.254.20.10,10.96.0.10", "-conf", "/etc/Corefile", "-upstreamsvc", "kube-dns-upstream", "-pidfile", "/tmp/x"])).toEqual({
      localIps: ["169.254.20.10", "10.96.0.10"],
      upstreamSvc: "kube-dns-upstream",
      setupInterface: true,
      setupIptables: true,
      skipTeardown: false,
      interfaceName: "nodelocaldns",
      healthPort: 8080,
    });
    expect(readNodeCacheFlags(["--localip=169.254.20.10", "-skipteardown=true", "-setupinterface=false", "-setupiptables=false"])).toMatchObject({ localIps: ["169.254.20.10"], upstreamSvc: "kube-dns", skipTeardown: true, setupInterface: false, setupIptables: false });
    expect(readNodeCacheFlags(["-skipteardown", "-localip", "1.2.3.4"])).toMatchObject({ skipTeardown: true, localIps: ["1.2.3.4"] });
  });

  test("the Corefile of its ConfigMap", () => {
    expect(servers(COREFILE, "10.96.7.7", ["172.18.0.1"])).toEqual([
      { zone: "cluster.local", bind: ["10.0.0.10"], cache: { success: 30, denial: 5 }, upstreams: ["10.96.7.7"], by: "tcp", health: { host: "10.0.0.10", port: 8080 }, metrics: 9253 },
      { zone: "in-addr.arpa", bind: ["10.0.0.10"], cache: { success: 30, denial: 30 }, upstreams: ["10.96.7.7"], by: "tcp", health: null, metrics: 9253 },
      { zone: "", bind: ["10.0.0.10"], cache: { success: 30, denial: 30 }, upstreams: ["172.18.0.1"], by: "client", health: null, metrics: 9253 },
    ]);
  });

  test("`cache` alone keeps answers an hour and denials half of one; no cache keeps nothing; prefer_udp", () => {
    const of = (text: string): NodeCacheServer => (servers(text) as readonly NodeCacheServer[])[0]!;
    expect(of(".:53 {\n cache\n forward . 10.0.0.1\n}").cache).toEqual({ success: 3600, denial: 1800 });
    expect(of(".:53 {\n forward . 10.0.0.1\n}").cache).toBeNull();
    expect(of("example.org {\n forward . 10.0.0.1 {\n prefer_udp\n }\n}")).toMatchObject({ zone: "example.org", by: "udp" });
  });

  test("without a Service its upstream is <nil>, and CoreDNS does not start", () => {
    expect(servers(COREFILE, null)).toBe('plugin/forward: not an IP address or file: "<nil>"');
  });

  test("a Corefile with a brace too many, and one with comments and quotes", () => {
    expect(readCorefile(". {\n}\n}")).toContain("Error during parsing");
    expect(readCorefile('# all\n.:5353 example.org { # both\n  log "a b" c\n}\n')).toEqual([
      { zones: [{ zone: "", port: 5353 }, { zone: "example.org", port: 53 }], plugins: [{ name: "log", args: ["a b", "c"], body: [] }] },
    ]);
  });
});

interface Told {
  readonly rcode: string;
  readonly aa: boolean;
  readonly answers: readonly unknown[];
  readonly upstream: number;
}

const NAME = "web.default.svc.cluster.local";

/** Asks the same net at instants (seconds) and tells what came, and how many packets crossed the upstream's link. */
function asks(questions: readonly (readonly [at: number, name: string])[], corefile = COREFILE, kubeDns = true): readonly Told[] {
  const heard: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  const asker = probeProgram("asker", (door, event) => {
    if (event.kind === "start") questions.forEach(([at], i) => door.timer(at * SECOND, i));
    if (event.kind === "timer") door.udpSend(door.udpBind(0, 0), door.addressOf("10.0.0.10"), 53, new Uint8Array(dnsPacket.encode({ type: "query", id: event.word, flags: 256, questions: [{ type: "A", name: questions[event.word]![1], class: "IN" }] })));
    if (event.kind === "datagram") heard.push({ at: door.now, bytes: new Uint8Array(door.bytes(event)) });
  });
  const net: Net = dnsNet({ coredns: false, upstream: !kubeDns, programs: [asker, nodeCache] });
  if (kubeDns) launch(net.s, net.up, "coredns", {});
  launch(net.s, net.dns, "node-cache", { servers: servers(corefile) as unknown[] });
  launch(net.s, net.pod, "asker", {});
  const told: Told[] = [];
  for (const [i, [at]] of questions.entries()) {
    const before = net.counts().upstream;
    const next = questions[i + 1]?.[0] ?? at + 30;
    net.s.engine.run(next * SECOND - 1);
    const answer = heard.map(({ bytes }) => dnsPacket.decode(Buffer.from(bytes))).find(({ id }) => id === i) as unknown as { rcode: string; flag_aa: boolean; answers: readonly unknown[] } | undefined;
    told.push({ rcode: answer?.rcode ?? "nobody", aa: answer?.flag_aa ?? false, answers: answer?.answers ?? [], upstream: net.counts().upstream - before });
  }
  return told;
}

describe("node-cache", () => {
  test("asks the cluster's DNS by TCP, keeps an answer thirty seconds and counts its TTL down", () => {
    const [first, second, third, fourth] = asks([[0, NAME], [1, NAME], [9, NAME], [31, NAME]]);
    expect(first).toMatchObject({ rcode: "NOERROR", aa: true, answers: [{ name: NAME, ttl: 30, data: "10.96.105.12" }] });
    // A handshake of three, and what carries a question and an answer.
    expect(first!.upstream).toBeGreaterThanOrEqual(3 + 2);
    expect(second).toMatchObject({ upstream: 0, answers: [{ ttl: 29 }] });
    expect(third!.answers).toMatchObject([{ ttl: 21 }]);
    expect(fourth!.upstream).toBeGreaterThan(0);
    expect(fourth!.answers).toMatchObject([{ ttl: 30 }]);
  });

  test("keeps a denial of the cluster five seconds", () => {
    const [first, second, third] = asks([[0, "nosuch.default.svc.cluster.local"], [4, "nosuch.default.svc.cluster.local"], [6, "nosuch.default.svc.cluster.local"]]);
    expect(first!.rcode).toBe("NXDOMAIN");
    expect(second).toMatchObject({ rcode: "NXDOMAIN", upstream: 0 });
    expect(third!.upstream).toBeGreaterThan(0);
  });

  test("uses a connection again within ten seconds, and closes it then", () => {
    const [first, again, rest, later] = asks([[0, NAME], [5, "dual.default.svc.cluster.local"], [14, NAME], [40, "nosuch.default.svc.cluster.local"]]);
    expect(again!.upstream).toBe(first!.upstream - 3);
    // Nothing is asked: FIN, FIN with ACK, ACK, fifteen seconds after the start.
    expect(rest).toMatchObject({ answers: [{ ttl: 16 }], upstream: 3 });
    expect(later!.upstream).toBe(first!.upstream + 3);
  });

  test("asks by UDP for other names, as it was asked; from the cache it says that it is authoritative", () => {
    const name = "www.example.com";
    const [first, second] = asks([[0, name], [1, name]], COREFILE, false);
    expect(first).toMatchObject({ upstream: 2, aa: false, answers: [{ ttl: 30, data: OUTSIDE[name][0] }] });
    expect(second).toMatchObject({ upstream: 0, aa: true });
  });

  test("prefer_udp turns to TCP for an answer that was cut; force_tcp needs one connection alone", () => {
    const of = (option: string): readonly Told[] => asks([[0, "big.example.com"]], `.:53 {\n bind 10.0.0.10\n forward . 10.1.0.53 {\n ${option}\n }\n}\n`, false);
    const [udp] = of("prefer_udp");
    const [tcp] = of("force_tcp");
    const [plain] = of("max_concurrent 1000");
    expect(udp!.upstream).toBe(tcp!.upstream + 2);
    expect(plain!.upstream).toBe(2);
  });

  test("names of no server are refused; an upstream that is silent is SERVFAIL after its tries", () => {
    const cluster = `cluster.local:53 {\n bind 10.0.0.10\n forward . 10.1.0.53 {\n force_tcp\n }\n}\n`;
    expect(asks([[0, "www.example.com"]], cluster)[0]!.rcode).toBe("REFUSED");
    expect(asks([[0, NAME]], cluster, false)[0]!.rcode).not.toBe("nobody");
    expect(asks([[0, NAME]], cluster.replace("10.1.0.53", "10.1.0.99"))[0]!.rcode).toBe("SERVFAIL");
  });
});
