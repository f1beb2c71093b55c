import fc from "fast-check";
import { expect, test } from "vitest";
import { eachOutcome } from "../../src/ask/rules-draws.js";
import { flowsOfConfig } from "../../src/ask/rules-flows.js";
import { type ProxyConfig, type ProxyFlow, readProxyConfig } from "../../src/models/proxy/config.js";
import { serviceState } from "../models/proxy/arbitrary-services.js";
import type { ProxyObjects } from "../../src/models/proxy/configured-rules.js";

const NODE = "192.168.0.2";
const CONFIG = readProxyConfig(
  `nodeName: node-a\nnodeIP: ${NODE}\nnodeLocalIPs: [127.0.0.1, ${NODE}, 192.168.0.3]\ndetectLocal: {mode: ClusterCIDR, cidr: 10.244.0.0/16}\nnodePortAddresses: [192.168.0.2/32]\nserviceCIDRs: [10.96.0.0/16]\n`,
  "config.yaml",
).config!;
const SOURCES = { pod: "10.244.3.200", node: NODE, outside: "203.0.113.77", blocked: "198.18.0.1" };

/** From everywhere to every frontend of every port. */
function flowsTo({ services }: ProxyObjects): readonly ProxyFlow[] {
  return services.flatMap((service) => {
    const { spec, status } = service;
    const vips = [spec.clusterIP!, ...(spec.externalIPs ?? []), ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])];
    return (spec.ports ?? []).flatMap((port) => {
      const ends = [...vips.map((ip) => [ip, port.port] as const), ...(port.nodePort === undefined ? [] : [[NODE, port.nodePort] as const])];
      return ends.flatMap(([destIP, destPort]) =>
        Object.entries(SOURCES).map(([who, sourceIP]): ProxyFlow => ({ name: `${who} to ${destIP}:${destPort}/${port.protocol}`, sourceIP, protocol: port.protocol!.toLowerCase(), destIP, destPort, output: "", masq: null })),
      );
    });
  });
}

interface Answer {
  readonly name: string;
  readonly ends: string;
}

/** The ends of each flow as a set: the modes try endpoints in different orders. */
function answers(mode: "iptables" | "nftables", config: ProxyConfig, objects: ProxyObjects): readonly Answer[] {
  return flowsOfConfig(mode, config, objects).map(({ name, output, masq }) => ({ name, ends: `${[...new Set(output.split(", "))].sort().join(", ")} ${masq}` }));
}

/** KUBE-EXTERNAL-SERVICES hangs on INPUT and FORWARD alone, service-endpoints-check on output too. */
function leavesUnanswered(flow: string, iptables: string, nftables: string): boolean {
  return /^node to (198\.51\.100|203\.0\.113)\./.test(flow) && iptables === " false" && /^(REJECT|DROP) /.test(nftables);
}

test("iptables and nftables send new connections to the same sets of endpoints and masquerade the same, but for a node's own to nobody outside", () => {
  let translated = 0;
  let unanswered = 0;
  fc.assert(
    fc.property(fc.uniqueArray(serviceState, { minLength: 1, maxLength: 4, selector: ({ key }) => key }), (states) => {
      const objects: ProxyObjects = { services: states.flatMap(({ service }) => service ?? []), slices: states.flatMap(({ slices }) => slices), nodes: [] };
      const config: ProxyConfig = { ...CONFIG, flows: flowsTo(objects) };
      const nftables = answers("nftables", config, objects);
      const iptables = answers("iptables", config, objects).map(({ name, ends }, i) => {
        const excused = leavesUnanswered(name, ends, nftables[i]!.ends);
        if (excused) unanswered++;
        return { name, ends: excused ? nftables[i]!.ends : ends };
      });
      translated += nftables.filter(({ ends }) => ends.includes(":")).length;
      expect(iptables).toEqual(nftables);
    }),
    { numRuns: 40, seed: 6 },
  );
  expect(translated).toBeGreaterThan(100);
  expect(unanswered).toBeGreaterThan(0);
});

const addressed = (spec: object): ProxyObjects => ({
  services: [{ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "shop" }, spec: { type: "ClusterIP", clusterIP: "10.96.0.1", ports: [{ port: 80, protocol: "TCP" }], ...spec } }] as ProxyObjects["services"],
  slices: [],
  nodes: [],
});

test.each([
  ["a wrong port of a ClusterIP", "10.96.0.1", 81, "REJECT"],
  ["an address of the service range that is nobody's", "10.96.0.99", 80, "DROP"],
])("%s is nothing to iptables, and not to nftables", (_, destIP, destPort, output) => {
  const flow: ProxyFlow = { name: "", sourceIP: SOURCES.pod, protocol: "tcp", destIP, destPort, output: "", masq: null };
  const of = (mode: "iptables" | "nftables"): string => flowsOfConfig(mode, { ...CONFIG, flows: [flow] }, addressed({}))[0]!.output;
  expect([of("iptables"), of("nftables")]).toEqual(["", output]);
});

test("every outcome of random draws is tried once, in draw order", () => {
  // Three draws of two, three and two outcomes, where the first decides whether the others are made.
  const run = (script: readonly number[]): { readonly end: string; readonly choices: readonly number[] } => {
    const choices = (script[0] ?? 0) === 0 ? [2, 3, 2] : [2];
    return { end: choices.map((_, i) => script[i] ?? 0).join(""), choices };
  };
  expect(eachOutcome(run, 10)).toEqual(["000", "001", "010", "011", "020", "021", "1"]);
  expect(() => eachOutcome(run, 6)).toThrow(RangeError);
});
