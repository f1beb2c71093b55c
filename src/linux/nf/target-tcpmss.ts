/** `-j TCPMSS`: lowers the segment size that a SYN offers (xt_TCPMSS). */
import { PROTO } from "../../base/codes.js";
import { IP_FLAG, TCP_FLAG } from "../../packet/columns.js";
import { fibLookup } from "../fib.js";
import { HOOK, type Stack } from "../stack.js";
import { CONTINUE, only, shapes, type TargetExtension } from "./extension.js";
import { parseInteger } from "./option-values.js";
import { TARGET, type Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import type { WalkFrame } from "./walk-frame.js";

export interface TcpmssTarget extends Target {
  /** 0: clamp to the path MTU */
  readonly mss: number;
}

export const tcpmssTarget: TargetExtension<TcpmssTarget> = {
  name: "TCPMSS",
  options: shapes("set-mss 1", "clamp-mss-to-pmtu 0"),
  limits: (t) => ({ protocols: [PROTO.TCP], ...(t.mss === 0 ? { hooks: [HOOK.forward, HOOK.output, HOOK.postrouting] } : {}) }),
  read(options, { family }) {
    const set = only(options, "set-mss", "TCPMSS");
    const clamp = only(options, "clamp-mss-to-pmtu", "TCPMSS");
    if (set === undefined && clamp === undefined) throw parameterFault("TCPMSS target: At least one parameter is required");
    if (set !== undefined && clamp !== undefined) throw parameterFault('TCPMSS: option "--set-mss" cannot be used together with "--clamp-mss-to-pmtu".\n');
    const most = 65535 - (family === 4 ? 40 : 60);
    return { kind: TARGET.tcpmss, mss: set === undefined ? 0 : parseInteger(set.values[0]!, 0, most, { extension: "TCPMSS", option: "set-mss" }) };
  },
  print: (t) => (t.mss === 0 ? " --clamp-mss-to-pmtu" : ` --set-mss ${t.mss}`),
  act(s, t, p, frame) {
    const c = s.packets.c;
    if ((c.frag[p]! & IP_FLAG.OFFSET) !== 0 || (c.flags[p]! & TCP_FLAG.SYN) === 0 || c.mss[p] === 0) return CONTINUE;
    const mss = t.mss !== 0 ? t.mss : pathMtu(s, p, frame) - (frame.family === 4 ? 40 : 60);
    if (mss > 0 && c.mss[p]! > mss) c.mss[p] = mss;
    return CONTINUE;
  },
};

/** The smaller of the MTU ahead and that of the way back to the sender. */
function pathMtu(s: Stack, p: number, frame: WalkFrame): number {
  const c = s.packets.c;
  const ahead = c.rtMtu[p] !== 0 ? c.rtMtu[p]! : s.dev.c.mtu[frame.outDev]!;
  const back = fibLookup(s, frame.ns, c.src[p]!, 0, 0, 0, 0);
  if (back === null || back.hops.length === 0) return ahead;
  return Math.min(ahead, back.mtu !== 0 ? back.mtu : s.dev.c.mtu[back.hops[0]!.dev]!);
}
