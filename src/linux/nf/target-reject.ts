/** `-j REJECT` (ipt_REJECT, ip6t_REJECT): answers with an ICMP error or a TCP reset, then drops. */
import { PROTO } from "../../base/codes.js";
import { HOOK } from "../stack.js";
import { only, shapes, type TargetExtension } from "./extension.js";
import { reject, TCP_RESET } from "./reject.js";
import { TARGET, type Target } from "./rule.js";
import { parameterFault } from "./spec-fault.js";
import { TABLE } from "./table.js";

export interface RejectTarget extends Target {
  /** word that is printed */
  readonly word: string;
  /** ICMP type and code, or TCP_RESET */
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
  ["tcp-reset", "tcp-rst", TCP_RESET, 0],
  ["icmp-admin-prohibited", "admin-prohib", 3, 13],
];

const WAYS6: readonly (readonly [string, string, number, number])[] = [
  ["icmp6-no-route", "no-route", 1, 0],
  ["icmp6-adm-prohibited", "adm-prohibited", 1, 1],
  ["icmp6-addr-unreachable", "addr-unreach", 1, 3],
  ["icmp6-port-unreachable", "port-unreach", 1, 4],
  ["tcp-reset", "tcp-reset", TCP_RESET, 0],
  ["icmp6-policy-fail", "policy-fail", 1, 5],
  ["icmp6-reject-route", "reject-route", 1, 6],
];

export const rejectTarget: TargetExtension<RejectTarget> = {
  name: "REJECT",
  options: shapes("reject-with 1"),
  limits: (t) => ({ tables: [TABLE.filter], hooks: [HOOK.input, HOOK.forward, HOOK.output], ...(t.type === TCP_RESET ? { protocols: [PROTO.TCP] } : {}) }),
  read(options, { family }) {
    const given = only(options, "reject-with", "REJECT")?.values[0] ?? (family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable");
    const lower = given.toLowerCase();
    const way = (family === 4 ? WAYS4 : WAYS6).find(([word, short]) => word.startsWith(lower) || short.startsWith(lower));
    if (way === undefined) throw parameterFault(`unknown reject type "${given}"`);
    return { kind: TARGET.reject, word: way[0], type: way[2], code: way[3] };
  },
  print: (t) => ` --reject-with ${t.word}`,
  act: (s, t, p, frame) => reject(s, p, frame, t.type, t.code),
};
