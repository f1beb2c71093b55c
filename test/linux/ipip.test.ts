/** IP in IP, by RFC 2003 and the sources of the kernel's ip_tunnel: the kernel that labs are recorded on has none. */
import { describe, expect, test } from "vitest";
import { capture } from "../../src/observe/capture.js";
import { pathOf } from "../../src/observe/path.js";
import { deviceByName } from "../../src/linux/device.js";
import { plumb } from "../../src/linux/plumbing.js";
import { launch } from "../../src/linux/sock/app.js";
import type { AppEvent } from "../../src/linux/sock/app-event.js";
import type { Stack } from "../../src/linux/stack.js";
import { MS, SECOND } from "../../src/base/time.js";
import { STEP } from "../../src/trace/kinds.js";
import type { TraceRing } from "../../src/trace/ring.js";
import { act, joinByVeth, makeStack, netns, probeProgram, record } from "./world.js";

interface Result {
  readonly s: Stack;
  readonly a: number;
  readonly b: number;
  readonly got: string[];
  readonly ring: TraceRing;
}

const ADDRESS = "10.2.0.1";

/** Machine 1 with 10.1.0.1 and machine 2 with 10.2.0.1 behind tunnels over 192.168.9.0/24; datagrams of so many bytes from 1 to 2. */
function world(bytes: number, change: (s: Stack, a: number, b: number) => void = () => undefined, sends = 2): Result {
  const got: string[] = [];
  const sender = probeProgram("sender", (door, event) => {
    if (event.kind === "timer") door.udpSend(event.word, s.book.ofText(ADDRESS), 5000, new Uint8Array(bytes));
    if (event.kind === "error") got.push(`icmp ${event.type}/${event.code} from ${s.book.text(event.from)}`);
    if (event.kind !== "start") return;
    const sock = door.udpBind(0, 0);
    door.udpConnect(sock, s.book.ofText(ADDRESS), 5000);
    for (let n = 0; n < sends; n++) door.timer(n * 100 * MS, sock);
  });
  const receiver = probeProgram("receiver", (door, event: AppEvent) => {
    if (event.kind === "start") door.udpBind(0, 5000);
    else if (event.kind === "datagram") got.push(`${event.len} from ${s.book.text(event.from)}`);
  });
  const s = makeStack([sender, receiver]);
  const a = netns(s, "a", 1);
  const b = netns(s, "b", 2);
  joinByVeth(s, a, "eth0", "192.168.9.1/24", b, "eth0", "192.168.9.2/24");
  act(s, { verb: "link-add", ns: a, name: "tunl0", kind: "ipip", mtu: 1480, up: true });
  act(s, { verb: "addr-add", ns: a, dev: "tunl0", addr: "10.1.0.1/32" });
  act(s, { verb: "link-add", ns: b, name: "flannel.ipip", kind: "ipip", ipip: { local: "192.168.9.2" }, up: true });
  act(s, { verb: "addr-add", ns: b, dev: "flannel.ipip", addr: "10.2.0.1/32" });
  act(s, { verb: "route-add", ns: a, dst: "10.2.0.0/24", via: "192.168.9.2", dev: "tunl0", onlink: true });
  act(s, { verb: "route-add", ns: b, dst: "10.1.0.0/24", via: "192.168.9.1", dev: "flannel.ipip", onlink: true });
  change(s, a, b);
  const ring = record(s);
  launch(s, b, "receiver", {});
  s.engine.run(s.engine.now + MS);
  launch(s, a, "sender", {});
  s.engine.run(s.engine.now + SECOND);
  return { s, a, b, got, ring };
}

/** Outer packets as they left machine 1's eth0: "src > dst proto ttl tos len df". */
function outerPackets({ s, a, ring }: Result): string[] {
  const eth0 = deviceByName(s, a, "eth0");
  const { c } = s.snapshots!;
  return ring
    .steps()
    .filter((step) => step.kind === STEP.DEVICE_OUT && step.dev === eth0 && c.etherType[step.snap] === 0x0800)
    .map(({ snap: p }) => `${s.book.text(c.src[p]! as never)} > ${s.book.text(c.dst[p]! as never)} proto ${c.proto[p]} ttl ${c.ttl[p]} tos ${c.tos[p]} len ${c.ipLen[p]}${(c.frag[p]! & 0x4000) !== 0 ? " df" : ""}${(c.frag[p]! & 0x2000) !== 0 ? " mf" : ""}`);
}

