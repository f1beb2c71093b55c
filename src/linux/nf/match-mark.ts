/** `-m mark` and `-m connmark`. */
import { bang, type MatchExtension, only, shapes } from "./extension.js";
import { formatMarkMask, parseMarkMask } from "./option-values.js";
import { MATCH, type Match } from "./rule.js";

/** Value and mask as int32. */
export interface MarkMatch extends Match {
  readonly value: number;
  readonly mask: number;
  readonly not: boolean;
}

export const markMatch: MatchExtension<MarkMatch> = {
  name: "mark",
  options: shapes("mark 1!"),
  required: ["mark"],
  read(options) {
    const option = only(options, "mark", "mark")!;
    const [value, mask] = parseMarkMask(option.values[0]!, { extension: "mark", option: "mark" });
    return { kind: MATCH.mark, value: value | 0, mask: mask | 0, not: option.not };
  },
  print: (m) => `${bang(m.not)} --mark ${formatMarkMask(m.value, m.mask)}`,
  test: (s, m, p) => ((s.packets.c.mark[p]! & m.mask) === m.value) !== m.not,
};

export const connmarkMatch: MatchExtension<MarkMatch> = {
  name: "connmark",
  tracks: true,
  options: shapes("mark 1!"),
  required: ["mark"],
  read(options) {
    const option = only(options, "mark", "connmark")!;
    const [value, mask] = parseMarkMask(option.values[0]!, { extension: "connmark", option: "mark" });
    return { kind: MATCH.connmark, value: value | 0, mask: mask | 0, not: option.not };
  },
  print: (m) => `${bang(m.not)} --mark ${formatMarkMask(m.value, m.mask)}`,
  test(s, m, p) {
    const { ct } = s.nf;
    if (ct === null || s.packets.c.ct[p] === 0) return false;
    return ((ct.ctMark(p) & m.mask) === m.value) !== m.not;
  },
};
