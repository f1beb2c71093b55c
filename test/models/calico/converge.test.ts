/** Nodes come, go and come again in any order: what the kernels hold in the end is what the datastore says, and nothing else. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { tunnelOf } from "../../../src/models/cni/calico/calico-options.js";
import { affineBlocks, borrowedBy } from "../../../src/models/cni/calico/ipam.js";
import { calicoNode } from "../../../src/models/cni/calico/node-record.js";
import { Shell } from "../../../src/shell/shell.js";
import "../../support/chance.js";
import { CalicoNodes, type Place } from "./calico-nodes.js";

const FOUR: readonly Place[] = [1, 2, 3, 4].map((n) => ({ name: `n${n}`, ip: `192.168.0.${n}` }));
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ verb: fc.constant("join" as const), node: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("leave" as const), node: fc.nat(3) }) },
  { weight: 6, arbitrary: fc.record({ verb: fc.constant("pod" as const), node: fc.nat(3) }) },
);

const lines = (world: CalicoNodes, node: string, question: string): string[] =>
  new Shell(world.s, world.roots.get(node)!)
    .run(question)
    .text.split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The routes to other nodes that a node should have. */
function expected(world: CalicoNodes, self: string): string[] {
  const tunnel = tunnelOf(world.encapsulation);
  const all = world.up.flatMap((name) => {
    const { address, tunnelAddress } = calicoNode(world.shared, name)!;
    const way = tunnel === "vxlan" ? `via ${tunnelAddress} dev vxlan.calico proto 80 onlink` : tunnel === "ipip" ? `via ${address} dev tunl0 proto 80 onlink` : `via ${address} dev eth0 proto 80`;
    const own = affineBlocks(world.shared, name).map((block) => (name === self ? `blackhole ${block} proto 80` : `${block} ${way}`));
    return [...own, ...(name === self ? [] : borrowedBy(world.shared, name).map((address32) => `${address32.replace("/32", "")} ${way}`))];
  });
  return all.sort();
}

test.each(["None", "VXLAN", "IPIP"] as const)("%s", { timeout: 60_000 }, (encapsulation) => {
  let borrowed = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
      // Two blocks of four addresses for four nodes: some must borrow.
      const world = new CalicoNodes(encapsulation, FOUR, { pool: "10.0.0.0/29", blockSize: 30 });
      let pods = 0;
      for (const { verb, node } of steps) {
        const { name } = FOUR[node]!;
        const isUp = world.up.includes(name);
        if (verb === "join" && !isUp) world.join(name);
        // Where no node is left, nobody is there to hear of it.
        else if (verb === "leave" && isUp && world.up.length > 1) world.leave(name);
        else if (verb === "pod" && isUp && pods < 4) world.addPod(`x/p${pods++}`, name);
      }
      for (const name of world.up) {
        borrowed += borrowedBy(world.shared, name).length;
        const routes = lines(world, name, "ip route").filter((line) => line.includes("proto 80"));
        expect(routes.sort()).toEqual(expected(world, name));
        if (encapsulation !== "VXLAN") continue;
        const others = world.up.filter((each) => each !== name).map((each) => calicoNode(world.shared, each)!);
        expect(lines(world, name, "ip neigh show dev vxlan.calico").sort()).toEqual(others.map(({ tunnelAddress, tunnelMac }) => `${tunnelAddress} lladdr ${tunnelMac} PERMANENT`).sort());
        expect(lines(world, name, "bridge fdb show dev vxlan.calico").sort()).toEqual(others.map(({ tunnelMac, address }) => `${tunnelMac} dst ${address} self permanent`).sort());
      }
    }),
    { numRuns: 60 },
  );
  expect(borrowed).toBeGreaterThan(0);
});
