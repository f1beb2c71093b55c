import { expect, test } from "vitest";
import { iptablesMachine, sendFlow } from "../../../../src/ask/rules-flows.js";
import { Streams } from "../../../../src/engine/rng.js";
import { listFlows } from "../../../../src/linux/plumbing/flows.js";
import { readProxyConfig } from "../../../../src/models/proxy/config.js";
import { act } from "../../../linux/world.js";
import { simpleService, simpleSlice } from "../simple-services.js";

const SEEDS = 8;
const BATCHES = 20;
const BATCH = 30;

/** 99.9 % quantile of the chi-square distribution by degrees of freedom. */
const LIMIT: Readonly<Record<number, number>> = { 8: 26.12, 16: 39.25, 32: 62.49, 72: 114.84 };

/** How often each endpoint was chosen for new connections in the world of one seed. */
function choices(endpoints: readonly string[], seed: number): readonly number[] {
  const { config } = readProxyConfig("nodeName: n1\nnodeIP: 192.168.0.2\nnodeLocalIPs: [127.0.0.1, 192.168.0.2]\n", "c.yaml");
  const objects = { services: [simpleService("shop/web", "10.96.0.1")], slices: [simpleSlice("shop/web", endpoints)], nodes: [] };
  const machine = iptablesMachine(config!, objects, new Streams(seed));
  const { ns, world } = machine;
  const s = world.stack;
  const flow = { name: "", sourceIP: "10.244.2.9", protocol: "tcp", destIP: "10.96.0.1", destPort: 80, output: "", masq: null };
  const counts = new Map<string, number>(endpoints.map((ip) => [ip, 0]));
  for (let batch = 0; batch < BATCHES; batch++) {
    for (let i = 0; i < BATCH; i++) sendFlow(machine, flow, false, 10000 + batch * BATCH + i);
    for (const { reply } of listFlows(s, ns)) counts.set(reply.src, counts.get(reply.src)! + 1);
    act(s, { verb: "conntrack-delete", ns, filter: {} });
  }
  return [...counts.values()];
}

test.each([2, 3, 5, 10])("new connections are spread evenly over %i endpoints", (n) => {
  const endpoints = Array.from({ length: n }, (_, index) => `10.244.1.${index + 1}`);
  const expected = (BATCHES * BATCH) / n;
  let chiSquare = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const counts = choices(endpoints, seed);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(BATCHES * BATCH);
    for (const count of counts) chiSquare += (count - expected) ** 2 / expected;
  }
  expect(chiSquare).toBeLessThan(LIMIT[SEEDS * (n - 1)]!);
});
