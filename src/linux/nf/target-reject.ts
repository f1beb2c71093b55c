/** `-j REJECT` (ipt_REJECT, ip6t_REJECT): answers with an ICMP error or a TCP reset, then drops. */
import { PROTO } from "../../base/codes.js";
import { TCP_FLAG } from "../../packet/columns.js";
import { isFragment } from "../fragment.js";
import { ICMP } from "../icmp-codes.js";
import { HOOK, NF, type Stack } from "../stack.js";
import { tcpClosing } from "./conntrack-tcp.js";
import { only, shapes, type TargetExtension } from "./extension.js";
import { TARGET, type Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import { TABLE } from "./table.js";
import type { WalkFrame } from "./walk-frame.js";

export interface RejectTarget extends Target {
  /** word that is printed */
  readonly word: string;
  /** ICMP type and code; -1 for a TCP reset */
  readonly type: number;
  readonly code: number;
}

const WAYS4: readonly (readonly [string, string, number, number])[] = [
  ["icmp-net-unreachable", "net-unreach", 3, 0],
  ["icmp-host-unreachable", "host-unreach", 3, 1],
  ["icmp-proto-unreachable", "proto-unreach", 3, 2],
  ["icmp-port-unreachable", "port-unreach", 3, 3],
  ["icmp-net-prohibited", "net-prohib", 3, 9],
  ["icmp-host-prohibited", "host-prohib", 3, 10],
  ["tcp-reset", "tcp-rst", -1, 0],
  ["icmp-admin-prohibited", "admin-prohib", 3, 13],
];

const WAYS6: readonly (readonly [string, string, number, number])[] = [
  ["icmp6-no-route", "no-route", 1, 0],
  ["icmp6-adm-prohibited", "adm-prohibited", 1, 1],
  ["icmp6-addr-unreachable", "addr-unreach", 1, 3],
  ["icmp6-port-unreachable", "port-unreach", 1, 4],
  ["tcp-reset", "tcp-reset", -1, 0],
  ["icmp6-policy-fail", "policy-fail", 1, 5],
  ["icmp6-reject-route", "reject-route", 1, 6],
];

export const rejectTarget: TargetExtension<RejectTarget> = {
  name: "REJECT",
  options: shapes("reject-with 1"),
  limits: (t) => ({ tables: [TABLE.filter], hooks: [HOOK.input, HOOK.forward, HOOK.output], ...(t.type < 0 ? { protocols: [PROTO.TCP] } : {}) }),
  read(options, { family }) {
    const given = only(options, "reject-with", "REJECT")?.values[0] ?? (family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable");
    const lower = given.toLowerCase();
    const way = (family === 4 ? WAYS4 : WAYS6).find(([word, short]) => word.startsWith(lower) || short.startsWith(lower));
    if (way === undefined) throw parameterFault(`unknown reject type "${given}"`);
    return { kind: TARGET.reject, word: way[0], type: way[2], code: way[3] };
  },
  print: (t) => ` --reject-with ${t.word}`,
  act(s, t, p, frame) {
    // A piece of an IPv6 packet has no checksum that could be found right (reject6_csum_ok).
    if (frame.family === 6 && isFragment(s, p)) return NF.drop;
    if (t.type < 0) {
      s.op.sendReset(p, frame.ns, frame.hook);
      const c = s.packets.c;
      if (c.ct[p] !== 0 && (c.flags[p]! & TCP_FLAG.RST) === 0) tcpClosing(s, c.ct[p]!);
    } else if (!isOwnReply(s, p, frame)) s.op.icmpError(p, frame.ns, frame.inDev !== 0 ? frame.inDev : frame.outDev, t.type, t.code, 0);
    return NF.drop;
  },
};

/** icmp_reply holds the lock that icmp_send needs: an echo reply that this machine is sending is rejected without a word. */
function isOwnReply(s: Stack, p: number, frame: WalkFrame): boolean {
  const c = s.packets.c;
  return frame.hook === HOOK.output && c.proto[p] === (frame.family === 4 ? PROTO.ICMP : PROTO.ICMP6) && c.icmpType[p] === (frame.family === 4 ? ICMP.echoReply : ECHO_REPLY6);
}

const ECHO_REPLY6 = 129;
