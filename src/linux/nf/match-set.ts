/** `-m set`: asks an ipset (xt_set). */
import type { Stack } from "../stack.js";
import { bang, type MatchExtension, only, shapes } from "./extension.js";
import { findInSet } from "./ipset-index.js";
import { MATCH, type Match } from "./rule.js";
import { notModelled, parameterFault } from "./spec-fault.js";

/** A set by name with the side of the packet that each dimension takes. */
export interface SetReference {
  /** id in `IpSets.names` */
  readonly set: number;
  /** bit i set: dimension i takes the source side */
  readonly sides: number;
  readonly dims: number;
}

export interface SetMatch extends Match, SetReference {
  readonly not: boolean;
  readonly returnNomatch: boolean;
  readonly noUpdate: boolean;
  readonly noUpdateSub: boolean;
}

/** `NAME src,dst`. */
export function readSetReference(s: Stack, ns: number, [name, flags]: readonly string[]): SetReference {
  let sides = 0;
  const words = flags!.split(",");
  words.forEach((word, i) => {
    if (word.startsWith("src")) sides |= 1 << i;
    else if (!word.startsWith("dst")) throw parameterFault("You must spefify (the comma separated list of) 'src' or 'dst'");
  });
  const set = s.sets.names.find(name!);
  if (set === 0 || s.sets.get(ns, set) === undefined) throw parameterFault(`Set ${name} doesn't exist.\n`);
  return { set, sides, dims: words.length };
}

export function formatSetReference(s: Stack, { set, sides, dims }: SetReference): string {
  const words = Array.from({ length: dims }, (_, i) => ((sides & (1 << i)) !== 0 ? "src" : "dst"));
  return `${s.sets.names.name(set)} ${words.join(",")}`;
}

export const setMatch: MatchExtension<SetMatch> = {
  name: "set",
  options: shapes("match-set 2!", "set 2!", "return-nomatch 0", "update-counters 0!", "update-subcounters 0!", "packets-eq 1!", "packets-lt 1", "packets-gt 1", "bytes-eq 1!", "bytes-lt 1", "bytes-gt 1"),
  read(options, { s, ns }) {
    const asked = options.filter((o) => o.name === "match-set" || o.name === "set");
    if (asked.length > 1) throw parameterFault("--match-set can be specified only once");
    const option = asked[0];
    if (option === undefined) throw parameterFault("You must specify `--match-set' with proper arguments");
    const counted = options.find((o) => o.name.startsWith("packets-") || o.name.startsWith("bytes-"));
    if (counted !== undefined) throw notModelled(`-m set --${counted.name}`);
    return {
      kind: MATCH.set,
      ...readSetReference(s, ns, option.values),
      not: option.not,
      returnNomatch: only(options, "return-nomatch", "set") !== undefined,
      noUpdate: options.some((o) => o.name === "update-counters" && o.not),
      noUpdateSub: options.some((o) => o.name === "update-subcounters" && o.not),
    };
  },
  print(m, _family, s) {
    let text = `${bang(m.not)} --match-set ${formatSetReference(s, m)}`;
    if (m.returnNomatch) text += " --return-nomatch";
    if (m.noUpdate) text += " ! --update-counters";
    if (m.noUpdateSub) text += " ! --update-subcounters";
    return text;
  },
  test(s, m, p, frame) {
    const entry = findInSet(s, frame.ns, m.set, p, m.sides, m.dims);
    return (entry !== null && entry.nomatch === m.returnNomatch) !== m.not;
  },
};
