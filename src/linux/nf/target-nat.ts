/** `-j DNAT`, `SNAT`, `MASQUERADE`, `REDIRECT`, `NETMAP`: choose where a new connection goes; conntrack does the rest. */
import { RT_SCOPE } from "../fib-table.js";
import { selectAddress } from "../source-address.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { NATF, type NatRange } from "./conntrack-seam.js";
import { only, type ReadOption, type SpecContext, shapes, type TargetExtension } from "./extension.js";
import { masqueradeFor } from "./masquerade.js";
import { flagsOf, formatFlags, formatPortRange, formatRange, needPorts, readPortRange, readRange } from "./nat-range.js";
import { formatHostMask, type HostMask, parseHostMask } from "./option-values.js";
import { TARGET, type Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import { TABLE } from "./table.js";
import type { WalkFrame } from "./walk-frame.js";

export interface NatTarget extends Target {
  readonly range: NatRange;
}

function setup(s: Stack, p: number, frame: WalkFrame, range: NatRange, manip: "src" | "dst"): number {
  return s.nf.ct === null ? NF.accept : s.nf.ct.natSetup(p, frame.hook, range, manip);
}

function addressTarget(name: "DNAT" | "SNAT", kind: number, option: string, manip: "src" | "dst", hooks: readonly number[]): TargetExtension<NatTarget> {
  return {
    name,
    tracks: () => true,
    options: shapes(`${option} 1`, "random 0", "random-fully 0", "persistent 0"),
    required: [option],
    limits: () => ({ tables: [TABLE.nat], hooks }),
    read(options, context) {
      const to = options.filter((o) => o.name === option);
      if (to.length > 1) throw parameterFault(`${name}: Multiple --${option} not supported`);
      return { kind, range: readRange(to[0]!.values[0]!, flagsOf(options), context) };
    },
    print: (t, family, s) => ` --${option} ${formatRange(s, t.range, family)}${formatFlags(t.range.flags)}`,
    act: (s, t, p, frame) => setup(s, p, frame, t.range, manip),
  };
}

export const dnatTarget: TargetExtension<NatTarget> = addressTarget("DNAT", TARGET.dnat, "to-destination", "dst", [HOOK.prerouting, HOOK.output]);
export const snatTarget: TargetExtension<NatTarget> = addressTarget("SNAT", TARGET.snat, "to-source", "src", [HOOK.postrouting, HOOK.input]);

/** Ports and flags alone; the address is found when a packet comes. */
function readPortsOnly(options: readonly ReadOption[], context: SpecContext, name: string): NatRange {
  const ports = only(options, "to-ports", name);
  if (ports !== undefined) needPorts(context);
  const [minPort, maxPort] = ports === undefined ? [0, 0] : readPortRange(ports.values[0]!);
  return Object.freeze({ minAddr: 0, maxAddr: 0, minPort, maxPort, flags: flagsOf(options) | (ports === undefined ? 0 : NATF.ports) });
}

function printPortsOnly(t: NatTarget): string {
  return `${(t.range.flags & NATF.ports) === 0 ? "" : ` --to-ports ${formatPortRange(t.range)}`}${formatFlags(t.range.flags)}`;
}

/** The range with the one address filled in. */
function at(range: NatRange, addr: number): NatRange {
  return { ...range, minAddr: addr, maxAddr: addr, flags: range.flags | NATF.mapIps };
}

export const masqueradeTarget: TargetExtension<NatTarget> = {
  name: "MASQUERADE",
  tracks: () => true,
  options: shapes("to-ports 1", "random 0", "random-fully 0"),
  limits: () => ({ tables: [TABLE.nat], hooks: [HOOK.postrouting] }),
  read: (options, context) => ({ kind: TARGET.masquerade, range: readPortsOnly(options, context, "MASQUERADE") }),
  print: printPortsOnly,
  act(s, t, p, frame) {
    const c = s.packets.c;
    const towards = c.rtVia[p] !== 0 && frame.family === 4 ? c.rtVia[p]! : c.dst[p]!;
    const addr = selectAddress(s, frame.outDev, towards, RT_SCOPE.global);
    if (addr === 0) return NF.drop;
    masqueradeFor(s, p, frame.outDev);
    return setup(s, p, frame, at(t.range, addr), "src");
  },
};

/** nf_nat_redirect: this machine's own address at the device the packet came in by, loopback for its own packets. */
export const redirectTarget: TargetExtension<NatTarget> = {
  name: "REDIRECT",
  tracks: () => true,
  options: shapes("to-ports 1", "random 0"),
  limits: () => ({ tables: [TABLE.nat], hooks: [HOOK.prerouting, HOOK.output] }),
  read: (options, context) => ({ kind: TARGET.redirect, range: readPortsOnly(options, context, "REDIRECT") }),
  print: printPortsOnly,
  act(s, t, p, frame) {
    const addr = frame.hook === HOOK.output ? (frame.family === 4 ? s.book.v4(0x7f000001) : s.book.v6(0, 0, 0, 1)) : ownAddress(s, frame);
    return addr === 0 ? NF.drop : setup(s, p, frame, at(t.range, addr), "dst");
  },
};

function ownAddress(s: Stack, frame: WalkFrame): number {
  const own = s.devInfo.get(frame.inDev)?.addresses ?? [];
  return own.find((a) => s.book.family[a.addr] === frame.family && a.scope !== "link")?.addr ?? 0;
}

export interface NetmapTarget extends Target {
  readonly to: HostMask;
}

export const netmapTarget: TargetExtension<NetmapTarget> = {
  name: "NETMAP",
  tracks: () => true,
  options: shapes("to 1"),
  required: ["to"],
  limits: () => ({ tables: [TABLE.nat], hooks: [HOOK.prerouting, HOOK.input, HOOK.output, HOOK.postrouting] }),
  read: (options, { family }) => ({ kind: TARGET.netmap, to: Object.freeze(parseHostMask(only(options, "to", "NETMAP")!.values[0]!, family)) }),
  print: (t, family) => ` --to ${formatHostMask(t.to, family)}`,
  act(s, t, p, frame) {
    const manip = frame.hook === HOOK.prerouting || frame.hook === HOOK.output ? "dst" : "src";
    const c = s.packets.c;
    const from = (manip === "dst" ? c.dst[p]! : c.src[p]!) * 4;
    const { words } = s.book;
    const word = (i: number): number => (words[from + i]! & ~t.to.masks[i]!) | t.to.words[i]!;
    const addr = frame.family === 4 ? s.book.v4(word(0)) : s.book.v6(word(0), word(1), word(2), word(3));
    return setup(s, p, frame, { minAddr: addr, maxAddr: addr, minPort: 0, maxPort: 0, flags: NATF.mapIps | NATF.netmap }, manip);
  },
};
