/** A pod, a CoreDNS and a name server outside, on real simulated links: 10.0.0.2 - 10.0.0.10 | 10.1.0.10 - 10.1.0.53. Neighbours are known, so every packet counted is DNS. */
import { SECOND } from "../../../src/base/time.js";
import { deviceByName } from "../../../src/linux/device.js";
import { launch, type Program } from "../../../src/linux/sock/app.js";
import type { Stack } from "../../../src/linux/stack.js";
import { client, type ClientArguments, type ClientResult } from "../../../src/models/app/client.js";
import { dig } from "../../../src/models/app/dig.js";
import { nslookup } from "../../../src/models/app/nslookup.js";
import { server } from "../../../src/models/app/server.js";
import { wget } from "../../../src/models/app/wget.js";
import { coreDns } from "../../../src/models/dns/coredns.js";
import { CLUSTER_ZONE, type ClusterZone } from "../../../src/models/dns/lookup.js";
import type { ResolvConf } from "../../../src/models/dns/resolv-conf.js";
import type { ResolverKind } from "../../../src/models/dns/resolver.js";
import { upstreamDns } from "../../../src/models/dns/upstream.js";
import { act, joinByVeth, makeStack, netns } from "../../linux/world.js";
import { zoneSource } from "./zone.js";

export const RESOLV: ResolvConf = { nameservers: ["10.0.0.10"], search: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"], options: { ndots: "5" } };
export const OUTSIDE = {
  "www.example.com": ["93.184.216.34"],
  "alias.example.com": ["=www.example.com"],
  "short.example.com": ["93.184.216.35"],
  "big.example.com": Array.from({ length: 40 }, (_, i) => `192.0.2.${i + 1}`),
} as const;

export interface Net {
  readonly s: Stack;
  readonly pod: number;
  readonly dns: number;
  readonly up: number;
  run(seconds?: number): void;
  /** packets that have crossed the pod's link, and the upstream's */
  counts(): { readonly pod: number; readonly upstream: number };
}

export interface NetOptions {
  readonly zone?: ClusterZone;
  readonly programs?: readonly Program[];
  readonly seed?: number;
  readonly upstream?: boolean;
  readonly coredns?: boolean;
  readonly ttl?: number;
}

export function dnsNet({ zone = CLUSTER_ZONE, programs = [], seed = 1, upstream = true, coredns = true, ttl = 300 }: NetOptions = {}): Net {
  const s = makeStack([client, server, nslookup, dig, wget, upstreamDns, coreDns(zoneSource, zone), ...programs], seed);
  const pod = netns(s, "pod");
  const dns = netns(s, "dns");
  const up = netns(s, "up");
  const macs = ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03", "02:00:00:00:00:04"] as const;
  joinByVeth(s, pod, "eth0", "10.0.0.2/24", dns, "eth0", "10.0.0.10/24");
  joinByVeth(s, dns, "eth1", "10.1.0.10/24", up, "eth0", "10.1.0.53/24");
  [[pod, "eth0"], [dns, "eth0"], [dns, "eth1"], [up, "eth0"]].forEach(([ns, name], i) => act(s, { verb: "link-set", ns: ns as number, name: name as string, mac: macs[i]! }));
  const known = (ns: number, dev: string, addr: string, mac: string): void => act(s, { verb: "neigh-add", ns, dev, addr, mac, state: "permanent" });
  known(pod, "eth0", "10.0.0.10", macs[1]);
  known(dns, "eth0", "10.0.0.2", macs[0]);
  known(dns, "eth1", "10.1.0.53", macs[3]);
  known(up, "eth0", "10.1.0.10", macs[2]);
  if (coredns) launch(s, dns, "coredns", { upstream: "10.1.0.53" });
  if (upstream) launch(s, up, "upstream-dns", { names: OUTSIDE, ttl });
  const count = (ns: number): number => {
    const dev = deviceByName(s, ns, "eth0");
    return s.dev.c.rxPackets[dev]! + s.dev.c.txPackets[dev]!;
  };
  return { s, pod, dns, up, run: (seconds = 60) => void s.engine.run(s.engine.now + seconds * SECOND), counts: () => ({ pod: count(pod), upstream: count(up) }) };
}

/** Resolves a name in the pod, and sends one datagram to no one's port of what comes out (it is dropped where there is no route). */
export function resolve(net: Net, host: string, more: { readonly resolver?: ResolverKind; readonly resolv?: ResolvConf } = {}): { readonly result: ClientResult; readonly pod: number; readonly upstream: number } {
  const before = net.counts();
  const args: ClientArguments = { host, port: 9, protocol: "udp", resolv: more.resolv ?? RESOLV, request: "", timeout: SECOND, ...(more.resolver === undefined ? {} : { resolver: more.resolver }) };
  const app = launch(net.s, net.pod, "client", { ...args });
  net.run();
  const after = net.counts();
  return { result: net.s.app.apps.get(app)!.state as unknown as ClientResult, pod: after.pod - before.pod, upstream: after.upstream - before.upstream };
}

/** Runs a program in the pod to its end: its lines and exit code. */
export function runProgram(net: Net, program: string, args: Readonly<Record<string, unknown>>): { readonly text: string; readonly code: number | undefined } {
  const app = launch(net.s, net.pod, program, { resolv: RESOLV, ...args });
  net.run();
  const { output, exit } = net.s.app.apps.get(app)!;
  return { text: output.map((line) => `${line}\n`).join(""), code: exit };
}
