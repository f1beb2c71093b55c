/** Lists of plugins as a runtime runs them: the CNI specification 1.1.0, section 3. What each plugin does is compared with the real ones in test/kernel/cni-plugins. */
import { beforeEach, describe, expect, test } from "vitest";
import { MS, SECOND } from "../../../src/base/time.js";
import { netnsByName } from "../../../src/linux/netns.js";
import { launch } from "../../../src/linux/sock/app.js";
import type { Stack } from "../../../src/linux/stack.js";
import { cniAdd, cniCheck, type CniConfList, cniDel, cniGc, cniStatus, type NodeDoor, pluginText, readConfList, soloDoor } from "../../../src/models/index.js";
import { isCniError } from "../../../src/models/cni/cni-errors.js";
import type { CniError, CniResult } from "../../../src/models/cni/cni-model.js";
import { Shell } from "../../../src/shell/shell.js";
import { act, makeStack, probeProgram } from "../../linux/world.js";

const LIST: CniConfList = {
  cniVersion: "1.0.0",
  cniVersions: ["0.4.0", "1.1.0"],
  name: "cbr0",
  plugins: [
    { type: "bridge", isDefaultGateway: true, hairpinMode: true, ipMasq: true, ipam: { type: "host-local", ranges: [[{ subnet: "10.244.1.0/24" }]] } },
    { type: "portmap", capabilities: { portMappings: true } },
    { type: "bandwidth", capabilities: { bandwidth: true } },
    { type: "tuning", mtu: 1400 },
  ],
};
const capabilities = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }], bandwidth: { ingressRate: 8_000_000, ingressBurst: 80_000, egressRate: 16_000_000, egressBurst: 80_000 }, aliases: ["web"] };

