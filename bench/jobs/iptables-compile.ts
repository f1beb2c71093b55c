// Compiles kube-proxy's nat table, rules read before: an operation is one service, its share of the long chain and what the first
// packet to it makes of its own chains. Size 1 is a change: the three chains of one service among 10,000 get other rules, and the
// next packet to it compiles them.
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import { restoreText } from "../../src/linux/nf/restore.js";
import { type NfTable, TABLE } from "../../src/linux/nf/table.js";
import { walkTable } from "../../src/linux/nf/walk-table.js";
import { plumb } from "../../src/linux/plumbing.js";
import { HOOK, NF, type Stack } from "../../src/linux/stack.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import { fold } from "../chance.js";
import type { Job, Work } from "../job.js";
import { natTable, PODS, PORT, serviceAddress, UDP } from "../service-rules.js";

const AROUND = 10_000;
const LENGTH = 60;

interface Loaded {
  readonly s: Stack;
  readonly table: NfTable;
  /** a packet to a service: the endpoint's address, 0 for none */
  readonly ask: (service: number) => number;
}

function load(services: number): Loaded {
  const s = createStack({ engine: new Engine(1), streams: new Streams(1), book: new AddressBook(), causes: new CauseTable(), packets: new Packets(), payloads: new Payloads(), programs: [] });
  if (plumb(s, { verb: "netns-add", node: 1, name: "host" }) !== null) throw new Error("no namespace");
  const ns = netnsByName(s, 1, "host");
  const fault = restoreText(s, ns, 4, natTable(services), { noflush: false, counters: false, flavour: "legacy" });
  if (fault !== null) throw new Error(fault.message);
  const table = s.nf.get(ns, 4, TABLE.nat)!;
  const src = s.book.v4(PODS + 9);
  const dst = Int32Array.from({ length: services }, (_, i) => s.book.v4(serviceAddress(i) | 0));
  let to = 0;
  s.nf.ct = { ...s.nf.ct!, natSetup: (_p, _hook, range) => ((to = range.minAddr), NF.accept) };
  const p = s.packets.alloc();
  const c = s.packets.c;
  c.proto[p] = UDP;
  c.dport[p] = PORT;
  c.ipLen[p] = LENGTH;
  c.src[p] = src;
  return {
    s,
    table,
    ask(service) {
      to = 0;
      c.dst[p] = dst[service]!;
      walkTable(s, p, table, HOOK.prerouting, 0, 0);
      return s.book.words[to * 4]!;
    },
  };
}

/** A packet to each service, nothing being compiled before. */
function compileAll({ s, table, ask }: Loaded, services: number): number {
  table.services.drop();
  s.nf.compiled.drop();
  let digest = 0;
  for (let i = 0; i < services; i++) digest = fold(digest, ask(i));
  return digest;
}

function whole(size: number): Work {
  const loaded = load(size);
  return {
    batch: size,
    run(n) {
      for (let i = 0; i < n; i++) compileAll(loaded, size);
    },
    check: () => compileAll(loaded, size),
  };
}

/** The chains of one service, replaced by others of the same rules, and a packet to it. */
function changed(): Work {
  const loaded = load(AROUND);
  const { s, table, ask } = loaded;
  compileAll(loaded, AROUND);
  const chains = Array.from({ length: AROUND }, (_, i) => [`KUBE-SVC-${i}`, `KUBE-SEP-${i}-0`, `KUBE-SEP-${i}-1`].map((name) => table.chains.get(s.nf.names.find(name))!));
  let at = 0;
  const change = (): number => {
    const service = at++ % AROUND;
    for (const chain of chains[service]!) {
      table.forget(chain.id);
      s.nf.compiled.leave(chain.rules, chain.hash);
      // Other rules: the same tests, read anew, so that nothing compiled before fits.
      table.own().set(chain.id, { ...chain, rules: chain.rules.map((rule) => ({ ...rule })) });
    }
    return ask(service);
  };
  return {
    run(n) {
      for (let i = 0; i < n; i++) change();
    },
    check: () => change(),
  };
}

export const job: Job = {
  sizes: [1, 100, 1000, 10_000],
  contenders: { ours: (size) => (size === 1 ? changed() : whole(size)) },
};
