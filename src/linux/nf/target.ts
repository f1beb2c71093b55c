/** All target extensions: a new one is an entry here, a kind in rule.ts and a file of its own. */
import type { Stack } from "../stack.js";
import type { TargetExtension } from "./extension.js";
import { TARGET, type Target } from "./rule.js";
import { logTarget, nflogTarget } from "./target-log.js";
import { connmarkTarget, markTarget } from "./target-mark.js";
import { dnatTarget, masqueradeTarget, netmapTarget, redirectTarget, snatTarget } from "./target-nat.js";
import { rejectTarget } from "./target-reject.js";
import { setTarget } from "./target-set.js";
import { tcpmssTarget } from "./target-tcpmss.js";
import { ctTarget, notrackTarget, traceTarget } from "./target-track.js";
import type { WalkFrame } from "./walk-frame.js";

const BY_KIND: readonly (readonly [number, TargetExtension])[] = [
  [TARGET.reject, rejectTarget], [TARGET.dnat, dnatTarget], [TARGET.snat, snatTarget], [TARGET.masquerade, masqueradeTarget],
  [TARGET.redirect, redirectTarget], [TARGET.netmap, netmapTarget], [TARGET.mark, markTarget], [TARGET.connmark, connmarkTarget],
  [TARGET.ct, ctTarget], [TARGET.tcpmss, tcpmssTarget], [TARGET.trace, traceTarget], [TARGET.log, logTarget], [TARGET.nflog, nflogTarget],
  [TARGET.set, setTarget], [TARGET.notrack, notrackTarget],
];

const EXTENSIONS: readonly TargetExtension[] = Object.freeze(
  BY_KIND.reduce<TargetExtension[]>((made, [kind, extension]) => {
    made[kind] = extension;
    return made;
  }, []),
);

/** Words that iptables knows and podwire does not model. */
const FOREIGN: readonly string[] = [
  "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNSECMARK", "DNPT", "DSCP", "ECN", "HL", "HMARK", "IDLETIMER", "LED", "NFQUEUE", "QUEUE", "RATEEST",
  "SECMARK", "SNPT", "SYNPROXY", "TCPOPTSTRIP", "TEE", "TOS", "TPROXY", "TTL", "ULOG",
];

/** The extension of `-j NAME`; "foreign" for one that is real but not modelled. */
export function targetByName(name: string): TargetExtension | "foreign" | undefined {
  return EXTENSIONS.find((extension) => extension?.name === name) ?? (FOREIGN.includes(name) ? "foreign" : undefined);
}

export function targetOf(target: Target): TargetExtension {
  return EXTENSIONS[target.kind]!;
}

/** CONTINUE or a verdict. */
export function actTarget(s: Stack, target: Target, p: number, frame: WalkFrame): number {
  return EXTENSIONS[target.kind]!.act(s, target, p, frame);
}
