// A new flow through kube-proxy's nat table at PREROUTING: which endpoint, and whether to masquerade. Ours is the walk of the
// simulated kernel: real rules from iptables-restore, packet records, counters of every rule, draws from the chains' streams;
// only what the DNAT target would ask of connection tracking is noted instead. Plain walks rule objects in order.
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import { placeChain } from "../../src/linux/nf/compile/walk-compiled.js";
import { restoreText } from "../../src/linux/nf/restore.js";
import { TABLE } from "../../src/linux/nf/table.js";
import { walkTable } from "../../src/linux/nf/walk-table.js";
import { plumb } from "../../src/linux/plumbing.js";
import { HOOK, NF } from "../../src/linux/stack.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import { fold } from "../chance.js";
import type { FloorWork, Job, Work } from "../job.js";
import { endpointAddress, ENDPOINTS, type Flows, natTable, newFlows, PACKETS, PORT, serviceAddress, text, UDP } from "../service-rules.js";

const CHECKED = 5000;
const SEED = 1;
const MASQUERADE = 0x4000;
const LENGTH = 60;

/** Work over the flows in turn; `ask` gives the endpoint's address, 0 for none, and the mark. */
function over(make: () => (at: number) => number): Work {
  const ask = make();
  let next = 0;
  let kept = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) kept ^= ask(next++ & (PACKETS - 1));
      if (kept === 0.5) throw new Error("an answer is no integer");
    },
    check() {
      const fresh = make();
      let digest = 0;
      for (let i = 0; i < CHECKED; i++) digest = fold(digest, fresh(i));
      return digest;
    },
  };
}

function ours(size: number, given: unknown): Work {
  const flows = given as Flows;
  return over(() => {
    const s = createStack({ engine: new Engine(SEED), streams: new Streams(SEED), book: new AddressBook(), causes: new CauseTable(), packets: new Packets(), payloads: new Payloads(), programs: [] });
    if (plumb(s, { verb: "netns-add", node: 1, name: "host" }) !== null) throw new Error("no namespace");
    const ns = netnsByName(s, 1, "host");
    const fault = restoreText(s, ns, 4, natTable(size), { noflush: false, counters: false, flavour: "legacy" });
    if (fault !== null) throw new Error(fault.message);
    s.nf.parsed.clear();
    const src = Int32Array.from(flows.src, (word) => s.book.v4(word | 0));
    const dst = Int32Array.from(flows.dst, (word) => s.book.v4(word | 0));
    let to = 0;
    s.nf.ct = { ...s.nf.ct!, natSetup: (_p, _hook, range) => ((to = range.minAddr), NF.accept) };
    const table = s.nf.get(ns, 4, TABLE.nat)!;
    // What a first packet would find uncompiled is measured by iptables-compile.
    for (const id of table.chains.keys()) if (!table.slab.has(id)) placeChain(s, table, id);
    for (let i = 0; i < size; i++) s.streams.stream(`node-1/host/nat/KUBE-SVC-${i}`);
    const p = s.packets.alloc();
    const c = s.packets.c;
    c.proto[p] = UDP;
    c.dport[p] = PORT;
    c.ipLen[p] = LENGTH;
    return (at) => {
      c.src[p] = src[at]!;
      c.dst[p] = dst[at]!;
      c.sport[p] = flows.sport[at]!;
      c.mark[p] = 0;
      to = 0;
      walkTable(s, p, table, HOOK.prerouting, 0, 0);
      return s.book.words[to * 4]! ^ c.mark[p]!;
    };
  });
}

interface Range {
  readonly address: number;
  readonly mask: number;
  readonly not?: boolean;
}

/** A rule as a reader of iptables-save would hold it. */
interface Rule {
  readonly src?: Range;
  readonly dst?: Range;
  readonly proto?: number;
  readonly dport?: number;
  readonly chance?: number;
  readonly local?: boolean;
  readonly target: string;
  readonly to?: number;
}

interface Asked {
  readonly src: number;
  readonly dst: number;
  readonly sport: number;
  readonly dport: number;
  readonly proto: number;
  mark: number;
  to: number;
}

const host = (address: number): Range => ({ address, mask: 0xffffffff });
const inside = (address: number, range: Range): boolean => ((address & range.mask) >>> 0 === range.address) !== (range.not === true);

