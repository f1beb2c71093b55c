import { beforeEach, describe, expect, test } from "vitest";
import type { Act } from "../../src/linux/plumbing/act.js";
import { plumb } from "../../src/linux/plumbing.js";
import { Lab } from "./lab.js";

// The refusals are what iproute2 6.1 printed on Linux 6.18 to the same commands.
let lab: Lab;
let a: number;
let b: number;
beforeEach(() => {
  lab = new Lab();
  lab.act({ verb: "netns-add", node: 1, name: "a" });
  lab.act({ verb: "netns-add", node: 1, name: "b" });
  a = lab.ns("a");
  b = lab.ns("b");
  lab.act({ verb: "link-add", ns: a, name: "v0", kind: "veth", peer: { ns: b, name: "v1" } });
  lab.act({ verb: "link-add", ns: a, name: "br0", kind: "bridge" });
  lab.act({ verb: "link-add", ns: a, name: "br1", kind: "bridge" });
  lab.act({ verb: "link-add", ns: a, name: "vx", kind: "vxlan", vxlan: { id: 1, local: "1.1.1.1" } });
});

const refused = (act: Act): string | undefined => plumb(lab.stack, act)?.message;
const set = (name: string, change: object): Act => ({ verb: "link-set", ns: a, name, ...change }) as Act;

describe("refusals", () => {
  const cases: readonly (readonly [string, () => Act, string])[] = [
    ["netns twice", () => ({ verb: "netns-add", node: 1, name: "a" }), 'Cannot create namespace file "/run/netns/a": File exists'],
    ["name taken", () => ({ verb: "link-add", ns: a, name: "v0", kind: "veth", peer: { name: "v9" } }), "RTNETLINK answers: File exists"],
    ["peer name taken", () => ({ verb: "link-add", ns: a, name: "v2", kind: "veth", peer: { ns: b, name: "v1" } }), "RTNETLINK answers: File exists"],
    ["both ends the same", () => ({ verb: "link-add", ns: a, name: "v3", kind: "veth", peer: { name: "v3" } }), "RTNETLINK answers: File exists"],
    ["bridge in bridge", () => set("br1", { master: "br0" }), "Error: Can not enslave a bridge to a bridge."],
    ["lo in bridge", () => set("lo", { master: "br0" }), "RTNETLINK answers: Invalid argument"],
    ["no such master", () => set("v0", { master: "nope" }), 'Error: argument "nope" is wrong: Device does not exist'],
    ["master that is none", () => set("v0", { master: "v0" }), "RTNETLINK answers: Operation not supported"],
    ["no such device", () => set("nope", { up: true }), 'Cannot find device "nope"'],
    ["deleting lo", () => ({ verb: "link-del", ns: a, name: "lo" }), "RTNETLINK answers: Operation not supported"],
    ["a group's MAC", () => set("v0", { mac: "01:00:00:00:00:01" }), "RTNETLINK answers: Cannot assign requested address"],
    ["no MAC", () => set("v0", { mac: "00:00:00:00:00:00" }), "RTNETLINK answers: Cannot assign requested address"],
    ["small MTU", () => set("v0", { mtu: 20 }), "Error: mtu less than device minimum."],
    ["large MTU", () => set("v0", { mtu: 70000 }), "Error: mtu greater than device maximum."],
    ["rename to a taken name", () => set("v0", { rename: "br0" }), "RTNETLINK answers: File exists"],
    ["long name", () => set("v0", { rename: "averyveryverylongname" }), 'Error: argument "averyveryverylongname" is wrong: "name" not a valid ifname'],
    ["moving lo", () => set("lo", { netns: b }), "Error: The interface netns is immutable."],
    ["name taken there", () => set("v0", { netns: b, rename: "v1" }), "Error: An interface with the same name exists in the target netns."],
    ["VNI taken", () => ({ verb: "link-add", ns: a, name: "vy", kind: "vxlan", vxlan: { id: 1 } }), "Error: A VXLAN device with the specified VNI already exists."],
    ["lower device unknown", () => ({ verb: "link-add", ns: a, name: "vy", kind: "vxlan", vxlan: { id: 2, dev: "nope" } }), 'Cannot find device "nope"'],
    ["VNI too large", () => ({ verb: "link-add", ns: a, name: "vy", kind: "vxlan", vxlan: { id: 16777216 } }), 'Error: argument "16777216" is wrong: invalid id'],
    ["neighbour without MAC", () => ({ verb: "neigh-add", ns: a, dev: "v0", addr: "10.0.0.4" }), "Error: No link layer address given."],
    ["neighbour on lo", () => ({ verb: "neigh-add", ns: a, dev: "lo", addr: "10.0.0.4", mac: "02:00:00:00:00:03" }), "RTNETLINK answers: Invalid argument"],
    ["unknown neighbour", () => ({ verb: "neigh-del", ns: a, dev: "v0", addr: "10.0.0.4" }), "RTNETLINK answers: No such file or directory"],
    ["tunnel entry without end", () => ({ verb: "fdb-add", ns: a, dev: "vx", mac: "02:00:00:00:00:0b" }), "RTNETLINK answers: Invalid argument"],
    ["unknown tunnel entry", () => ({ verb: "fdb-del", ns: a, dev: "vx", mac: "02:00:00:00:00:0b" }), "RTNETLINK answers: No such file or directory"],
    ["bridge entry of no port", () => ({ verb: "fdb-add", ns: a, dev: "v0", mac: "02:00:00:00:00:0b", master: true }), "RTNETLINK answers: Operation not supported"],
    ["short MAC", () => ({ verb: "fdb-append", ns: a, dev: "vx", mac: "02:00:00:00:00", dst: "1.1.1.5" }), "Invalid mac address 02:00:00:00:00"],
  ];
  test.each(cases)("%s", (_name, act, message) => {
    expect(refused(act())).toBe(message);
  });

  test("a second neighbour or tunnel entry of an address exists already", () => {
    const neigh = { ns: a, dev: "v0", addr: "10.0.0.2", mac: "02:00:00:00:00:02" } as const;
    expect(refused({ verb: "neigh-add", ...neigh })).toBeUndefined();
    expect(refused({ verb: "neigh-add", ...neigh })).toBe("RTNETLINK answers: File exists");
    expect(refused({ verb: "neigh-replace", ...neigh, state: "reachable" })).toBeUndefined();
    const entry = { ns: a, dev: "vx", mac: "02:00:00:00:00:09", dst: "1.1.1.5" } as const;
    expect(refused({ verb: "fdb-append", ...entry })).toBeUndefined();
    expect(refused({ verb: "fdb-append", ...entry, dst: "1.1.1.6" })).toBeUndefined();
    expect(refused({ verb: "fdb-add", ...entry })).toBe("RTNETLINK answers: File exists");
    const zero = { ns: a, dev: "vx", mac: "00:00:00:00:00:00", dst: "1.1.1.6" } as const;
    expect(refused({ verb: "fdb-append", ...zero })).toBeUndefined();
    expect(refused({ verb: "fdb-replace", ...zero })).toBe("Error: Cannot replace non-unicast fdb entries.");
  });
});

