/** What a packet meets at a service that has a row: its mark, the draw of an endpoint, the counts, and the translation. */
import { IP_FLAG } from "../../../packet/columns.js";
import { NF, type Stack } from "../../stack.js";
import { streamOf } from "../match-chance.js";
import type { MarkTarget } from "../target-mark.js";
import { GO } from "../rule.js";
import type { NfTable } from "../table.js";
import { addressMatches } from "../walk.js";
import { CHANCES_SHIFT, ENDPOINT_WORDS, EXPRESS, type Guard, HAIRPIN, MOST_BYTES, NEAR, ROW, STALE } from "./service-rows.js";
import { isPlain, serviceShape } from "./service-shape.js";

const CHANCE_MASK = 0x7fffffff;

/**
 * The row of the service whose chain a dispatching rule jumps to, made if it is not known; 0 for a chain of another shape, which
 * is to be walked. `first`: the dispatching chain begins with the rule's run.
 */
export function serviceRow(table: NfTable, hook: number, dispatch: number, rule: number, first: boolean, dst: number, second: number): number {
  const { services } = table;
  const known = services.find(dispatch, dst, second);
  const at = known === 0 || services.words[known + ROW.shape] === STALE ? learnService(table, hook, dispatch, rule, first, dst, second) : known;
  return services.words[at + ROW.shape]! > 0 && services.words[at + ROW.rule] === rule ? at : 0;
}

function learnService(table: NfTable, hook: number, dispatch: number, rule: number, first: boolean, dst: number, second: number): number {
  const { services, chains } = table;
  const at = services.add(dispatch, dst, second, rule);
  if (at === 0) return 0;
  const shape = serviceShape(chains, chains.get(dispatch)!.rules[rule]!.to, { dst, proto: second >> 16, port: second & 65535 }, (chain) => services.dependOn(chain, at));
  services.dependOn(dispatch, -1);
  if (shape !== null) services.write(at, shape, first);
  const [entry] = chains.get(table.base[hook]!)!.rules;
  if (entry !== undefined && entry.go === GO.jump && entry.to === dispatch && isPlain(entry)) services.enter(hook, table.base[hook]!, dispatch);
  return at;
}

/** The row of a packet that takes the express at a hook, 0 if it is to be walked. */
export function expressRow(s: Stack, p: number, table: NfTable, hook: number): number {
  const { services } = table;
  const dispatch = services.entries[hook]!;
  if (dispatch === 0) return 0;
  const c = s.packets.c;
  const dport = c.dport[p]!;
  if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0 || dport >>> 16 !== 0) return 0;
  const at = services.find(dispatch, c.dst[p]!, (c.proto[p]! << 16) | dport);
  if (at === 0) return 0;
  const shape = services.words[at + ROW.shape]!;
  if (shape <= 0 || (shape & EXPRESS) === 0) return 0;
  services.entered[hook * 2]!++;
  services.entered[hook * 2 + 1]! += c.ipLen[p]!;
  return at;
}

/** The verdict NF.* for a packet of the service whose row is at `at`. */
export function meetService(s: Stack, p: number, table: NfTable, hook: number, at: number): number {
  const { services } = table;
  const { words } = services;
  const c = s.packets.c;
  const shape = words[at + ROW.shape]!;
  const src = c.src[p]!;
  const length = c.ipLen[p]!;
  const endpoints = shape & 255;
  const guard = (shape >> 8) & 255;
  services.waiting = true;
  if (guard !== 0 && isMarked(s, services.guards[guard - 1]!, src)) {
    const { value, mask } = services.guards[guard - 1]!;
    c.mark[p] = (c.mark[p]! & ~mask) ^ value;
    words[at + ROW.packets]!++;
    words[at + ROW.bytes]! += length;
  }
  let chosen = 0;
  if (endpoints > 1) {
    let stream = words[at + ROW.stream]!;
    if (stream === 0) {
      stream = streamOfService(s, table, at);
      words[at + ROW.stream] = stream;
    }
    const { chances } = services;
    const first = shape >> CHANCES_SHIFT;
    // Of two, the sign of the difference is the choice: no branch that is a toss-up.
    if (endpoints === 2) chosen = (chances[first]! - (s.streams.u32(stream) & CHANCE_MASK)) >>> 31;
    else while (chosen < endpoints - 1 && (s.streams.u32(stream) & CHANCE_MASK) > chances[first + chosen]!) chosen++;
  }
  const places = endpoints > NEAR ? services.more : words;
  const place = (endpoints > NEAR ? words[at + ROW.endpoints]! : at + ROW.endpoints) + chosen * ENDPOINT_WORDS;
  const addr = places[place]!;
  const how = places[place + 1]!;
  places[place + 2]!++;
  const bytes = places[place + 3]! + length;
  places[place + 3] = bytes;
  if (src === addr && (how & HAIRPIN) !== 0) markOwn(s, p, table, at, chosen);
  if (bytes > MOST_BYTES || words[at + ROW.bytes]! > MOST_BYTES) services.settle(table.chains, table.count);
  const { ct } = s.nf;
  if (ct === null) return NF.accept;
  const { range } = services;
  range.minAddr = addr as typeof range.minAddr;
  range.maxAddr = range.minAddr;
  range.minPort = (how >> 8) & 65535;
  range.maxPort = range.minPort;
  range.flags = how & 127;
  return ct.natSetup(p, hook, range, "dst");
}

/** Whether the guard marks what comes from an address; asked once for each. */
function isMarked(s: Stack, guard: Guard, src: number): boolean {
  const at = src >> 4;
  const shift = (src & 15) << 1;
  const known = at < guard.known.length ? (guard.known[at]! >> shift) & 3 : 0;
  if (known !== 0) return known === 2;
  const marked = guard.test === null || addressMatches(s, guard.test, src);
  if (at >= guard.known.length) {
    const wider = new Int32Array(at * 2 + 8);
    wider.set(guard.known);
    guard.known = wider;
  }
  guard.known[at]! |= (marked ? 2 : 1) << shift;
  return marked;
}

function streamOfService(s: Stack, table: NfTable, at: number): number {
  const { words } = table.services;
  const frame = s.nf.enter();
  frame.ns = table.ns;
  frame.family = table.family;
  frame.table = table.index;
  frame.chain = table.chains.get(words[at + ROW.chain]!)!.rules[words[at + ROW.rule]!]!.to;
  const stream = streamOf(s, frame);
  s.nf.leave();
  return stream;
}

/** A packet that the endpoint it is sent back to has sent. */
function markOwn(s: Stack, p: number, { chains, services, count }: NfTable, at: number, chosen: number): void {
  const { words } = services;
  const c = s.packets.c;
  const service = chains.get(chains.get(words[at + ROW.chain]!)!.rules[words[at + ROW.rule]!]!.to)!;
  const guards = (words[at + ROW.shape]! >> 8) & 255 ? 1 : 0;
  const endpoint = service.rules[guards + chosen]!.to;
  const marking = chains.get(endpoint)!.rules[0]!.to;
  const { value, mask } = chains.get(marking)!.rules[0]!.target as MarkTarget;
  c.mark[p] = (c.mark[p]! & ~mask) ^ value;
  count(endpoint, 0, 1, c.ipLen[p]!);
  count(marking, 0, 1, c.ipLen[p]!);
}
