import { beforeEach, describe, expect, test } from "vitest";
import { DROP, ETHERTYPE, PROTO } from "../../src/base/codes.js";
import { SECOND } from "../../src/base/time.js";
import { confirmNeighbour } from "../../src/linux/neigh.js";
import { NUD } from "../../src/linux/neigh-table.js";
import { routeOutput } from "../../src/linux/route-output.js";
import { STEP } from "../../src/trace/kinds.js";
import { Lab } from "./lab.js";

// Facts E1 to E5: linux-dataplane.md. The kernel's timers fire up to 4 % late; here they are exact.

/** client 10.1.0.2 - router 10.1.0.1 / 10.2.0.1 - an empty wire where 10.2.0.9 is asked for. */
function routed(seed = 1): Lab {
  const lab = new Lab(seed);
  for (const name of ["client", "router", "far"]) lab.act({ verb: "netns-add", node: 1, name });
  const ns = (name: string): number => lab.ns(name);
  lab.act({ verb: "sysctl", ns: ns("router"), key: "net.ipv4.ip_forward", value: "1" });
  lab.act({ verb: "link-add", ns: ns("router"), name: "near", kind: "veth", mac: "02:00:00:00:00:01", up: true, peer: { ns: ns("client"), name: "eth0", mac: "02:00:00:00:00:02" } });
  lab.act({ verb: "link-add", ns: ns("router"), name: "away", kind: "veth", mac: "02:00:00:00:00:03", up: true, peer: { ns: ns("far"), name: "eth0", mac: "02:00:00:00:00:04" } });
  lab.act({ verb: "addr-add", ns: ns("client"), dev: "eth0", addr: "10.1.0.2/24" });
  lab.act({ verb: "addr-add", ns: ns("router"), dev: "near", addr: "10.1.0.1/24" });
  lab.act({ verb: "addr-add", ns: ns("router"), dev: "away", addr: "10.2.0.1/24" });
  lab.act({ verb: "route-add", ns: ns("client"), dst: "default", via: "10.1.0.1" });
  lab.act({ verb: "neigh-add", ns: ns("client"), dev: "eth0", addr: "10.1.0.1", mac: "02:00:00:00:00:01" });
  lab.act({ verb: "neigh-add", ns: ns("router"), dev: "near", addr: "10.1.0.2", mac: "02:00:00:00:00:02" });
  return lab;
}

function sendUdp(lab: Lab, from: string, dst: string, payLen = 0): void {
  const s = lab.stack;
  const p = s.packets.alloc();
  const c = s.packets.c;
  c.etherType[p] = ETHERTYPE.IPV4;
  c.dst[p] = s.book.ofText(dst);
  c.proto[p] = PROTO.UDP;
  c.ttl[p] = 64;
  c.sport[p] = 1000;
  c.dport[p] = 2000;
  c.payLen[p] = payLen;
  c.ipLen[p] = 28 + payLen;
  expect(routeOutput(s, p, lab.ns(from), 0)).toBe(0);
  s.op.ipLocalOut(p, lab.ns(from));
}

const asked = (lab: Lab): number[] => lab.steps.filter((step) => step.kind === STEP.ARP_REQUEST).map((step) => step.time / SECOND);
const stateOf = (lab: Lab, ns: string, dev: string, addr: string): number => {
  const row = lab.stack.neigh.find(lab.dev(ns, dev), lab.stack.book.ofText(addr));
  return row === 0 ? -1 : lab.stack.neigh.rows.c.state[row]!;
};

let lab: Lab;
beforeEach(() => {
  lab = routed();
});

/** Seconds as the kernel was seen to take, whose timer wheel is late by what its phase makes it. */
function expectTimes(ours: readonly number[], seen: readonly number[]): void {
  expect(ours.length).toBe(seen.length);
  ours.forEach((time, i) => expect(Math.abs(time - seen[i]!)).toBeLessThanOrEqual(0.032));
}

describe("an address that nobody has", () => {
  test("three broadcast questions a second apart, then host unreachable for each packet that waited (E1, E2)", () => {
    for (let i = 0; i < 3; i++) sendUdp(lab, "client", "10.2.0.9");
    lab.run(2.9 * SECOND);
    expectTimes(asked(lab), [0, 1.03, 2.05]);
    expect(lab.captured().filter((line) => line.startsWith("router away out"))).toEqual(
      Array(3).fill("router away out 02:00:00:00:00:03>ff:ff:ff:ff:ff:ff ARP who-has 10.2.0.9 tell 10.2.0.1"),
    );
    expect(lab.delivered).toEqual([]);
    lab.run(1 * SECOND);
    const error = "client eth0 02:00:00:00:00:01>02:00:00:00:00:02 ICMP 3/1 10.1.0.1>10.1.0.2 ttl64 len56 ( UDP 1000>2000 10.1.0.2>10.2.0.9 ttl63 len28 )";
    expect(lab.delivered).toEqual([error, error, error]);
    expectTimes(lab.steps.filter((step) => step.kind === STEP.DROP && step.a === DROP.NEIGH_FAILED).map((step) => step.time / SECOND), [3.07, 3.07, 3.07]);
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.failed);
    expect(lab.stack.packets.count).toBe(0);
  });

  test("a new packet starts a new round at once (E2)", () => {
    sendUdp(lab, "client", "10.2.0.9");
    lab.run(5 * SECOND);
    sendUdp(lab, "client", "10.2.0.9");
    lab.run(5 * SECOND);
    expectTimes(asked(lab), [0, 1.03, 2.05, 5, 6.03, 7.05]);
  });

  // 600 datagrams sent through a router of the real kernel, ICMP answers counted.
  test.each([[0, 159], [150, 159], [200, 104], [600, 104], [650, 92], [1400, 92]])("of 600 datagrams of %i bytes the last %i wait", (size, room) => {
    for (let i = 0; i < 600; i++) sendUdp(lab, "client", "10.2.0.9", size);
    lab.run(1);
    const full = lab.steps.filter((step) => step.kind === STEP.DROP && step.a === DROP.NEIGH_QUEUEFULL);
    const waiting = lab.steps.filter((step) => step.kind === STEP.NEIGHBOUR_WAIT);
    expect(full).toHaveLength(600 - room);
    expect(full.map((step) => step.packet)).toEqual(waiting.slice(0, full.length).map((step) => step.packet));
  });
});

