// A new flow through kube-proxy's nat table at PREROUTING: which endpoint, and whether to masquerade. Ours is the walk of the
// simulated kernel: real rules from iptables-restore, packet records, counters of every rule, draws from the chains' streams;
// only what the DNAT target would ask of connection tracking is noted instead. Plain walks rule objects in order.
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
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
/** Handles of addresses, and above them the one mark there is. */
const MARK_SHIFT = 12;
const ADDRESS = (MASQUERADE << MARK_SHIFT) - 1;

interface Asker {
  /** an integer that tells the endpoint and the mark of a flow */
  ask(at: number): number;
  /** the same in words that all contenders share: the endpoint's address, 0 for none, and the mark */
  tell(answer: number): number;
}

/** Work over the flows in turn. */
function over(make: () => Asker): Work {
  const asker = make();
  let next = 0;
  let kept = 0;
  const run = (n: number): void => {
    for (let i = 0; i < n; i++) kept ^= asker.ask(next++ & (PACKETS - 1));
    if (kept === 0.5) throw new Error("an answer is no integer");
  };
  return {
    run,
    check() {
      const fresh = make();
      let digest = 0;
      for (let i = 0; i < CHECKED; i++) digest = fold(digest, fresh.tell(fresh.ask(i)));
      return digest;
    },
  };
}

function ours(size: number, given: unknown): Work {
  const flows = given as Flows;
  const work = over(() => {
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
    const p = s.packets.alloc();
    const c = s.packets.c;
    c.proto[p] = UDP;
    c.dport[p] = PORT;
    c.ipLen[p] = LENGTH;
    return {
      // Marks stand above the handles of addresses.
      ask(at) {
        c.src[p] = src[at]!;
        c.dst[p] = dst[at]!;
        c.sport[p] = flows.sport[at]!;
        c.mark[p] = 0;
        to = 0;
        walkTable(s, p, table, HOOK.prerouting, 0, 0);
        return to | (c.mark[p]! << MARK_SHIFT);
      },
      tell: (answer) => s.book.words[(answer & ADDRESS) * 4]! ^ ((answer & ~ADDRESS) >>> MARK_SHIFT),
    };
  });
  // What a first packet would find uncompiled is measured by iptables-compile.
  work.run(2 * PACKETS);
  return work;
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
  readonly dport: number;
  readonly proto: number;
  mark: number;
  to: number;
}

const OWN: ReadonlySet<number> = new Set([0x7f000001]);
const host = (address: number): Range => ({ address: address >>> 0, mask: 0xffffffff });

