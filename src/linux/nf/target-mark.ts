/** `-j MARK` and `-j CONNMARK` (xt_mark, xt_connmark). */
import { STEP } from "../../trace/kinds.js";
import type { Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { CONTINUE, only, type ReadOption, shapes, type TargetExtension } from "./extension.js";
import { hex, parseMarkMask, parseUnsigned } from "./option-values.js";
import { TARGET, type Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import type { WalkFrame } from "./walk-frame.js";

/** mark = (mark & ~mask) ^ value, int32. */
export interface MarkTarget extends Target {
  readonly value: number;
  readonly mask: number;
}

const SETTERS = ["set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark"] as const;

/** Every way to say it comes down to value and mask. */
function readSetter(option: ReadOption, extension: string): { value: number; mask: number } {
  const text = option.values[0]!;
  if (option.name === "set-xmark" || option.name === "set-mark") {
    const [value, mask] = parseMarkMask(text, { extension, option: option.name });
    return { value: value | 0, mask: (option.name === "set-mark" ? mask | value : mask) | 0 };
  }
  const bits = parseUnsigned(text, 0xffffffff);
  if (bits === null) throw parameterFault(`${extension}: bad value for option "--${option.name}", or out of range (0-4294967295).\n`);
  if (option.name === "and-mark") return { value: 0, mask: ~bits | 0 };
  return { value: bits | 0, mask: option.name === "or-mark" ? bits | 0 : 0 };
}

function setMark(s: Stack, p: number, frame: WalkFrame, mark: number): void {
  const c = s.packets.c;
  const before = c.mark[p]!;
  c.mark[p] = mark;
  if (s.trace !== null) traceStep(s, STEP.MARK, p, frame.ns, frame.inDev !== 0 ? frame.inDev : frame.outDev, mark, before);
}

export const markTarget: TargetExtension<MarkTarget> = {
  name: "MARK",
  options: shapes(...SETTERS.map((name) => `${name} 1`)),
  read(options) {
    const option = options[0];
    if (option === undefined) throw parameterFault("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
    if (options.length > 1) throw parameterFault(`MARK: option "--${options[1]!.name}" cannot be used together with "--${option.name}".\n`);
    return { kind: TARGET.mark, ...readSetter(option, "MARK") };
  },
  print: (t) => ` --set-xmark ${hex(t.value)}/${hex(t.mask)}`,
  act(s, t, p, frame) {
    setMark(s, p, frame, (s.packets.c.mark[p]! & ~t.mask) ^ t.value);
    return CONTINUE;
  },
};

export interface ConnmarkTarget extends Target {
  readonly mode: "set" | "save" | "restore";
  /** set: value and mask; save and restore: nfmask and ctmask */
  readonly value: number;
  readonly mask: number;
}

export const connmarkTarget: TargetExtension<ConnmarkTarget> = {
  name: "CONNMARK",
  tracks: () => true,
  options: shapes(...SETTERS.map((name) => `${name} 1`), "save-mark 0", "restore-mark 0", "mask 1", "nfmask 1", "ctmask 1"),
  read(options) {
    const deed = options.filter((o) => !["mask", "nfmask", "ctmask"].includes(o.name));
    const option = deed[0];
    if (option === undefined) throw parameterFault("CONNMARK target: No operation specified");
    if (deed.length > 1) throw parameterFault(`CONNMARK: option "--${deed[1]!.name}" cannot be used together with "--${option.name}".\n`);
    const masks = (name: string): number | null => {
      const given = only(options, name, "CONNMARK") ?? only(options, "mask", "CONNMARK");
      return given === undefined ? null : parseMarkMask(given.values[0]!, { extension: "CONNMARK", option: given.name })[0] | 0;
    };
    if (option.name === "save-mark" || option.name === "restore-mark") {
      return { kind: TARGET.connmark, mode: option.name === "save-mark" ? "save" : "restore", value: masks("nfmask") ?? -1, mask: masks("ctmask") ?? -1 };
    }
    return { kind: TARGET.connmark, mode: "set", ...readSetter(option, "CONNMARK") };
  },
  print(t) {
    if (t.mode === "set") return ` --set-xmark ${hex(t.value)}/${hex(t.mask)}`;
    return ` --${t.mode}-mark --nfmask ${hex(t.value)} --ctmask ${hex(t.mask)}`;
  },
  act(s, t, p, frame) {
    const { ct } = s.nf;
    const c = s.packets.c;
    if (ct === null || c.ct[p] === 0) return CONTINUE;
    if (t.mode === "set") ct.setCtMark(p, (ct.ctMark(p) & ~t.mask) ^ t.value);
    else if (t.mode === "save") ct.setCtMark(p, (ct.ctMark(p) & ~t.mask) ^ (c.mark[p]! & t.value));
    else setMark(s, p, frame, (c.mark[p]! & ~t.value) ^ (ct.ctMark(p) & t.mask));
    return CONTINUE;
  },
};
