import fc from "fast-check";
import { expect, test } from "vitest";
import { rulesMachine } from "../../../../src/ask/rules-machine.js";
import { nftablesMachine, sendFlow } from "../../../../src/ask/rules-flows.js";
import { Streams } from "../../../../src/engine/rng.js";
import { listNftTable } from "../../../../src/linux/nf/nft/nft-list.js";
import { listFlows } from "../../../../src/linux/plumbing/flows.js";
import { plumb } from "../../../../src/linux/plumbing.js";
import { readProxyConfig } from "../../../../src/models/proxy/config.js";
import { formatListed } from "../../../../src/models/proxy/nftables/listed-form.js";
import { TABLE_NAME } from "../../../../src/models/proxy/nftables/nft-doc.js";
import { nftablesProxy } from "../../../../src/models/proxy/nftables/nftables-proxy.js";
import { NftablesRenderer, nftTable } from "../../../../src/models/proxy/nftables/render.js";
import { changeView, emptyView, type ProxyView } from "../../../../src/models/proxy/view.js";
import { history } from "../arbitrary-services.js";
import { anyNftablesNode } from "../proxy-nodes.js";
import { simpleService, simpleSlice } from "../simple-services.js";

const SECOND = 1e9;
const config = readProxyConfig("nodeName: n1\nnodeIP: 192.168.0.2\nnodeLocalIPs: [127.0.0.1, 192.168.0.2]\ndetectLocal: {mode: ClusterCIDR, cidr: 10.244.0.0/16}\n", "c.yaml").config!;

test("whatever the history of syncs, the kernel holds what one sync of the end state writes", () => {
  fc.assert(
    fc.property(history, anyNftablesNode, (batches, node) => {
      const { door, ns, world } = rulesMachine(config);
      const renderer = new NftablesRenderer(() => 1);
      const proxy = nftablesProxy(renderer);
      let view: ProxyView = emptyView;
      for (const batch of batches) {
        view = changeView(view, batch);
        expect(proxy.sync(door, node, view)).toBe(true);
        world.engine.run(world.engine.now + SECOND);
      }
      // Chains that are no longer used are deleted by a sync at least a second later.
      world.engine.run(world.engine.now + 2 * SECOND);
      expect(proxy.sync(door, node, view)).toBe(true);
      const table = nftTable(renderer.render(view, node), node, renderer.causeOf);
      expect(formatListed(listNftTable(world.stack, ns, node.family, TABLE_NAME)!)).toBe(formatListed(table));
    }),
    { numRuns: 60 },
  );
});

const flow = { name: "", sourceIP: "10.244.2.9", protocol: "tcp", destIP: "10.96.0.1", destPort: 80, output: "", masq: null } as const;
const endpoints = ["10.244.1.1", "10.244.1.2", "10.244.1.3", "10.244.1.4"];

function chosen({ affinity, connections }: { readonly affinity: number; readonly connections: number }, pause = 0): readonly string[] {
  const service = simpleService("shop/web", "10.96.0.1");
  const sticky = affinity === 0 ? service : { ...service, spec: { ...service.spec, sessionAffinity: "ClientIP" as const, sessionAffinityConfig: { clientIP: { timeoutSeconds: affinity } } } };
  const machine = nftablesMachine(config, { services: [sticky], slices: [simpleSlice("shop/web", endpoints)], nodes: [] }, new Streams(7));
  const { stack, engine } = machine.world;
  return Array.from({ length: connections }, (_, i) => {
    sendFlow(machine, flow, false, 20000 + i);
    const [tracked] = listFlows(stack, machine.ns);
    plumb(stack, { verb: "conntrack-delete", ns: machine.ns, filter: {} });
    engine.run(engine.now + pause);
    return tracked!.reply.src;
  });
}

test("new connections are spread evenly, by chi-square", () => {
  const counts = new Map<string, number>();
  for (const endpoint of chosen({ affinity: 0, connections: 400 })) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
  expect(counts.size).toBe(endpoints.length);
  // 99.9 % quantile of three degrees of freedom
  expect(chiSquare).toBeLessThan(16.27);
});

test("a client keeps its endpoint for the timeout of its last new connection, and not longer", () => {
  expect(new Set(chosen({ affinity: 60, connections: 30 }, 59 * SECOND)).size).toBe(1);
  expect(new Set(chosen({ affinity: 60, connections: 30 }, 61 * SECOND)).size).toBe(endpoints.length);
});