function ruleObjects(size: number): Record<string, Rule[]> {
  const services: Rule[] = [];
  const chains: Record<string, Rule[]> = { PREROUTING: [{ target: "KUBE-SERVICES" }], "KUBE-SERVICES": services, "KUBE-MARK-MASQ": [{ target: "MARK" }], "KUBE-NODEPORTS": [] };
  for (let i = 0; i < size; i++) {
    services.push({ dst: host(serviceAddress(i)), proto: UDP, dport: PORT, target: `KUBE-SVC-${i}` });
    const service: Rule[] = [{ src: { address: 0x0a640000, mask: 0xffff0000, not: true }, dst: host(serviceAddress(i)), proto: UDP, dport: PORT, target: "KUBE-MARK-MASQ" }];
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

/** One stream for each service, as ours draws. */
function streamsOf(size: number): { streams: Streams; ids: Int32Array } {
  const streams = new Streams(SEED);
  return { streams, ids: Int32Array.from({ length: size }, (_, i) => streams.stream(`node-1/host/nat/KUBE-SVC-${i}`)) };
}

function plain(size: number, given: unknown): Work {
  const flows = given as Flows;
  return over(() => {
    const chains = ruleObjects(size);
    const { streams, ids } = streamsOf(size);
    const stream = new Map(Array.from(ids, (id, i) => [`KUBE-SVC-${i}`, id]));
    const matches = (rule: Rule, packet: Asked, chain: string): boolean => {
      if (rule.src && ((packet.src & rule.src.mask) >>> 0 === rule.src.address) === !!rule.src.not) return false;
      if (rule.dst && ((packet.dst & rule.dst.mask) >>> 0 === rule.dst.address) === !!rule.dst.not) return false;
      if (rule.proto !== undefined && rule.proto !== packet.proto) return false;
      if (rule.dport !== undefined && rule.dport !== packet.dport) return false;
      if (rule.local && !OWN.has(packet.dst)) return false;
      return rule.chance === undefined || (streams.u32(stream.get(chain)!) & 0x7fffffff) < rule.chance;
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
    return {
      ask(at) {
        const packet: Asked = { src: flows.src[at]!, dst: flows.dst[at]!, dport: PORT, proto: UDP, mark: 0, to: 0 };
        walk("PREROUTING", packet);
        return (packet.to | 0) ^ packet.mark;
      },
      tell: (answer) => answer,
    };
  });
}

/** The kernel's own shape: entries of one size in typed arrays, masks, a stack of jumps. */
function typed(size: number, given: unknown): Work {
  const flows = given as Flows;
  return over(() => {
    const chains = ruleObjects(size);
    const names = Object.keys(chains);
    const numbers = new Map(names.map((name, i) => [name, i]));
    const rules = names.flatMap((name) => chains[name]!.map((rule) => ({ rule, chain: name })));
    const { streams, ids } = streamsOf(size);
    const start = new Int32Array(names.length + 1);
    for (let i = 0; i < names.length; i++) start[i + 1] = start[i]! + chains[names[i]!]!.length;
    const column = (of: (rule: Rule, chain: string) => number): Int32Array => Int32Array.from(rules, ({ rule, chain }) => of(rule, chain) | 0);
    const src = column((r) => r.src?.address ?? 0);
    const srcMask = column((r) => r.src?.mask ?? 0);
    const not = column((r) => (r.src?.not === true ? 1 : 0));
    const dst = column((r) => r.dst?.address ?? 0);
    const dstMask = column((r) => r.dst?.mask ?? 0);
    const key = column((r) => ((r.proto ?? 0) << 16) | (r.dport ?? 0));
    const keyMask = column((r) => (r.proto === undefined ? 0 : 0xff0000) | (r.dport === undefined ? 0 : 0xffff));
    const chance = column((r) => (r.chance ?? 0) - 1);
    const draws = column((r, chain) => (r.chance === undefined ? 0 : ids[Number(chain.slice("KUBE-SVC-".length))]!));
    const local = column((r) => (r.local === true ? 1 : 0));
    const to = column((r) => r.to ?? 0);
    const jump = column((r) => (r.target === "DNAT" ? -2 : r.target === "MARK" ? -1 : numbers.get(r.target)!));
    const backTo = new Int32Array(16);
    const backEnd = new Int32Array(16);
    const ask = (at: number): number => {
      const from = flows.src[at]! | 0;
      const towards = flows.dst[at]! | 0;
      const asked = (UDP << 16) | PORT;
      let mark = 0;
      let depth = 0;
      let i = start[0]!;
      let end = start[1]!;
      for (;;) {
        for (; i < end; i++) {
          if ((towards & dstMask[i]!) !== dst[i] || (asked & keyMask[i]!) !== key[i] || ((from & srcMask[i]!) === src[i]) !== (not[i] === 0)) continue;
          if (local[i] === 1 && !OWN.has(towards >>> 0)) continue;
          if (draws[i] !== 0 && (streams.u32(draws[i]!) & 0x7fffffff) > chance[i]!) continue;
          const then = jump[i]!;
          if (then === -2) return to[i]! ^ mark;
          if (then === -1) {
            mark |= MASQUERADE;
            continue;
          }
          backTo[depth] = i + 1;
          backEnd[depth++] = end;
          i = start[then]! - 1;
          end = start[then + 1]!;
        }
        if (depth === 0) return mark;
        i = backTo[--depth]!;
        end = backEnd[depth]!;
      }
    };
    return { ask, tell: (answer) => answer };
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
  contenders: { ours, plain, peers: [{ name: "typed arrays in order", make: typed }], floor: { name: "exact hash", make: exactHash } },
};