function ruleObjects(size: number): Record<string, Rule[]> {
  const services: Rule[] = [];
  const chains: Record<string, Rule[]> = { PREROUTING: [{ target: "KUBE-SERVICES" }], "KUBE-SERVICES": services, "KUBE-MARK-MASQ": [{ target: "MARK" }], "KUBE-NODEPORTS": [] };
  for (let i = 0; i < size; i++) {
    const vip = { dst: host(serviceAddress(i)), proto: UDP, dport: PORT };
    services.push({ ...vip, target: `KUBE-SVC-${i}` });
    const service: Rule[] = [{ src: { address: 0x0a640000, mask: 0xffff0000, not: true }, ...vip, target: "KUBE-MARK-MASQ" }];
    for (let j = 0; j < ENDPOINTS; j++) {
      const name = `KUBE-SEP-${i}-${j}`;
      service.push(j < ENDPOINTS - 1 ? { chance: Math.floor(0x80000000 / (ENDPOINTS - j) + 0.5), target: name } : { target: name });
      chains[name] = [{ src: host(endpointAddress(i, j)), target: "KUBE-MARK-MASQ" }, { proto: UDP, target: "DNAT", to: endpointAddress(i, j) }];
    }
    chains[`KUBE-SVC-${i}`] = service;
  }
  services.push({ local: true, target: "KUBE-NODEPORTS" });
  return chains;
}

function plain(size: number, given: unknown): Work {
  const flows = given as Flows;
  return over(() => {
    const chains = ruleObjects(size);
    const streams = new Streams(SEED);
    const own = new Set<number>([0x7f000001]);
    const matches = (rule: Rule, packet: Asked, chain: string): boolean => {
      if (rule.src !== undefined && !inside(packet.src, rule.src)) return false;
      if (rule.dst !== undefined && !inside(packet.dst, rule.dst)) return false;
      if (rule.proto !== undefined && rule.proto !== packet.proto) return false;
      if (rule.dport !== undefined && rule.dport !== packet.dport) return false;
      if (rule.local === true && !own.has(packet.dst)) return false;
      return rule.chance === undefined || (streams.u32(streams.stream(`node-1/host/nat/${chain}`)) & 0x7fffffff) < rule.chance;
    };
    const walk = (chain: string, packet: Asked): boolean => {
      for (const rule of chains[chain]!) {
        if (!matches(rule, packet, chain)) continue;
        if (rule.target === "DNAT") {
          packet.to = rule.to!;
          return true;
        }
        if (rule.target === "MARK") packet.mark |= MASQUERADE;
        else if (walk(rule.target, packet)) return true;
      }
      return false;
    };
    return (at) => {
      const packet: Asked = { src: flows.src[at]!, dst: flows.dst[at]!, sport: flows.sport[at]!, dport: PORT, proto: UDP, mark: 0, to: 0 };
      walk("PREROUTING", packet);
      return (packet.to | 0) ^ packet.mark;
    };
  });
}

/** An exact hash of (address, port and protocol) alone: 16 bytes a slot, half full. */
function exactHash(size: number, given: unknown): FloorWork {
  const { dst } = given as Flows;
  let slots = 16;
  while (slots < size * 2) slots *= 2;
  const mask = slots - 1;
  const table = new Int32Array(slots * 4);
  const place = (address: number, key: number): number => {
    const h = Math.imul(address ^ Math.imul(key, 0x9e3779b1), 0x85ebca6b);
    return (h ^ (h >>> 15)) & mask;
  };
  const key = (UDP << 16) | PORT;
  for (let i = 0; i < size; i++) {
    const address = serviceAddress(i) | 0;
    let at = place(address, key);
    while (table[at * 4 + 2] !== 0) at = (at + 1) & mask;
    table.set([address, key, i + 1], at * 4);
  }
  const find = (address: number): number => {
    for (let at = place(address, key); table[at * 4 + 2] !== 0; at = (at + 1) & mask) if (table[at * 4] === address && table[at * 4 + 1] === key) return table[at * 4 + 2]!;
    return 0;
  };
  let next = 0;
  let kept = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) kept ^= find(dst[next++ & (PACKETS - 1)]! | 0);
      if (kept < 0) throw new Error(`a service is negative: ${text(kept)}`);
    },
  };
}

export const job: Job = {
  sizes: [100, 1000, 10_000],
  given: (size) => newFlows(size),
  contenders: { ours, plain, floor: { name: "exact hash", make: exactHash } },
};
