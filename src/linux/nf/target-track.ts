/** `-j CT`, `-j NOTRACK` and `-j TRACE`: what stands in the raw table. */
import { PACKET_META } from "../../packet/columns.js";
import { CONTINUE, only, type ReadOption, shapes, type TargetExtension } from "./extension.js";
import { parseInteger } from "./option-values.js";
import { TARGET, type Target } from "./rule.js";
import { notModelled, parameterFault } from "./spec-fault.js";
import { TABLE } from "./table.js";

export interface CtTarget extends Target {
  readonly notrack: boolean;
  readonly zone: number;
  /** 1 original, 2 reply, 3 both */
  readonly directions: number;
}

const BOTH = 3;

function zoneOf(option: ReadOption): number {
  if (option.values[0] === "mark") throw notModelled(`-j CT --${option.name} mark`);
  return parseInteger(option.values[0]!, 0, 65535, { extension: "CT", option: option.name });
}

export const ctTarget: TargetExtension<CtTarget> = {
  name: "CT",
  tracks: (t) => !t.notrack,
  options: shapes("notrack 0", "zone 1", "zone-orig 1", "zone-reply 1", "helper 1", "timeout 1", "ctevents 1", "expevents 1"),
  limits: () => ({ tables: [TABLE.raw] }),
  read(options) {
    const other = options.find((o) => ["helper", "timeout", "ctevents", "expevents"].includes(o.name));
    if (other !== undefined) throw notModelled(`-j CT --${other.name}`);
    const zones = options.filter((o) => o.name.startsWith("zone"));
    if (zones.length > 1) throw parameterFault(`CT: option "--${zones[1]!.name}" cannot be used together with "--${zones[0]!.name}".\n`);
    const zone = zones[0];
    const directions = zone?.name === "zone-orig" ? 1 : zone?.name === "zone-reply" ? 2 : BOTH;
    return { kind: TARGET.ct, notrack: only(options, "notrack", "CT") !== undefined, zone: zone === undefined ? 0 : zoneOf(zone), directions };
  },
  print(t) {
    if (t.notrack) return " --notrack";
    return t.zone === 0 ? "" : ` --zone${t.directions === 1 ? "-orig" : t.directions === 2 ? "-reply" : ""} ${t.zone}`;
  },
  act(s, t, p) {
    const { ct } = s.nf;
    if (ct === null || s.packets.c.ct[p] !== 0) return CONTINUE;
    if (t.notrack) ct.ctNotrack(p);
    else if (t.zone !== 0) ct.ctZone(p, t.zone, t.directions);
    return CONTINUE;
  },
};

export const notrackTarget: TargetExtension<Target> = {
  name: "NOTRACK",
  options: shapes(),
  limits: () => ({ tables: [TABLE.raw] }),
  read: () => ({ kind: TARGET.notrack }),
  print: () => "",
  act(s, _t, p) {
    if (s.packets.c.ct[p] === 0) s.nf.ct?.ctNotrack(p);
    return CONTINUE;
  },
};

export const traceTarget: TargetExtension<Target> = {
  name: "TRACE",
  options: shapes(),
  limits: () => ({ tables: [TABLE.raw] }),
  read: () => ({ kind: TARGET.trace }),
  print: () => "",
  act(s, _t, p) {
    s.packets.c.meta[p]! |= PACKET_META.NF_TRACE;
    return CONTINUE;
  },
};
