import { describe, expect, test } from "vitest";
import { MS, SECOND } from "../../src/base/time.js";
import { Checkpoints } from "../../src/engine/checkpoint.js";
import { stackParts } from "../../src/linux/stack-parts.js";
import { Lab } from "./lab.js";

const A = "020000000002020000000001";
const UDP = "08004500001c00010000401166ce0a0000010a0000020001000200080000";
const ARP = "ffffffffffff020000000001080600010800060400010200000000010a0000010000000000000a000002";

/** The whole world of a lab: engine, chance, addresses, packets and the stack. */
function world(lab: Lab): Checkpoints {
  const s = lab.stack;
  const all = new Checkpoints();
  all.add({ name: "engine", save: () => s.engine.save(), restore: (x) => s.engine.restore(x as never), fold: (d) => s.engine.fold(d) });
  all.add({ name: "streams", save: () => s.streams.save(), restore: (x) => s.streams.restore(x as never), fold: () => undefined });
  all.add({ name: "book", save: () => s.book.save(), restore: (x) => s.book.restore(x as never), fold: () => undefined });
  all.add({ name: "packets", save: () => s.packets.save(), restore: (x) => s.packets.restore(x as never), fold: (d) => d.i32(s.packets.count) });
  for (const part of stackParts(s)) all.add(part);
  return all;
}

/** A bridge with three ports, one of them a wire that delays and loses, one shaped each way, and a tunnel between the ends. */
function build(lab: Lab): void {
  for (const name of ["n", "p1", "p2", "p3"]) lab.act({ verb: "netns-add", node: 1, name });
  const n = lab.ns("n");
  lab.act({ verb: "link-add", ns: n, name: "br0", kind: "bridge", up: true });
  for (const i of [1, 2, 3]) {
    const peer = { ns: lab.ns(`p${i}`), name: "eth0", mac: `02:00:00:00:00:0${i}` };
    lab.act({ verb: "link-add", ns: n, name: `v${i}`, kind: i === 3 ? "uplink" : "veth", up: true, peer, ...(i === 3 ? { link: { delay: 2 * MS, rate: 1e6, loss: 0.2 } } : {}) });
    lab.act({ verb: "link-set", ns: n, name: `v${i}`, master: "br0" });
    lab.act({ verb: "addr-add", ns: lab.ns(`p${i}`), dev: "eth0", addr: `10.0.0.${i}/24` });
    lab.act({ verb: "link-add", ns: lab.ns(`p${i}`), name: "vx", kind: "vxlan", mac: `0e:00:00:00:00:0${i}`, vxlan: { id: 9, local: `10.0.0.${i}`, dev: "eth0" }, up: true });
    for (const j of [1, 2, 3]) if (j !== i) lab.act({ verb: "fdb-append", ns: lab.ns(`p${i}`), dev: "vx", mac: "00:00:00:00:00:00", dst: `10.0.0.${j}` });
  }
  // Frames to p1, and frames from p2, wait for slow buckets.
  const tbf = { rate: 20_000, burst: 150, limit: 2000 };
  lab.act({ verb: "link-add", ns: n, name: "ifb0", kind: "ifb", up: true });
  lab.act({ verb: "qdisc-add", ns: n, dev: "v1", tbf });
  lab.act({ verb: "qdisc-add", ns: n, dev: "v2", redirect: "ifb0" });
  lab.act({ verb: "qdisc-add", ns: n, dev: "ifb0", tbf });
}

function disturb(lab: Lab): void {
  const s = lab.stack;
  s.op.transmit(lab.frame(A + UDP), lab.dev("p1", "eth0"));
  s.op.transmit(lab.frame(ARP), lab.dev("p1", "eth0"));
  s.op.transmit(lab.frame(`ffffffffffff0e0000000001${UDP}`), lab.dev("p1", "vx"));
  s.op.transmit(lab.frame(`0e00000000010e0000000003${UDP}`), lab.dev("p3", "vx"));
}

describe("a checkpoint in the middle of everything", () => {
  test("restored into a fresh stack it goes on to the same end, from every step", () => {
    const lab = new Lab(7);
    build(lab);
    disturb(lab);
    const original = world(lab);
    const saved: unknown[] = [];
    let steps = 0;
    do {
      saved.push(structuredClone(original.checkpoint()));
      steps++;
    } while (steps < 400 && lab.stack.engine.nextTime() < 60 * SECOND && lab.stack.engine.step());
    expect(steps).toBeGreaterThan(40);
    expect(steps).toBeLessThan(400);
    lab.stack.engine.run(60 * SECOND);
    const end = original.fingerprint();

    saved.forEach((checkpoint) => {
      const other = new Lab(99);
      const copy = world(other);
      copy.restore(checkpoint as never);
      other.stack.engine.run(60 * SECOND);
      expect(copy.fingerprint()).toBe(end);
      expect(other.stack.packets.count).toBe(lab.stack.packets.count);
    });
  });

  test("a fingerprint changes with what was learned, and acts after a restore go on from there", () => {
    const lab = new Lab(7);
    build(lab);
    const original = world(lab);
    const before = original.fingerprint();
    const checkpoint = original.checkpoint();
    lab.inject("p1", "eth0", ARP);
    expect(original.fingerprint()).not.toBe(before);
    original.restore(checkpoint);
    expect(original.fingerprint()).toBe(before);
    lab.act({ verb: "netns-add", node: 1, name: "more" });
    lab.act({ verb: "link-set", ns: lab.ns("n"), name: "v1", master: null });
    expect(lab.dev("n", "v1")).toBeGreaterThan(0);
  });
});
