/** `-j SET`: a packet's own parts become an element, or stop being one (xt_set). */
import { PROTO } from "../../base/codes.js";
import { SECOND } from "../../base/time.js";
import { formatMac } from "../../base/mac.js";
import type { Stack } from "../stack.js";
import { CONTINUE, only, shapes, type TargetExtension } from "./extension.js";
import { putEntry } from "./ipset.js";
import { parseEntry, SetFault } from "./ipset-entry.js";
import { SET_TYPES } from "./ipset-table.js";
import { formatSetReference, readSetReference, type SetReference } from "./match-set.js";
import { parseInteger } from "./option-values.js";
import { formatProtocol } from "./protocols.js";
import { TARGET, type Target } from "./rule.js";
import { notModelled, parameterFault } from "./spec-fault.js";

export interface SetTarget extends Target, SetReference {
  readonly add: boolean;
  readonly exist: boolean;
  /** seconds, -1 the set's own */
  readonly timeout: number;
}

export const setTarget: TargetExtension<SetTarget> = {
  name: "SET",
  options: shapes("add-set 2", "del-set 2", "exist 0", "timeout 1", "map-set 2"),
  read(options, { s, ns }) {
    if (options.some((o) => o.name === "map-set")) throw notModelled("-j SET --map-set");
    const deeds = options.filter((o) => o.name === "add-set" || o.name === "del-set");
    if (deeds.length > 1) throw notModelled("-j SET with two sets");
    const deed = deeds[0];
    if (deed === undefined) throw parameterFault("You must specify either `--add-set' or `--del-set' or `--map-set'");
    const timeout = only(options, "timeout", "SET");
    return {
      kind: TARGET.set,
      ...readSetReference(s, ns, deed.values),
      add: deed.name === "add-set",
      exist: only(options, "exist", "SET") !== undefined,
      timeout: timeout === undefined ? -1 : parseInteger(timeout.values[0]!, 0, 4294967294, { extension: "SET", option: "timeout" }),
    };
  },
  print(t, _family, s) {
    const text = ` --${t.add ? "add" : "del"}-set ${formatSetReference(s, t)}`;
    return `${text}${t.exist ? " --exist" : ""}${t.timeout < 0 ? "" : ` --timeout ${t.timeout}`}`;
  },
  act(s, t, p, frame) {
    const set = s.sets.get(frame.ns, t.set);
    if (set === undefined) return CONTINUE;
    const text = elementOf(s, t, p, SET_TYPES[set.options.type]!.name);
    const seconds = set.options.timeout < 0 ? -1 : t.timeout < 0 ? set.options.timeout : t.timeout;
    const expires = seconds > 0 ? s.engine.now + seconds * SECOND : 0;
    for (const entry of elements(s, t, frame.ns, text, expires)) {
      const known = set.entries.has(entry.text);
      if (!t.add) {
        if (set.own().delete(entry.text)) set.index = null;
      } else if ((!known || t.exist) && (known || set.entries.size < set.options.maxelem)) putEntry(set, entry);
    }
    return CONTINUE;
  },
};

function elements(s: Stack, t: SetTarget, ns: number, text: string, expires: number): ReturnType<typeof parseEntry> {
  try {
    return parseEntry(text, s.sets.get(ns, t.set)!.options, s.sets, { nomatch: false, expires, comment: "", cause: 0 });
  } catch (fault) {
    // A packet whose parts the set cannot hold (another family, a port out of range) changes nothing.
    if (fault instanceof SetFault) return [];
    throw fault;
  }
}

/** The entry's text from the packet's sides. */
function elementOf(s: Stack, t: SetReference, p: number, type: string): string {
  const c = s.packets.c;
  const source = (dim: number): boolean => (t.sides & (1 << dim)) !== 0;
  const address = (dim: number): string => s.book.text(source(dim) ? c.src[p]! : c.dst[p]!);
  const port = (dim: number): string => {
    const proto = c.proto[p]!;
    if (proto === PROTO.ICMP || proto === PROTO.ICMP6) return `${proto === PROTO.ICMP ? "icmp" : "icmpv6"}:${c.icmpType[p]}/${c.icmpCode[p]}`;
    return `${formatProtocol(proto)}:${source(dim) ? c.sport[p] : c.dport[p]}`;
  };
  if (type === "hash:mac") return formatMac(c.macSrc[p]!);
  if (type === "bitmap:port") return `${source(0) ? c.sport[p] : c.dport[p]}`;
  const dims = SET_TYPES.find((known) => known.name === type)!.dims;
  return [address(0), ...(dims > 1 ? [port(1)] : []), ...(dims > 2 ? [address(2)] : [])].join(",");
}