describe("an ipip device without a remote", () => {
  test("sends to the next hop of the route, 20 bytes more, protocol 4, and the other end takes it off", () => {
    const result = world(100);
    expect(result.got).toEqual(["100 from 10.1.0.1", "100 from 10.1.0.1"]);
    // tunl0 has no TTL of its own and asks for no path MTU; the datagram inside has DF, which goes over.
    expect(outerPackets(result)[0]).toBe("192.168.9.1 > 192.168.9.2 proto 4 ttl 64 tos 0 len 148 df");
    const { s, a, b } = result;
    const { txPackets, txBytes, rxPackets, rxBytes } = s.dev.c;
    const tunl0 = deviceByName(s, a, "tunl0");
    const far = deviceByName(s, b, "flannel.ipip");
    expect([txPackets[tunl0], txBytes[tunl0], rxPackets[far], rxBytes[far]]).toEqual([2, 256, 2, 256]);
  });

  test("has 1480 of an Ethernet's 1500, and cuts what is longer inside", () => {
    const result = world(1500);
    expect(result.got).toEqual(["1500 from 10.1.0.1", "1500 from 10.1.0.1"]);
    // 1528 bytes: a first piece of 20 + 1456 (the most eights that 1480 holds), then 20 + 52; 20 more around each.
    expect(outerPackets(result).slice(0, 2)).toEqual(["192.168.9.1 > 192.168.9.2 proto 4 ttl 64 tos 0 len 1496", "192.168.9.1 > 192.168.9.2 proto 4 ttl 64 tos 0 len 92"]);
  });

  test("learns from a narrower way, and tells the sender of what may not be cut", () => {
    const result = world(1400, (s, a) => act(s, { verb: "route-add", ns: a, dst: "192.168.9.2/32", dev: "eth0", mtu: 1400 }), 3);
    // 1428 inside, 1400 on the way: 1380 is left. The first send draws ICMP 3/4, the second hears EMSGSIZE of it, and the third is cut.
    expect(result.got).toEqual(["icmp 3/4 from 10.1.0.1", "1400 from 10.1.0.1"]);
    expect(result.s.fib.mtus.get(result.a)?.get(result.s.book.ofText(ADDRESS))?.mtu).toBe(1380);
  });

  test("tos and ttl are the tunnel's own if it has them", () => {
    const result = world(100, (s, a) => {
      act(s, { verb: "link-add", ns: a, name: "own", kind: "ipip", ipip: { local: "192.168.9.1", remote: "192.168.9.2", ttl: 9, tos: 0x10 }, up: true });
      act(s, { verb: "route-replace", ns: a, dst: "10.2.0.0/24", dev: "own", src: "10.1.0.1" });
    });
    expect(outerPackets(result)[0]).toBe("192.168.9.1 > 192.168.9.2 proto 4 ttl 9 tos 16 len 148 df");
    expect(result.got).toHaveLength(2);
  });

  test("a route to the next hop through the tunnel itself sends nothing", () => {
    const result = world(100, (s, a) => act(s, { verb: "route-add", ns: a, dst: "192.168.9.2/32", dev: "tunl0" }));
    expect(outerPackets(result)).toEqual([]);
    expect(result.s.dev.c.txErrors[deviceByName(result.s, result.a, "tunl0")]).toBe(2);
  });
});

