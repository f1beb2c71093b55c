/** `-m addrtype` (xt_addrtype) and `-m rpfilter` (ipt_rpfilter): what routing says of an address. */
import { addressType, fibLookup } from "../fib.js";
import { RTN } from "../fib-table.js";
import { DEV, HOOK, type Stack } from "../stack.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import { TABLE } from "./table.js";

export interface AddrtypeMatch extends Match {
  /** bits 1 << RTN, 0 not asked */
  readonly src: number;
  readonly srcNot: boolean;
  readonly dst: number;
  readonly dstNot: boolean;
  /** 0 none, 1 `--limit-iface-in`, 2 `--limit-iface-out` */
  readonly limit: 0 | 1 | 2;
}

const TYPES: readonly string[] = ["UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"];

function parseTypes(option: ReadOption | undefined): number {
  if (option === undefined) return 0;
  let bits = 0;
  for (const word of option.values[0]!.split(",")) {
    const type = TYPES.indexOf(word.toUpperCase());
    if (type < 0) throw parameterFault(`addrtype: bad type "${word}"`);
    bits |= 1 << type;
  }
  return bits;
}

function formatTypes(bits: number): string {
  return TYPES.filter((_, type) => (bits & (1 << type)) !== 0).join(",");
}

/** Type of an address; with a device, an address of another device is not local. */
function typeAt(s: Stack, ns: number, addr: number, dev: number): number {
  const type = addressType(s, ns, addr);
  if (dev === 0 || type !== RTN.local) return type;
  const route = fibLookup(s, ns, addr, 0, 0, 0, 0);
  return route?.hops.some((hop) => hop.dev === dev) === true ? type : RTN.unicast;
}

export const addrtypeMatch: MatchExtension<AddrtypeMatch> = {
  name: "addrtype",
  options: shapes("src-type 1!", "dst-type 1!", "limit-iface-in 0", "limit-iface-out 0"),
  read(options) {
    const src = only(options, "src-type", "addrtype");
    const dst = only(options, "dst-type", "addrtype");
    if (src === undefined && dst === undefined) throw parameterFault("addrtype: you must specify --src-type or --dst-type");
    const limitIn = only(options, "limit-iface-in", "addrtype");
    const limitOut = only(options, "limit-iface-out", "addrtype");
    if (limitIn !== undefined && limitOut !== undefined) throw parameterFault('addrtype: option "--limit-iface-in" cannot be used together with "--limit-iface-out".\n');
    return {
      kind: MATCH.addrtype,
      src: parseTypes(src),
      srcNot: src?.not ?? false,
      dst: parseTypes(dst),
      dstNot: dst?.not ?? false,
      limit: limitIn !== undefined ? 1 : limitOut !== undefined ? 2 : 0,
    };
  },
  print(m) {
    let text = "";
    if (m.src !== 0) text += `${bang(m.srcNot)} --src-type ${formatTypes(m.src)}`;
    if (m.dst !== 0) text += `${bang(m.dstNot)} --dst-type ${formatTypes(m.dst)}`;
    return text + (m.limit === 1 ? " --limit-iface-in" : m.limit === 2 ? " --limit-iface-out" : "");
  },
  test(s, m, p, frame) {
    const dev = m.limit === 1 ? frame.inDev : m.limit === 2 ? frame.outDev : 0;
    if (m.src !== 0 && ((m.src & (1 << typeAt(s, frame.ns, s.packets.c.src[p]!, dev))) !== 0) === m.srcNot) return false;
    return m.dst === 0 || ((m.dst & (1 << typeAt(s, frame.ns, s.packets.c.dst[p]!, dev))) !== 0) !== m.dstNot;
  },
};

export interface RpfilterMatch extends Match {
  readonly loose: boolean;
  readonly validmark: boolean;
  readonly acceptLocal: boolean;
  readonly invert: boolean;
}

export const rpfilterMatch: MatchExtension<RpfilterMatch> = {
  name: "rpfilter",
  options: shapes("loose 0", "validmark 0", "accept-local 0", "invert 0"),
  limits: { tables: [TABLE.raw, TABLE.mangle], hooks: [HOOK.prerouting] },
  read: (options) => ({
    kind: MATCH.rpfilter,
    loose: options.some((o) => o.name === "loose"),
    validmark: options.some((o) => o.name === "validmark"),
    acceptLocal: options.some((o) => o.name === "accept-local"),
    invert: options.some((o) => o.name === "invert"),
  }),
  print: (m) => `${m.loose ? " --loose" : ""}${m.validmark ? " --validmark" : ""}${m.acceptLocal ? " --accept-local" : ""}${m.invert ? " --invert" : ""}`,
  test: (s, m, p, frame) => reverseRouteFits(s, m, p, frame.ns, frame.inDev) !== m.invert,
};

function reverseRouteFits(s: Stack, m: RpfilterMatch, p: number, ns: number, inDev: number): boolean {
  if (s.dev.c.kind[inDev] === DEV.loopback) return true;
  const c = s.packets.c;
  const src = c.src[p]!;
  const { words } = s.book;
  const dstWord = words[c.dst[p]! * 4]!;
  if (s.book.is4(src) && words[src * 4]! >>> 24 === 0 && (dstWord === -1 || dstWord >>> 8 === 0xe00000)) return true;
  const route = fibLookup(s, ns, src, c.dst[p]!, m.validmark ? c.mark[p]! : 0, 0, 0);
  if (route === null) return false;
  if (route.type !== RTN.unicast && (route.type !== RTN.local || !m.acceptLocal)) return false;
  return m.loose || route.hops.some((hop) => hop.dev === inDev);
}