describe("what follows from an act", () => {
  test("interface indices: the peer of a pair is made first; lo is 1", () => {
    const index = (ns: string, name: string): number => lab.stack.devInfo.get(lab.dev(ns, name))!.index;
    lab.act({ verb: "link-add", ns: a, name: "x0", kind: "veth", peer: { name: "x1" } });
    expect([index("a", "lo"), index("a", "v0"), index("b", "v1"), index("a", "x1") + 1]).toEqual([1, 2, 2, index("a", "x0")]);
  });

  test("a VXLAN device on a 1500 byte device has 1450, and goes with it", () => {
    lab.act({ verb: "link-add", ns: a, name: "vy", kind: "vxlan", vxlan: { id: 2, dev: "v0" } });
    expect(lab.stack.dev.c.mtu[lab.dev("a", "vy")]).toBe(1450);
    lab.act({ verb: "link-del", ns: a, name: "v0" });
    expect([lab.dev("a", "vy"), lab.dev("a", "v0"), lab.dev("b", "v1")]).toEqual([0, 0, 0]);
  });

  test("a port may change its bridge, and random MACs are unicast and local", () => {
    lab.act(set("v0", { master: "br0" }));
    lab.act(set("v0", { master: "br1" }));
    const mac = lab.stack.dev.c.mac[lab.dev("a", "v0")]!;
    expect(lab.stack.dev.c.mac[lab.dev("a", "br1")]).toBe(mac);
    expect(lab.stack.dev.c.mac[lab.dev("a", "br0")]).toBe(0);
    expect(Math.floor(mac / 2 ** 40) & 3).toBe(2);
  });

  test("a namespace takes its devices and their peers along", () => {
    lab.act({ verb: "netns-del", ns: b });
    expect([lab.ns("b"), lab.dev("a", "v0")]).toEqual([0, 0]);
    lab.act({ verb: "netns-del", ns: a });
    expect([lab.stack.dev.count, lab.stack.ns.count, lab.stack.fdb.rows.count, lab.stack.neigh.rows.count]).toEqual([0, 0, 0, 0]);
  });

  test("a device that moves loses addresses, routes and its bridge", () => {
    lab.act(set("v0", { master: "br0", up: true }));
    lab.act({ verb: "addr-add", ns: a, dev: "v0", addr: "10.0.0.1/24" });
    lab.act({ verb: "netns-add", node: 1, name: "c" });
    lab.act(set("v0", { netns: lab.ns("c"), rename: "eth0" }));
    const dev = lab.dev("c", "eth0");
    expect(lab.stack.devInfo.get(dev)).toMatchObject({ name: "eth0", addresses: [] });
    expect([lab.stack.dev.c.master[dev], lab.stack.dev.c.flags[dev]! & 1]).toEqual([0, 0]);
  });
});