describe("the far end", () => {
  test("with the device down and tunl0 down: port unreachable; without ipip at all: protocol unreachable", () => {
    const down = world(100, (s, _a, b) => act(s, { verb: "link-set", ns: b, name: "flannel.ipip", up: false }));
    const none = world(100, (s, _a, b) => {
      act(s, { verb: "netns-add", node: 3, name: "c" });
      act(s, { verb: "link-del", ns: b, name: "eth0" });
      const c = s.nsByName.get("3/c")!;
      joinByVeth(s, s.nsByName.get("1/a")!, "eth0", "192.168.9.1/24", c, "eth0", "192.168.9.2/24");
    });
    const answers = ({ s, ring }: Result): string[] => ring.steps().filter((step) => step.kind === STEP.ICMP_ERROR).map((step) => `${s.nsInfo.get(step.ns)!.name} ${step.a}/${step.b}`);
    expect(answers(down)[0]).toBe("b 3/3");
    expect(answers(none)[0]).toBe("c 3/2");
  });

  test("tunl0 takes what no other device wants", () => {
    const result = world(100, (s, _a, b) => {
      act(s, { verb: "link-del", ns: b, name: "flannel.ipip" });
      act(s, { verb: "link-set", ns: b, name: "tunl0", up: true });
      act(s, { verb: "addr-add", ns: b, dev: "tunl0", addr: "10.2.0.1/32" });
    });
    expect(result.got).toEqual(["100 from 10.1.0.1", "100 from 10.1.0.1"]);
  });
});

describe("tunl0", () => {
  test("comes into every namespace of a machine with the first ipip device, and stays", () => {
    const s = makeStack();
    const root = netns(s, "root", 1);
    const pod = netns(s, "pod", 1);
    const other = netns(s, "other", 2);
    expect(deviceByName(s, pod, "tunl0")).toBe(0);
    act(s, { verb: "link-add", ns: root, name: "flannel.ipip", kind: "ipip", ipip: { local: "10.0.0.1" } });
    const later = netns(s, "later", 1);
    expect([root, pod, later].every((ns) => deviceByName(s, ns, "tunl0") !== 0)).toBe(true);
    expect(deviceByName(s, other, "tunl0")).toBe(0);
    act(s, { verb: "link-del", ns: pod, name: "tunl0" });
    expect(deviceByName(s, pod, "tunl0")).not.toBe(0);
    expect(plumb(s, { verb: "link-set", ns: pod, name: "tunl0", netns: root })?.message).toBe("Error: The interface netns is immutable.");
    expect(plumb(s, { verb: "link-add", ns: root, name: "tunl0", kind: "ipip" })?.message).toBe("RTNETLINK answers: File exists");
    expect(plumb(s, { verb: "link-add", ns: root, name: "same", kind: "ipip", ipip: { local: "10.0.0.1" } })?.message).toBe("RTNETLINK answers: File exists");
    expect(plumb(s, { verb: "link-add", ns: root, name: "all", kind: "ipip", ipip: {} })?.message).toBe("RTNETLINK answers: File exists");
  });
});

describe("a recording", () => {
  test("tells of the tunnel, and keeps raw packets of its devices", () => {
    const { s, a, ring } = world(100);
    const sent = ring.steps().find((step) => step.kind === STEP.SEND)!;
    const path = pathOf(s, ring, sent.packet, (ns) => ({ node: s.nsInfo.get(ns)!.name, netns: s.nsInfo.get(ns)!.name }))!;
    expect(path.end.result).toBe("delivered");
    expect(path.hops.map((hop) => `${hop.node} ${hop.device} ${hop.direction}`)).toEqual(["a tunl0 out", "a eth0 out", "b eth0 in", "b flannel.ipip in"]);
    const tunnel = path.hops.flatMap((hop) => hop.steps.filter((step) => step.kind === "tunnel"));
    expect(tunnel).toEqual([
      { kind: "tunnel", action: "encapsulate", type: "ipip", vni: 0, remote: "192.168.9.2" },
      { kind: "tunnel", action: "decapsulate", type: "ipip", vni: 0 },
    ]);
    expect(path.hops[1]!.packet).toMatchObject({ proto: "ipencap", inner: { src: "10.1.0.1", dst: ADDRESS } });
    const file = capture(s, ring, (ns) => ({ node: s.nsInfo.get(ns)!.name, netns: s.nsInfo.get(ns)!.name }));
    expect(linkTypes(file)).toContain(101);
    expect(a).toBeGreaterThan(0);
  });
});

/** Link types of a file's interface blocks, in order. */
function linkTypes(file: Uint8Array): number[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const types: number[] = [];
  for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) if (view.getUint32(at, true) === 1) types.push(view.getUint16(at + 8, true));
  return types;
}
