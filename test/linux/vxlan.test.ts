import { describe, expect, test } from "vitest";
import { DROP } from "../../src/base/codes.js";
import { SECOND } from "../../src/base/time.js";
import { deviceName } from "../../src/linux/device.js";
import { NF } from "../../src/linux/stack.js";
import { STEP } from "../../src/trace/kinds.js";
import { Lab } from "./lab.js";

// The lab of linux-dataplane.md: two nodes with cni0, flannel.1 and one host each, joined by a wire.
const ETH = "08004500001c00010000401166ce0a0000010a0000020001000200080000";

function overlay(): Lab {
  const lab = new Lab();
  for (const name of ["n1", "n2", "h1", "h2"]) lab.act({ verb: "netns-add", node: 1, name });
  lab.act({ verb: "link-add", ns: lab.ns("n1"), name: "eth0", kind: "veth", mac: "02:00:00:00:00:11", peer: { ns: lab.ns("n2"), name: "eth0", mac: "02:00:00:00:00:12" }, up: true });
  for (const [i, j] of [[1, 2], [2, 1]] as const) {
    const ns = lab.ns(`n${i}`);
    lab.act({ verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" });
    lab.act({ verb: "addr-add", ns, dev: "eth0", addr: `192.168.100.1${i}/24` });
    lab.act({ verb: "link-add", ns, name: "cni0", kind: "bridge", mac: `02:42:0a:f4:0${i}:01`, up: true });
    lab.act({ verb: "addr-add", ns, dev: "cni0", addr: `10.244.${i}.1/24` });
    lab.act({ verb: "link-add", ns, name: "veth0", kind: "veth", peer: { ns: lab.ns(`h${i}`), name: "eth0", mac: `02:00:00:00:0${i}:01` }, up: true });
    lab.act({ verb: "link-set", ns, name: "veth0", master: "cni0", hairpin: true });
    lab.act({ verb: "addr-add", ns: lab.ns(`h${i}`), dev: "eth0", addr: `10.244.${i}.11/24` });
    lab.act({ verb: "route-add", ns: lab.ns(`h${i}`), dst: "default", via: `10.244.${i}.1` });
    lab.act({ verb: "link-add", ns, name: "flannel.1", kind: "vxlan", mac: `0e:00:00:00:00:0${i}`, vxlan: { id: 1, local: `192.168.100.1${i}`, dev: "eth0", learning: false, srcport: [50000, 50001] }, up: true });
    lab.act({ verb: "addr-add", ns, dev: "flannel.1", addr: `10.244.${i}.0/32` });
    lab.act({ verb: "route-add", ns, dst: `10.244.${j}.0/24`, via: `10.244.${j}.0`, dev: "flannel.1", onlink: true });
    lab.act({ verb: "neigh-add", ns, dev: "flannel.1", addr: `10.244.${j}.0`, mac: `0e:00:00:00:00:0${j}` });
    lab.act({ verb: "fdb-append", ns, dev: "flannel.1", mac: `0e:00:00:00:00:0${j}`, dst: `192.168.100.1${j}` });
    lab.act({ verb: "neigh-add", ns: lab.ns(`h${i}`), dev: "eth0", addr: `10.244.${i}.1`, mac: `02:42:0a:f4:0${i}:01` });
    lab.act({ verb: "neigh-add", ns, dev: "cni0", addr: `10.244.${i}.11`, mac: `02:00:00:00:0${i}:01` });
    lab.act({ verb: "neigh-add", ns, dev: "eth0", addr: `192.168.100.1${j}`, mac: `02:00:00:00:00:1${j}` });
  }
  return lab;
}

/** UDP 10.244.1.11 to 10.244.2.11, out of the first host. */
const REMOTE = "02420af40101020000000101" + "08004500001c00014000401121d3" + "0af4010b" + "0af4020b" + "0001000200080000";

const dropsOf = (lab: Lab): number[] => lab.steps.filter((step) => step.kind === STEP.DROP).map((step) => step.a);

describe("a packet from host to host across a tunnel", () => {
  test("asks the hooks of both nodes in the kernel's order (B1 to B3)", () => {
    const lab = overlay();
    const s = lab.stack;
    const asked: string[] = [];
    const names = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"];
    for (const node of ["n1", "n2"]) s.ns.c.hooks[lab.ns(node)] = 0b11111;
    s.op.hook = (hook, p, ns, inDev, outDev) => {
      const inner = s.packets.c.vni[p] === 0 ? "inner" : "outer";
      asked.push(`${s.nsInfo.get(ns)!.name} ${names[hook]} in=${deviceName(s, inDev)} out=${deviceName(s, outDev)} physin=${deviceName(s, s.packets.c.physIn[p]!)} ${inner} ttl${s.packets.c.ttl[p]}`);
      return NF.accept;
    };
    lab.inject("h1", "eth0", REMOTE);
    expect(asked).toEqual([
      "n1 PREROUTING in=cni0 out= physin=veth0 inner ttl64",
      "n1 FORWARD in=cni0 out=flannel.1 physin=veth0 inner ttl63",
      "n1 POSTROUTING in=cni0 out=flannel.1 physin=veth0 inner ttl63",
      "n1 OUTPUT in= out=eth0 physin= outer ttl64",
      "n1 POSTROUTING in=flannel.1 out=eth0 physin= outer ttl64",
      "n2 PREROUTING in=eth0 out= physin= outer ttl64",
      "n2 INPUT in=eth0 out= physin= outer ttl64",
      "n2 PREROUTING in=flannel.1 out= physin= inner ttl63",
      "n2 FORWARD in=flannel.1 out=cni0 physin= inner ttl62",
      "n2 POSTROUTING in=flannel.1 out=cni0 physin= inner ttl62",
    ]);
    expect(lab.delivered).toEqual(["h2 eth0 02:42:0a:f4:02:01>02:00:00:00:02:01 UDP 1>2 10.244.1.11>10.244.2.11 ttl62 len28 DF"]);
    expect(s.packets.count).toBe(0);
  });

  test("the outer packet has no DF, TOS 0, TTL 64 and 50 bytes more (F1, D3)", () => {
    const lab = overlay();
    lab.inject("h1", "eth0", REMOTE);
    const outer = lab.captured().find((line) => line.startsWith("n1 eth0 out"));
    expect(outer).toBe(
      "n1 eth0 out 02:00:00:00:00:11>02:00:00:00:00:12 VXLAN vni1 flags08 udp 50000>8472 192.168.100.11>192.168.100.12 ttl64 len78 [ 0e:00:00:00:00:01>0e:00:00:00:00:02 UDP 1>2 10.244.1.11>10.244.2.11 ttl63 len28 DF ]",
    );
  });
});

describe("frames that a tunnel does not carry", () => {
  test("an unknown MAC, and who-has for a gateway without an entry: three questions into nothing (F2)", () => {
    const lab = overlay();
    lab.inject("n1", "flannel.1", `0e0000000099020000000101${ETH}`);
    expect(dropsOf(lab)).toEqual([DROP.NO_TX_TARGET]);
    lab.act({ verb: "neigh-del", ns: lab.ns("n1"), dev: "flannel.1", addr: "10.244.2.0" });
    lab.inject("h1", "eth0", REMOTE);
    lab.run(4 * SECOND);
    expect(dropsOf(lab)).toEqual([DROP.NO_TX_TARGET, DROP.NO_TX_TARGET, DROP.NO_TX_TARGET, DROP.NO_TX_TARGET, DROP.NEIGH_FAILED]);
    expect(lab.stack.dev.c.txDropped[lab.dev("n1", "flannel.1")]).toBe(4);
    expect(lab.delivered).toEqual([
      "h1 eth0 02:42:0a:f4:01:01>02:00:00:00:01:01 ICMP 3/1 10.244.1.1>10.244.1.11 ttl64 len56 ( UDP 1>2 10.244.1.11>10.244.2.11 ttl63 len28 DF )",
    ]);
  });

  test("an unknown VNI, its own MAC as a source, a destination that is not the device's (F3)", () => {
    const lab = overlay();
    lab.act({ verb: "link-add", ns: lab.ns("n1"), name: "vx7", kind: "vxlan", vxlan: { id: 7, local: "192.168.100.11", remote: "192.168.100.12", dev: "eth0" }, up: true });
    lab.inject("n1", "vx7", `0e0000000002020000000101${ETH}`);
    expect(dropsOf(lab)).toEqual([DROP.VXLAN_VNI_NOT_FOUND]);
    lab.inject("n1", "flannel.1", `0e00000000020e0000000002${ETH}`);
    expect(dropsOf(lab).at(-1)).toBe(DROP.LOCAL_MAC);
    lab.act({ verb: "fdb-append", ns: lab.ns("n1"), dev: "flannel.1", mac: "0e:00:00:00:00:77", dst: "192.168.100.12" });
    lab.inject("n1", "flannel.1", `0e0000000077020000000101${ETH}`);
    expect(dropsOf(lab).at(-1)).toBe(DROP.OTHERHOST);
  });

  test("a tunnel that goes down loses routes and neighbours but not its permanent entries (E8)", () => {
    const lab = overlay();
    lab.act({ verb: "link-set", ns: lab.ns("n1"), name: "flannel.1", up: false });
    lab.act({ verb: "link-set", ns: lab.ns("n1"), name: "flannel.1", up: true });
    const s = lab.stack;
    const dev = lab.dev("n1", "flannel.1");
    expect(s.fdb.find(dev, 0x0e0000000002)).toBeGreaterThan(0);
    expect(s.neigh.find(dev, s.book.ofText("10.244.2.0"))).toBe(0);
    lab.inject("h1", "eth0", REMOTE);
    expect(lab.delivered).toHaveLength(1);
    expect(lab.delivered[0]).toContain("ICMP 3/0 10.244.1.1>10.244.1.11");
  });
});

describe("source ports", () => {
  test("are the same for a flow, spread over the range, and never outside it (F1)", () => {
    const lab = overlay();
    const s = lab.stack;
    lab.act({ verb: "link-add", ns: lab.ns("n1"), name: "vx7", kind: "vxlan", vxlan: { id: 7, local: "192.168.100.11", remote: "192.168.100.12", dev: "eth0" }, up: true });
    const seen = new Map<number, number>();
    for (let i = 0; i < 60; i++) {
      for (let twice = 0; twice < 2; twice++) {
        const p = lab.frame(`0e0000000002020000000101${ETH}`);
        s.packets.c.sport[p] = 40000 + i;
        s.op.transmit(p, lab.dev("n1", "vx7"));
        const line = lab.captured().find((text) => text.startsWith("n1 eth0 out"))!;
        const port = Number(/udp (\d+)>/.exec(line)![1]);
        expect(seen.get(i) ?? port).toBe(port);
        seen.set(i, port);
      }
    }
    const ports = [...seen.values()];
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(32768);
    expect(Math.max(...ports)).toBeLessThan(61000);
    expect(new Set(ports).size).toBeGreaterThan(55);
  });
});
