/** `-m addrtype` (xt_addrtype) and `-m rpfilter` (ipt_rpfilter): what routing says of an address. */
import { isMulticast6, isUnspecified6 } from "../address6.js";
import { addressType, fibLookup } from "../fib.js";
import { RTN } from "../fib-table.js";
import { DEV, HOOK, type Stack } from "../stack.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { MATCH, type Match } from "./rule.js";
import { kernelFault, parameterFault } from "./spec-fault.js";
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

/** Bits of kinds that the kernel refuses for IPv6, and of the unspecified address. */
const NOT_OF_IPV6: number = (1 << RTN.broadcast) | (-1 << RTN.prohibit);
const UNSPEC = 1;

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

function isOfTypes(s: Stack, ns: number, addr: number, types: number, dev: number): boolean {
  return (types & (1 << typeAt(s, ns, addr, dev))) !== 0;
}

/** match_type6: kinds that an address shows must all be right, and of those that routing knows one. */
function isOfTypes6(s: Stack, ns: number, addr: number, types: number, dev: number): boolean {
  if ((types & (1 << RTN.multicast)) !== 0 && !isMulticast6(s, addr)) return false;
  if ((types & (1 << RTN.unicast)) !== 0 && (isMulticast6(s, addr) || isUnspecified6(s, addr))) return false;
  if ((types & UNSPEC) !== 0 && !isUnspecified6(s, addr)) return false;
  const asked = types & ((1 << RTN.local) | (1 << RTN.anycast) | (1 << RTN.unreachable));
  return asked === 0 || (asked & routedTypes6(s, ns, addr, dev)) !== 0;
}

/** match_lookup_rt6 */
function routedTypes6(s: Stack, ns: number, addr: number, dev: number): number {
  const own = dev !== 0 && s.devInfo.get(dev)!.addresses.some((a) => a.addr === addr) ? 1 << RTN.local : 0;
  const route = fibLookup(s, ns, addr, 0, 0, 0, dev);
  if (route === null) return 1 << RTN.unreachable;
  if (route.type === RTN.local) return own | (dev === 0 ? 1 << RTN.local : 0);
  if (route.type === RTN.anycast) return own | (1 << RTN.anycast);
  return own | (route.hops.length === 0 ? 1 << RTN.unreachable : 0);
}

export const addrtypeMatch: MatchExtension<AddrtypeMatch> = {
  name: "addrtype",
  options: shapes("src-type 1!", "dst-type 1!", "limit-iface-in 0", "limit-iface-out 0"),
  read(options, { family }) {
    const src = only(options, "src-type", "addrtype");
    const dst = only(options, "dst-type", "addrtype");
    if (src === undefined && dst === undefined) throw parameterFault("addrtype: you must specify --src-type or --dst-type");
    const limitIn = only(options, "limit-iface-in", "addrtype");
    const limitOut = only(options, "limit-iface-out", "addrtype");
    if (limitIn !== undefined && limitOut !== undefined) throw parameterFault('addrtype: option "--limit-iface-in" cannot be used together with "--limit-iface-out".\n');
    const [srcTypes, dstTypes] = [parseTypes(src), parseTypes(dst)];
    // addrtype_mt_checkentry_v1
    if (family === 6 && ((srcTypes | dstTypes) & NOT_OF_IPV6) !== 0) throw kernelFault("EINVAL");
    return {
      kind: MATCH.addrtype,
      src: srcTypes,
      srcNot: src?.not ?? false,
      dst: dstTypes,
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
    const fits = frame.family === 6 ? isOfTypes6 : isOfTypes;
    if (m.src !== 0 && fits(s, frame.ns, s.packets.c.src[p]!, m.src, dev) === m.srcNot) return false;
    return m.dst === 0 || fits(s, frame.ns, s.packets.c.dst[p]!, m.dst, dev) !== m.dstNot;
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