let s: Stack;
let door: NodeDoor;
let got: string[];
const pod = (n: number): number => netnsByName(s, 1, `pod${n}`);
const call = (n: number): { containerId: string; ifname: string; netns: number } => ({ containerId: `c${n}`, ifname: "eth0", netns: pod(n) });
const host = (command: string): string => new Shell(s, door.ns).run(command).text;
const state = (): string => ["ip link", "ip addr", "iptables-save"].map(host).join("\n").replaceAll(/\[\d+:\d+\]|^#.*$|^\*nat[\s\S]*?^:CNI-HOSTPORT-DNAT/gm, "");

function result(answer: CniResult | CniError): CniResult {
  if (isCniError(answer)) throw new Error(answer.msg);
  return answer;
}

beforeEach(() => {
  got = [];
  s = makeStack([
    probeProgram("sink", (own, event) => {
      if (event.kind === "start") own.udpBind(0, 9);
      else if (event.kind === "datagram") got.push(`${Math.round(s.engine.now / MS)} ${event.len}`);
    }),
    probeProgram("flood", (own, event) => {
      if (event.kind !== "start") return;
      const sock = own.udpBind(0, 0);
      const { to, count } = event.args as { to: string; count: number };
      for (let i = 0; i < count; i++) own.udpSend(sock, s.book.ofText(to), 9, new Uint8Array(1000 - 42));
    }),
  ]);
  for (const name of ["host", "pod1", "pod2"]) act(s, { verb: "netns-add", node: 1, name });
  door = soloDoor(s, netnsByName(s, 1, "host"), "host");
});

describe("a list of plugins", () => {
  test("ADD hands each the result of the one before, and what it declares of the capabilities", () => {
    const { interfaces, ips, routes } = result(cniAdd(door, LIST, { ...call(1), capabilities }));
    expect(interfaces.map(({ name }) => name.replace(/[0-9a-f]{8,}$/, ""))).toEqual(["cni0", "veth", "eth0", "bwp"]);
    expect(ips).toEqual([{ interface: 2, address: "10.244.1.2/24", gateway: "10.244.1.1" }]);
    expect(routes).toEqual([{ dst: "0.0.0.0/0", gw: "10.244.1.1" }]);
    expect(host("iptables-save -t nat")).toContain("--to-destination 10.244.1.2:80");
    expect(new Shell(s, pod(1)).run("ip link show eth0").text).toContain(" mtu 1400 ");
    expect(cniCheck(door, LIST, call(1))).toBeNull();
    expect(cniStatus(door, LIST)).toBeNull();
  });

  test("CHECK finds what is gone, unless the list says that nobody is to ask", () => {
    result(cniAdd(door, LIST, { ...call(1), capabilities }));
    host("iptables -t nat -F CNI-HOSTPORT-SETMARK");
    expect(cniCheck(door, LIST, call(1))).toBeNull();
    act(s, { verb: "addr-del", ns: pod(1), dev: "eth0", addr: "10.244.1.2/24" });
    expect(cniCheck(door, LIST, call(1))?.msg).toBe("Failed to match addr 10.244.1.2/24 on interface eth0");
    expect(cniCheck(door, { ...LIST, disableCheck: true }, call(1))).toBeNull();
    expect(cniCheck(door, LIST, call(2))?.msg).toBe("host-local: Failed to find address added by container c2");
    expect(cniCheck(door, { ...LIST, cniVersion: "0.3.1", cniVersions: [] }, call(1))?.code).toBe(1);
  });

  test("DEL takes all of it away, backwards, and once more is no error", () => {
    result(cniAdd(door, LIST, { ...call(1), capabilities }));
    const alone = state();
    result(cniAdd(door, LIST, { ...call(2), capabilities: { bandwidth: capabilities.bandwidth } }));
    expect(state()).not.toBe(alone);
    for (let n = 0; n < 2; n++) expect(cniDel(door, LIST, call(2))).toBeNull();
    expect(state()).toBe(alone);
    // The sandbox may have gone before.
    act(s, { verb: "netns-del", ns: pod(1) });
    expect(cniDel(door, LIST, { ...call(1), netns: 0 })).toBeNull();
    expect(host("ip -br link")).not.toContain("bwp");
    expect(door.memory.size).toBe(1);
  });

  test("the first error ends ADD, and DEL cleans up behind it", () => {
    const wrong = { ...LIST, plugins: [...LIST.plugins, { type: "tuning", sysctl: { "kernel.panic": "1" } }] };
    const answer = cniAdd(door, wrong, { ...call(1), capabilities });
    expect(pluginText(answer, "1.1.0")).toBe('{\n    "code": 999,\n    "msg": "invalid net sysctl key: \\"kernel.panic\\""\n}');
    expect(cniDel(door, wrong, { ...call(1), capabilities })).toBeNull();
    expect(result(cniAdd(door, LIST, call(2))).ips[0]!.address).toBe("10.244.1.3/24");
  });

  test("GC deletes what nobody holds valid", () => {
    result(cniAdd(door, LIST, { ...call(1), capabilities }));
    result(cniAdd(door, LIST, call(2)));
    expect(cniGc(door, { ...LIST, disableGC: true }, [])).toEqual([]);
    expect(cniCheck(door, LIST, call(1))).toBeNull();
    act(s, { verb: "netns-del", ns: pod(1) });
    expect(cniGc(door, LIST, [{ containerID: "c2", ifname: "eth0" }])).toEqual([]);
    expect(host("iptables-save -t nat")).not.toContain("CNI-DN-");
    expect(cniCheck(door, LIST, call(2))).toBeNull();
    expect(cniCheck(door, LIST, { ...call(1), netns: pod(2) })?.msg).toContain("Failed to find address");
  });

  test("unknown plugins and versions, and text that is no list", () => {
    const msg = (list: CniConfList): string | undefined => (cniAdd(door, list, call(1)) as CniError).msg;
    expect(msg({ ...LIST, plugins: [{ type: "sdn" }] })).toBe('failed to find plugin "sdn" in path [/opt/cni/bin]');
    expect(msg({ ...LIST, cniVersion: "9.9.9", cniVersions: [] })).toBe("incompatible CNI versions");
    expect(["{", "{}", '{"name":"x"}', '{"name":"x","plugins":[]}'].map((text) => (readConfList(text) as CniError).code)).toEqual([6, 7, 7, 7]);
    expect(readConfList(JSON.stringify(LIST))).toEqual(LIST);
  });
});

describe("bandwidth", () => {
  /** Datagrams of 1000 bytes with their headers, sent at once; when they came, in ms. */
  function arrivals(from: number, to: number, address: string, count: number): number[] {
    launch(s, to, "sink", {});
    s.engine.run(s.engine.now + SECOND);
    const start = Math.round(s.engine.now / MS);
    launch(s, from, "flood", { to: address, count });
    s.engine.run(s.engine.now + SECOND);
    return got.map((line) => Number(line.split(" ")[0]) - start);
  }

  test("to the pod: 10 kB at once, then 1 MB a second, and what 25 ms and the burst cannot hold is lost", () => {
    const { interfaces } = result(cniAdd(door, LIST, { ...call(1), capabilities }));
    // A question for the MAC would take its part of the bucket.
    act(s, { verb: "neigh-add", ns: door.ns, dev: "cni0", addr: "10.244.1.2", mac: interfaces[2]!.mac! });
    // 80,000 bits are 10,000 bytes; 8 Mbit/s are 1 ms for 1000 bytes; the queue holds 25,000 + 10,000 bytes.
    expect(arrivals(door.ns, pod(1), "10.244.1.2", 60)).toEqual([...Array.from({ length: 10 }, () => 0), ...Array.from({ length: 35 }, (_, i) => i + 1)]);
    // The same on Linux 6.18: 45 of 60 datagrams, the last after 35 ms, and none of the others among the device's drops.
    expect(host("ip -s link show type veth")).not.toMatch(/ 15 +0 +0 *$/m);
  });

  test("from the pod: 2 MB a second, through an ifb device", () => {
    result(cniAdd(door, LIST, { ...call(1), capabilities }));
    expect(arrivals(pod(1), door.ns, "10.244.1.1", 20)).toEqual([...Array.from({ length: 10 }, () => 0), ...Array.from({ length: 10 }, (_, i) => Math.round((i + 1) / 2))]);
  });
});