describe("an entry in doubt", () => {
  beforeEach(() => {
    lab.act({ verb: "neigh-add", ns: lab.ns("router"), dev: "away", addr: "10.2.0.9", mac: "02:00:00:00:00:99", state: "stale" });
  });

  test("the packet goes at once; after 5 s three unicast questions, then failed (E3)", () => {
    sendUdp(lab, "client", "10.2.0.9");
    lab.run(SECOND);
    expect(lab.captured()).toContain("router away out 02:00:00:00:00:03>02:00:00:00:00:99 UDP 1000>2000 10.1.0.2>10.2.0.9 ttl63 len28");
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.delay);
    lab.run(6.5 * SECOND);
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.probe);
    expectTimes(asked(lab), [5.13, 6.15, 7.17]);
    expect(lab.captured().filter((line) => line.startsWith("router away out"))).toEqual(
      Array(3).fill("router away out 02:00:00:00:00:03>02:00:00:00:00:99 ARP who-has 10.2.0.9 tell 10.2.0.1"),
    );
    // FAILED was seen at 8.2 s.
    lab.run(0.8 * SECOND);
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.failed);
  });

  test("traffic that comes back confirms it before it is asked for", () => {
    sendUdp(lab, "client", "10.2.0.9");
    lab.run(SECOND);
    confirmNeighbour(lab.stack, lab.dev("router", "away"), lab.stack.book.ofText("10.2.0.9"));
    lab.run(5 * SECOND);
    expect(asked(lab)).toEqual([]);
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.reachable);
  });
});

describe("an entry that answers", () => {
  test("is reachable for 15 to 45 s, drawn once for the device, then stale without use", () => {
    lab.act({ verb: "addr-add", ns: lab.ns("far"), dev: "eth0", addr: "10.2.0.9/24" });
    sendUdp(lab, "client", "10.2.0.9");
    lab.run(14 * SECOND);
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.reachable);
    lab.run(32 * SECOND);
    expect(stateOf(lab, "router", "away", "10.2.0.9")).toBe(NUD.stale);
    expect(asked(lab)).toEqual([0]);
    expect(lab.delivered).toHaveLength(1);
  });

  test("the draw depends on the seed and the place alone", () => {
    const until = (seed: number): number => {
      const other = routed(seed);
      other.act({ verb: "addr-add", ns: other.ns("far"), dev: "eth0", addr: "10.2.0.9/24" });
      sendUdp(other, "client", "10.2.0.9");
      other.run(SECOND);
      return other.stack.dev.c.reachable[other.dev("router", "away")]!;
    };
    expect(until(1)).toBe(until(1));
    expect(until(1)).not.toBe(until(2));
  });
});

describe("what ends an entry", () => {
  test("loss of carrier spares the permanent ones, going down does not (E8)", () => {
    lab.act({ verb: "neigh-add", ns: lab.ns("router"), dev: "away", addr: "10.2.0.7", mac: "02:00:00:00:00:77" });
    lab.act({ verb: "neigh-add", ns: lab.ns("router"), dev: "away", addr: "10.2.0.8", mac: "02:00:00:00:00:88", state: "reachable" });
    lab.act({ verb: "link-set", ns: lab.ns("far"), name: "eth0", up: false });
    expect([stateOf(lab, "router", "away", "10.2.0.7"), stateOf(lab, "router", "away", "10.2.0.8")]).toEqual([NUD.permanent, -1]);
    lab.act({ verb: "link-set", ns: lab.ns("router"), name: "away", up: false });
    expect(stateOf(lab, "router", "away", "10.2.0.7")).toBe(-1);
  });

  test("packets that waited for it are dropped", () => {
    sendUdp(lab, "client", "10.2.0.9");
    lab.run(1);
    lab.act({ verb: "link-set", ns: lab.ns("router"), name: "away", up: false });
    expect(lab.steps.at(-1)).toMatchObject({ kind: STEP.DROP, a: DROP.NEIGH_DEAD });
    lab.run(10 * SECOND);
    expect(lab.stack.packets.count).toBe(0);
  });
});
