import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Digest } from "../../../src/base/hash.js";
import { MS } from "../../../src/base/time.js";
import { deviceByName } from "../../../src/linux/device.js";
import { walkCompiled } from "../../../src/linux/nf/compile/walk-compiled.js";
import { restoreText } from "../../../src/linux/nf/restore.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import { TABLE } from "../../../src/linux/nf/table.js";
import { walkChains } from "../../../src/linux/nf/walk.js";
import { type Walk, walkTable } from "../../../src/linux/nf/walk-table.js";
import { HOOK, NF, type Stack } from "../../../src/linux/stack.js";
import { act, makeStack, netns } from "../world.js";
import { ADDRESSES, type Case, cases, type Deed, DEVICES, type Packet } from "./compile-cases.js";
import { serviceCases } from "./service-cases.js";

const prove = process.env["PODWIRE_PROVE"] === "1";
/** Deeds of one case; nine of ten are packets or nearly so. */
const DEEDS = 25;

/** One machine with the case's table, its packets walked in one of the two ways. */
class World {
  readonly s: Stack = makeStack();
  readonly ns: number;
  readonly said: unknown[] = [];

  constructor(
    readonly of: Case,
    readonly walk: Walk,
  ) {
    this.ns = netns(this.s, "a");
    for (const name of DEVICES) act(this.s, { verb: "link-add", ns: this.ns, name, kind: "dummy" });
    const lines = of.chains.slice(1).map(({ name }) => `:${name} - [0:0]`);
    for (const chain of of.chains) for (const spec of chain.rules) lines.push(`-A ${chain.name} ${spec}`);
    const fault = restoreText(this.s, this.ns, of.family, `*${of.table}\n${lines.join("\n")}\nCOMMIT\n`, { noflush: false, counters: false, flavour: "legacy" });
    if (fault !== null) throw new Error(fault.message);
    // What a DNAT decides is told, and the packet is let through.
    this.s.nf.ct = { ...this.s.nf.ct!, natSetup: (_p, hook, range, manip) => (this.said.push(["nat", hook, range.minAddr, range.minPort, manip]), NF.accept) };
    this.trace(of.traced);
  }

  private trace(on: boolean): void {
    this.s.trace = on ? { step: (...step) => this.said.push(step) } : null;
  }

  run(deed: Deed): void {
    const { s, ns, of } = this;
    const there = { ns, family: of.family, table: of.table } as const;
    switch (deed.kind) {
      case "packet":
        return this.meet(deed.packet);
      case "append":
      case "insert":
        return act(s, { verb: "iptables", ...there, op: deed.kind, chain: deed.chain, spec: deed.spec });
      case "cut":
        if (s.nf.get(ns, of.family, TABLE[of.table])!.chains.get(s.nf.names.find(deed.chain))!.rules.length > 0) act(s, { verb: "iptables", ...there, op: "delete", chain: deed.chain, at: 1 });
        return;
      case "policy":
        return act(s, { verb: "iptables", ...there, op: "policy", chain: of.base, policy: deed.drop ? "DROP" : "ACCEPT" });
      case "forget":
        return s.nf.compiled.drop();
      case "zero":
        return act(s, { verb: "iptables", ...there, op: "zero", chain: deed.chain });
      case "trace":
        return this.trace(deed.on);
      case "list":
        this.said.push(saveTables(s, ns, of.family, { counters: true }));
        return;
      case "checkpoint":
        return s.nf.restore(structuredClone(s.nf.save()));
      case "wait":
        s.engine.run(s.engine.now + deed.ms * MS);
    }
  }

  private meet(packet: Packet): void {
    const { s, ns, of } = this;
    const p = s.packets.alloc();
    const c = s.packets.c;
    const { src, dst, inDev, outDev, length, ...fields } = packet;
    for (const [name, value] of Object.entries(fields)) c[name as keyof typeof fields]![p] = value;
    c.ipLen[p] = length;
    c.src[p] = s.book.ofText(ADDRESSES[of.family][src]!);
    c.dst[p] = s.book.ofText(ADDRESSES[of.family][dst]!);
    const table = s.nf.get(ns, of.family, TABLE[of.table])!;
    const forwards = of.table === "filter";
    const verdict = walkTable(s, p, table, forwards ? HOOK.forward : HOOK.prerouting, deviceByName(s, ns, DEVICES[inDev]!), forwards ? deviceByName(s, ns, DEVICES[outDev]!) : 0, this.walk);
    this.said.push(verdict);
    if (verdict !== NF.accept) return;
    this.said.push(c.mark[p]);
    s.packets.release(p);
  }

  /** Everything that walks leave behind. */
  left(): unknown {
    const { s, ns, of } = this;
    const digest = new Digest();
    s.nf.fold(digest);
    const { names, words } = s.streams.save();
    return [this.said, saveTables(s, ns, of.family, { counters: true }), digest.hex(), names, words, s.packets.count];
  }
}

describe("compiled chains", () => {
  test.each([
    ["any rules", cases(DEEDS), 1],
    ["services", serviceCases(DEEDS * 3), 1],
  ])("give what the plain walk gives: verdicts, marks, counters, memory, draws and traces: %s", { timeout: 3_600_000 }, (_name, worlds, share) => {
    let packets = 0;
    fc.assert(
      fc.property(worlds, (of) => {
        const plain = new World(of, walkChains);
        const compiled = new World(of, walkCompiled);
        for (const deed of of.deeds) {
          plain.run(deed);
          compiled.run(deed);
          if (deed.kind === "packet") packets++;
        }
        expect(compiled.left()).toEqual(plain.left());
      }),
      { numRuns: (prove ? 6000 : 150) * share },
    );
    expect(packets).toBeGreaterThan(prove ? 100_000 : 700);
  });
});
