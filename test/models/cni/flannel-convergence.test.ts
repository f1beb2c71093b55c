/** flannel's daemon over any history of nodes that come and go: what a node's kernel holds is what the nodes there are now call for. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CniModel, CniNode } from "../../../src/models/cni/cni-model.js";
import { isCniError } from "../../../src/models/cni/cni-errors.js";
import { flannel, type FlannelOptions } from "../../../src/models/index.js";
import type { CniDoor } from "../../../src/models/node-door.js";
import { soloDoor } from "../../../src/models/solo-door.js";
import { Shell } from "../../../src/shell/shell.js";
import { act, makeStack, netns } from "../../linux/world.js";

const BACKENDS: readonly Partial<FlannelOptions>[] = [{ backend: "vxlan" }, { backend: "vxlan", directRouting: true }, { backend: "host-gw" }, { backend: "ipip" }, { backend: "ipip", directRouting: true }, { backend: "wireguard" }];
const PEERS = 6;

interface Machine {
  readonly model: CniModel;
  readonly door: CniDoor;
  readonly self: CniNode;
}

function nodeOf(n: number, annotations: Readonly<Record<string, string>> = {}): CniNode {
  // Nodes from 4 on are behind a router.
  return { name: `n${n}`, podCidrs: [`10.244.${n}.0/24`], addresses: [n < 4 ? `172.18.0.${n + 2}` : `172.19.0.${n + 2}`], uplink: "eth0", annotations };
}

/** A node with its daemon started, at the end of a cable that nobody is at. */
function started(options: Partial<FlannelOptions>, n: number): Machine {
  const s = makeStack();
  const ns = netns(s, `n${n}`);
  const far = netns(s, "far", 2);
  const bare = nodeOf(n);
  act(s, { verb: "link-add", ns, name: "eth0", kind: "veth", peer: { ns: far, name: "p" } });
  act(s, { verb: "link-set", ns: far, name: "p", up: true });
  act(s, { verb: "link-set", ns, name: "eth0", up: true });
  act(s, { verb: "addr-add", ns, dev: "eth0", addr: `${bare.addresses[0]!}/24` });
  act(s, { verb: "route-add", ns, dst: "default", via: n < 4 ? "172.18.0.1" : "172.19.0.1", dev: "eth0" });
  const door: CniDoor = { ...soloDoor(s, ns, bare.name), shared: new Map(), announce: () => undefined };
  const model = flannel(options);
  const up = model.nodeUp(door, bare);
  if (isCniError(up)) throw new Error(up.msg);
  return { model, door, self: nodeOf(n, up.annotations) };
}

/** What it holds about other nodes; the peers of a WireGuard device in the order of their keys, as they come in any. */
function held({ door: { stack: s, ns } }: Machine): string {
  const shell = new Shell(s, ns);
  const wg = s.nsInfo.get(ns)!.devices.get("flannel-wg");
  const peers = wg === undefined ? [] : s.devInfo.get(wg)!.wireguard!.peers.map((peer) => `${peer.publicKey} ${s.book.text(peer.endpoint)} ${JSON.stringify(peer.allowed)}`).sort();
  const sorted = (command: string): string[] => shell.run(command).text.split("\n").sort();
  return [...sorted("ip route"), ...sorted("ip neigh show nud permanent"), ...sorted("bridge fdb show").filter((line) => line.includes(" dst ")), ...peers].join("\n");
}

describe.each(BACKENDS)("$backend, direct routing: $directRouting", (options) => {
  const peers = Array.from({ length: PEERS }, (_, i) => started(options, i + 1).self);

  test("any order of comings and goings ends where the nodes that stayed lead to", () => {
    const event = fc.record({ up: fc.boolean(), peer: fc.nat(PEERS - 1) });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: PEERS, maxLength: PEERS }), (events, order) => {
        const one = started(options, 0);
        const there = new Set<number>();
        for (const { up, peer } of events) {
          if (up) {
            one.model.peerUp(one.door, one.self, peers[peer]!);
            there.add(peer);
          } else {
            one.model.peerDown(one.door, one.self, peers[peer]!);
            there.delete(peer);
          }
        }
        const plain = started(options, 0);
        for (const peer of order) if (there.has(peer)) plain.model.peerUp(plain.door, plain.self, peers[peer]!);
        expect(held(one)).toBe(held(plain));
        for (const peer of there) one.model.peerDown(one.door, one.self, peers[peer]!);
        expect(held(one)).toBe(held(started(options, 0)));
      }),
      { numRuns: 40 },
    );
  });

  test("a node that is near is reached without a tunnel only if told so, and each has one way", () => {
    const one = started(options, 0);
    for (const peer of peers) one.model.peerUp(one.door, one.self, peer);
    const routes = new Shell(one.door.stack, one.door.ns).run("ip route").text.split("\n");
    const way = (n: number): string => routes.find((line) => line.startsWith(`10.244.${n}.0/24 `))?.trimEnd() ?? "";
    const tunnel = { vxlan: "via 10.244.4.0 dev flannel.1 onlink", "host-gw": "", ipip: "via 172.19.0.6 dev flannel.ipip onlink", wireguard: "" }[options.backend!];
    const near = { vxlan: "via 172.18.0.3 dev eth0", "host-gw": "via 172.18.0.3 dev eth0", ipip: "via 172.18.0.3 dev eth0 onlink", wireguard: "" }[options.backend!];
    const far = { vxlan: "via 10.244.1.0 dev flannel.1 onlink", "host-gw": near, ipip: "via 172.18.0.3 dev flannel.ipip onlink", wireguard: "" }[options.backend!];
    expect(way(1)).toBe(options.backend === "wireguard" ? "" : `10.244.1.0/24 ${options.directRouting === true ? near : far}`);
    expect(way(4)).toBe(tunnel === "" ? "" : `10.244.4.0/24 ${tunnel}`);
    if (options.backend === "wireguard") expect(routes).toContain("10.244.0.0/16 dev flannel-wg scope link ");
  });
});
