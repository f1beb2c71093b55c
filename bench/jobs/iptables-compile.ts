// Compiles kube-proxy's nat table, rules read before: an operation is one service, its chains and its share of the long chain.
// Size 1 is a change: the three chains of one service among 10,000 get other rules, and the next packet to it compiles them.
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import { placeChain } from "../../src/linux/nf/compile/walk-compiled.js";
import { restoreText } from "../../src/linux/nf/restore.js";
import { type NfTable, TABLE } from "../../src/linux/nf/table.js";
import { plumb } from "../../src/linux/plumbing.js";
import type { Stack } from "../../src/linux/stack.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import { fold } from "../chance.js";
import type { Job, Work } from "../job.js";
import { natTable } from "../service-rules.js";

const AROUND = 10_000;

function load(services: number): { s: Stack; table: NfTable } {
  const s = createStack({ engine: new Engine(1), streams: new Streams(1), book: new AddressBook(), causes: new CauseTable(), packets: new Packets(), payloads: new Payloads(), programs: [] });
  if (plumb(s, { verb: "netns-add", node: 1, name: "host" }) !== null) throw new Error("no namespace");
  const ns = netnsByName(s, 1, "host");
  const fault = restoreText(s, ns, 4, natTable(services), { noflush: false, counters: false, flavour: "legacy" });
  if (fault !== null) throw new Error(fault.message);
  return { s, table: s.nf.get(ns, 4, TABLE.nat)! };
}

/** All chains of a table, from nothing. */
function compileAll(s: Stack, table: NfTable): number {
  s.nf.compiled.drop();
  table.slab.reset(s.nf.compiled.generation);
  for (const id of table.chains.keys()) if (!table.slab.has(id)) placeChain(s, table, id);
  return s.nf.compiled.words.length;
}

function whole(size: number): Work {
  const { s, table } = load(size);
  return {
    batch: size,
    run(n) {
      for (let i = 0; i < n; i++) compileAll(s, table);
    },
    check: () => fold(0, compileAll(s, table)),
  };
}

/** The chains of one service, replaced by others of the same rules: what is compiled is what a packet to it needs anew. */
function changed(): Work {
  const { s, table } = load(AROUND);
  compileAll(s, table);
  const chains = Array.from({ length: AROUND }, (_, i) => ["SVC", "SEP"].flatMap((kind) => (kind === "SVC" ? [`KUBE-SVC-${i}`] : [`KUBE-SEP-${i}-0`, `KUBE-SEP-${i}-1`])).map((name) => table.chains.get(s.nf.names.find(name))!));
  let at = 0;
  const change = (): void => {
    const service = chains[at++ % AROUND]!;
    for (const chain of service) {
      table.forget(chain.id);
      s.nf.compiled.leave(chain.rules, chain.hash);
      // Other rules: the same tests, read anew, so that nothing compiled before fits.
      table.own().set(chain.id, { ...chain, rules: chain.rules.map((rule) => ({ ...rule })) });
    }
    if (s.nf.compiled.isStale) {
      s.nf.compiled.drop();
      table.slab.reset(s.nf.compiled.generation);
    } else if (table.slab.isWasteful) table.slab.reset(s.nf.compiled.generation);
    placeChain(s, table, service[0]!.id);
  };
  return {
    run(n) {
      for (let i = 0; i < n; i++) change();
    },
    check() {
      change();
      return s.nf.compiled.generation;
    },
  };
}

export const job: Job = {
  sizes: [1, 100, 1000, 10_000],
  contenders: { ours: (size) => (size === 1 ? changed() : whole(size)) },
};
