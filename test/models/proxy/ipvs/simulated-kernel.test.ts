import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IpvsNode } from "../../../../src/models/proxy/ipvs/ipvs-node.js";
import { type IpvsProxy, ipvsProxy } from "../../../../src/models/proxy/ipvs/ipvs-proxy.js";
import { IpvsRenderer } from "../../../../src/models/proxy/ipvs/render.js";
import { readNetwork } from "../../../../src/models/proxy/sloppy-address.js";
import { changeView, emptyView, type ProxyView, type ServiceState } from "../../../../src/models/proxy/view.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode, iptablesNode } from "../proxy-nodes.js";
import { simpleState } from "../simple-services.js";
import { SimulatedNode } from "../simulated-node.js";

/** Everything that the mode keeps, in the tools' words and in their order. */
function stateOf(door: SimulatedNode, family: 4 | 6): string {
  const sets = door.run("ipset save").split("\n").sort().join("\n");
  const addresses = door.run(`ip -${family} -o addr show dev kube-ipvs0`).split("\n").map((line) => line.split(/ +/)[3]).sort().join("\n");
  return [addresses, door.run("ipvsadm -Sn"), sets, door.saved(family)].join("\n\n");
}

function proxyOf(door: SimulatedNode): IpvsProxy {
  return ipvsProxy(new IpvsRenderer((object, path) => door.cause(object, path)));
}

function play(batches: readonly (readonly ServiceState[])[], node: IpvsNode): SimulatedNode {
  const door = new SimulatedNode();
  const proxy = proxyOf(door);
  let view: ProxyView = emptyView;
  for (const batch of batches) {
    view = changeView(view, batch);
    expect(proxy.sync(door, node, view)).toBe(true);
  }
  return door;
}

function ipvsNode(over: Partial<IpvsNode> = {}): IpvsNode {
  return { ...iptablesNode(), scheduler: "rr", strictARP: false, ...over };
}

test("any sequence of syncs is taken by the kernel and leaves what one sync of the end state leaves", () => {
  fc.assert(
    fc.property(history, anyIptablesNode, fc.constantFrom("rr", "mh", "sh", "wlc"), (batches, base, scheduler) => {
      const node = { ...base, scheduler, strictARP: false };
      const door = play(batches, node);
      expect(door.refusals).toEqual([]);
      expect(stateOf(door, node.family)).toBe(stateOf(play([batches.flat()], node), node.family));
    }),
    { numRuns: 60 },
  );
});

describe("at its first sync", () => {
  test("the host is set up; strict ARP is asked for where it is wanted", () => {
    const door = play([[simpleState("shop/web", "10.96.0.1", ["10.244.1.1"])]], ipvsNode());
    const settings = ["vs.conntrack", "vs.expire_nodest_conn", "vs.expire_quiescent_template", "ip_forward", "conf.all.arp_ignore"];
    expect(settings.map((name) => door.run(`sysctl -n net.ipv4.${name}`))).toEqual(["1", "1", "1", "1", "0"]);
    expect(door.run("ip link show dev kube-ipvs0")).toContain("<BROADCAST,NOARP>");
    const strict = play([[]], ipvsNode({ strictARP: true }));
    expect([strict.run("sysctl -n net.ipv4.conf.all.arp_ignore"), strict.run("sysctl -n net.ipv4.conf.all.arp_announce")]).toEqual(["1", "2"]);
  });

  test("virtual servers of others go, but for those in excluded networks; weights are 1 again", () => {
    const door = new SimulatedNode();
    for (const line of [
      "-A -t 198.18.0.1:80 -s rr", "-A -t 198.19.0.1:80 -s rr", "-A -t 10.96.0.1:80 -s rr", "-a -t 10.96.0.1:80 -r 10.244.1.1:80 -m -w 0", "-A -f 7 -s rr",
    ]) expect(door.run(`ipvsadm ${line}`)).toBe("");
    const proxy = ipvsProxy(new IpvsRenderer(() => 1), [readNetwork("198.19.0.0/16")!]);
    proxy.sync(door, ipvsNode(), changeView(emptyView, [simpleState("shop/web", "10.96.0.1", ["10.244.1.1"])]));
    expect(door.run("ipvsadm -Sn").split("\n")).toEqual([
      "-A -t 10.96.0.1:80 -s rr", "-a -t 10.96.0.1:80 -r 10.244.1.1:80 -m -w 1", "-A -t 198.19.0.1:80 -s rr", "-A -f 7 -s rr",
    ]);
  });
});
