import { describe, expect, test } from "vitest";
import { DROP } from "../../src/base/codes.js";
import { MS, SECOND } from "../../src/base/time.js";
import { STEP } from "../../src/trace/kinds.js";
import { Lab } from "./lab.js";

// UDP datagrams of 28 bytes: 42 bytes with their Ethernet header, 336 bits.
const FRAME = "02000000000202000000000108004500001c00010000401166ce0a0000010a0000020001000200080000";
const BITS = 42 * 8;

interface Cable {
  readonly delay?: number;
  readonly rate?: number;
  readonly loss?: number;
}

function cabled(link: Cable, seed = 1, others: readonly string[] = []): Lab {
  const lab = new Lab(seed);
  for (const name of ["a", "b"]) lab.act({ verb: "netns-add", node: 1, name });
  const ends = ["eth0", ...others];
  for (const name of ends) lab.act({ verb: "link-add", ns: lab.ns("a"), name, kind: "uplink", link, up: true, peer: { ns: lab.ns("b"), name } });
  return lab;
}

function send(lab: Lab, count: number, dev = "eth0"): void {
  const s = lab.stack;
  const bytes = lab.dev("a", dev);
  const first = lab.frame(FRAME);
  for (let i = 1; i < count; i++) s.op.transmit(s.packets.clone(first), bytes);
  s.op.transmit(first, bytes);
}

const arrivals = (lab: Lab): number[] => lab.steps.filter((step) => step.kind === STEP.DEVICE_IN).map((step) => step.time);
const drops = (lab: Lab, reason: number): number[] => lab.steps.filter((step) => step.kind === STEP.DROP && step.a === reason).map((step) => step.packet);

describe("an uplink", () => {
  test("delays", () => {
    const lab = cabled({ delay: 3 * MS });
    send(lab, 2);
    lab.run(SECOND);
    expect(arrivals(lab)).toEqual([3 * MS, 3 * MS]);
  });

  test("sends one bit after the other, and lets the rest wait", () => {
    const lab = cabled({ delay: 1 * MS, rate: 1_000_000 });
    send(lab, 3);
    lab.run(SECOND);
    const each = (BITS * SECOND) / 1_000_000;
    expect(arrivals(lab)).toEqual([1, 2, 3].map((n) => 1 * MS + n * each));
    send(lab, 1);
    lab.run(SECOND);
    expect(arrivals(lab).at(-1)).toBe(SECOND + 1 * MS + each);
  });

  test("has a queue of 1000 frames of its MTU", () => {
    const lab = cabled({ rate: 1000 });
    lab.act({ verb: "link-set", ns: lab.ns("a"), name: "eth0", mtu: 68 });
    const room = Math.floor((1000 * (68 + 14)) / 42);
    send(lab, room + 5);
    expect(drops(lab, DROP.QDISC_DROP)).toHaveLength(5);
    expect(lab.stack.dev.c.txDropped[lab.dev("a", "eth0")]).toBe(5);
    expect(lab.stack.dev.c.txPackets[lab.dev("a", "eth0")]).toBe(room);
  });

  test("loses what chance says: the same with the same seed, whatever else is there", () => {
    const lost = (seed: number, others: readonly string[]): number[] => {
      const lab = cabled({ loss: 0.3 }, seed, others);
      for (const other of others) send(lab, 5, other);
      const before = lab.stack.packets.alloc();
      lab.stack.packets.release(before);
      const base = lab.steps.length;
      for (let i = 0; i < 200; i++) send(lab, 1);
      return lab.steps.slice(base).flatMap((step, at, all) => (step.kind === STEP.DROP ? [all.slice(0, at).filter((s) => s.kind === STEP.DEVICE_OUT).length] : []));
    };
    const alone = lost(1, []);
    expect(lost(1, [])).toEqual(alone);
    expect(lost(1, ["eth1", "eth2"])).toEqual(alone);
    expect(lost(2, [])).not.toEqual(alone);
    expect(alone.length).toBeGreaterThan(30);
    expect(alone.length).toBeLessThan(90);
  });

  test("loses everything at 1 and nothing at 0", () => {
    const all = cabled({ loss: 1 });
    send(all, 10);
    expect(drops(all, DROP.LINK_LOSS)).toHaveLength(10);
    const none = cabled({ loss: 0 });
    send(none, 10);
    none.run(SECOND);
    expect(arrivals(none)).toHaveLength(10);
  });

  test("brings nothing to an end that went down or away meanwhile", () => {
    for (const verb of ["down", "deleted"]) {
      const lab = cabled({ delay: 5 * MS });
      send(lab, 1);
      if (verb === "down") lab.act({ verb: "link-set", ns: lab.ns("b"), name: "eth0", up: false });
      else {
        lab.act({ verb: "link-del", ns: lab.ns("b"), name: "eth0" });
        lab.act({ verb: "link-add", ns: lab.ns("b"), name: "eth0", kind: "bridge", up: true });
      }
      lab.run(SECOND);
      expect(drops(lab, DROP.LINK_DOWN)).toHaveLength(1);
      expect(arrivals(lab)).toEqual([]);
      expect(lab.stack.packets.count).toBe(0);
    }
  });
});
