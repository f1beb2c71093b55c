/** `-m physdev`: ports of the bridge that carries the packet (xt_physdev). */
import type { Stack } from "../stack.js";
import { deviceNameId, formatDevice, parseDevice, testDevice } from "./device-test.js";
import { bang, type MatchExtension, only, type ReadOption, shapes } from "./extension.js";
import { type DeviceTest, MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

/** 0 not asked, 1 asked, -1 inverted. */
type Asked = 0 | 1 | -1;

export interface PhysdevMatch extends Match {
  readonly physIn: DeviceTest | null;
  readonly physOut: DeviceTest | null;
  readonly isIn: Asked;
  readonly isOut: Asked;
  readonly isBridged: Asked;
}

function asked(options: readonly ReadOption[], name: string): Asked {
  const option = only(options, name, "physdev");
  return option === undefined ? 0 : option.not ? -1 : 1;
}

const word = (value: Asked, name: string): string => (value === 0 ? "" : `${bang(value < 0)} --physdev-${name}`);

function printDevice(s: Stack, test: DeviceTest | null, name: string): string {
  return test === null ? "" : `${bang(test.not)} --physdev-${name} ${formatDevice(s, test)}`;
}

export const physdevMatch: MatchExtension<PhysdevMatch> = {
  name: "physdev",
  options: shapes("physdev-in 1!", "physdev-out 1!", "physdev-is-in 0!", "physdev-is-out 0!", "physdev-is-bridged 0!"),
  read(options, { s }) {
    if (options.length === 0) throw parameterFault("PHYSDEV: no physdev option specified");
    const physIn = only(options, "physdev-in", "physdev");
    const physOut = only(options, "physdev-out", "physdev");
    return {
      kind: MATCH.physdev,
      physIn: physIn === undefined ? null : parseDevice(s, physIn.values[0]!, physIn.not),
      physOut: physOut === undefined ? null : parseDevice(s, physOut.values[0]!, physOut.not),
      isIn: asked(options, "physdev-is-in"),
      isOut: asked(options, "physdev-is-out"),
      isBridged: asked(options, "physdev-is-bridged"),
    };
  },
  print(m, _family, s) {
    const ports = `${word(m.isIn, "is-in")}${printDevice(s, m.physIn, "in")}${word(m.isOut, "is-out")}${printDevice(s, m.physOut, "out")}`;
    return `${ports}${word(m.isBridged, "is-bridged")}`;
  },
  test(s, m, p, frame) {
    const c = s.packets.c;
    const inDev = c.physIn[p]!;
    const outDev = c.physOut[p]!;
    if (inDev === 0 && outDev === 0) {
      return m.isBridged !== 1 && m.isIn !== 1 && m.isOut !== 1 && (m.physIn === null || m.physIn.not) && (m.physOut === null || m.physOut.not);
    }
    if (m.isBridged !== 0 && (outDev !== 0) !== (m.isBridged === 1)) return false;
    if (m.isIn !== 0 && (inDev !== 0) !== (m.isIn === 1)) return false;
    if (m.isOut !== 0 && (outDev !== 0) !== (m.isOut === 1)) return false;
    if (m.physIn !== null && inDev !== 0) {
      if (frame.physInName < 0) frame.physInName = deviceNameId(s, inDev);
      if (!testDevice(s, m.physIn, inDev, frame.physInName)) return false;
    }
    if (m.physOut === null || outDev === 0) return true;
    if (frame.physOutName < 0) frame.physOutName = deviceNameId(s, outDev);
    return testDevice(s, m.physOut, outDev, frame.physOutName);
  },
};
