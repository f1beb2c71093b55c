/** `-m ipvs`: packets of IPVS connections, by the virtual server (xt_ipvs). Looked for as the request that IPVS has just rewritten. */
import { PACKET_META } from "../../packet/columns.js";
import { connectionFrom } from "../ipvs/connection.js";
import { FORWARD } from "../ipvs/ipvs-table.js";
import { CTINFO, directionOf } from "./conntrack-table.js";
import { bang, type MatchExtension, only, shapes } from "./extension.js";
import { formatHostMask, type HostMask, parseHostMask, parsePort } from "./option-values.js";
import { parseProtocol } from "./protocols.js";
import { MATCH, type Match } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

interface Asked<T> {
  readonly value: T;
  readonly not: boolean;
}

export interface IpvsMatch extends Match {
  /** `--ipvs` */
  readonly property: Asked<true> | null;
  readonly proto: Asked<number> | null;
  readonly vaddr: Asked<HostMask> | null;
  readonly vport: Asked<number> | null;
  /** 0 ORIGINAL, 1 REPLY */
  readonly direction: Asked<number> | null;
  /** the only way of forwarding that podwire has is MASQ */
  readonly method: Asked<string> | null;
}

const METHODS: readonly string[] = ["GATE", "IPIP", "MASQ"];
/** Methods by FORWARD. */
const METHOD_OF: Readonly<Record<number, string>> = Object.freeze({ [FORWARD.masquerade]: "MASQ", [FORWARD.tunnel]: "IPIP", [FORWARD.route]: "GATE" });

function readDirection(text: string): number {
  if (text.toUpperCase() !== "ORIGINAL" && text.toUpperCase() !== "REPLY") throw parameterFault(`ipvs: Bad value for "--vdir" option: "${text}"`);
  return text.toUpperCase() === "REPLY" ? 1 : 0;
}

function readMethod(text: string): string {
  if (!METHODS.includes(text.toUpperCase())) throw parameterFault(`ipvs: Bad value for "--vmethod" option: "${text}"`);
  return text.toUpperCase();
}

export const ipvsMatch: MatchExtension<IpvsMatch> = {
  name: "ipvs",
  options: shapes("ipvs 0!", "vproto 1!", "vaddr 1!", "vport 1!", "vdir 1", "vmethod 1!"),
  read(options, { family }) {
    if (options.length === 0) throw parameterFault("IPVS: At least one option is required");
    const asked = <T>(name: string, make: (text: string) => T): Asked<T> | null => {
      const option = only(options, name, "ipvs");
      return option === undefined ? null : Object.freeze({ value: make(option.values[0] ?? ""), not: option.not });
    };
    return {
      kind: MATCH.ipvs,
      property: asked("ipvs", () => true as const),
      proto: asked("vproto", (text) => {
        const proto = parseProtocol(text);
        if (proto === null) throw parameterFault(`unknown protocol "${text}" specified`);
        return proto;
      }),
      vaddr: asked("vaddr", (text) => parseHostMask(text, family)),
      vport: asked("vport", parsePort),
      direction: asked("vdir", readDirection),
      method: asked("vmethod", readMethod),
    };
  },
  print(m, family) {
    const word = (name: string, asked: Asked<unknown> | null, text: string): string => (asked === null ? "" : `${bang(asked.not)} --${name}${text === "" ? "" : ` ${text}`}`);
    const host = m.vaddr === null ? "" : formatHostMask(m.vaddr.value, family).replace(family === 4 ? /\/32$/ : /\/128$/, "");
    return [
      word("ipvs", m.property, ""), word("vproto", m.proto, String(m.proto?.value)), word("vaddr", m.vaddr, host), word("vport", m.vport, String(m.vport?.value)),
      word("vdir", m.direction, m.direction?.value === 1 ? "REPLY" : "ORIGINAL"), word("vmethod", m.method, m.method?.value ?? ""),
    ].join("");
  },
  test(s, m, p, frame) {
    const c = s.packets.c;
    const handled = (c.meta[p]! & PACKET_META.IPVS) !== 0;
    if (m.property !== null && m.proto === null && m.vaddr === null && m.vport === null && m.direction === null && m.method === null) return handled !== m.property.not;
    if (!handled) return false;
    const meets = <T>(asked: Asked<T> | null, is: (value: T) => boolean): boolean => asked === null || is(asked.value) !== asked.not;
    if (!meets(m.proto, (proto) => c.proto[p] === proto)) return false;
    const row = connectionFrom(s, frame.ns, c.proto[p]!, c.dst[p]!, c.dport[p]!, c.src[p]!, c.sport[p]!);
    if (row === 0) return false;
    const cc = s.ipvs.connections.c;
    const at = cc.vaddr[row]! * 4;
    return (
      meets(m.vport, (port) => cc.vport[row] === port) &&
      (m.direction === null || (c.ct[p] !== 0 && c.ctInfo[p] !== CTINFO.untracked && meets(m.direction, (direction) => directionOf(c.ctInfo[p]!) === direction))) &&
      meets(m.method, (method) => method === METHOD_OF[s.ipvs.reals.c.forward[cc.real[row]!]!]) &&
      meets(m.vaddr, ({ words, masks }) => masks.every((mask, i) => ((s.book.words[at + i]! ^ words[i]!) & mask) === 0))
    );
  },
};
