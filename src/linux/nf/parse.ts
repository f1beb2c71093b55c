/**
 * Reads the words of a rule (`-s 10.0.0.0/8 -p tcp -m tcp --dport 80 -j ACCEPT`) into frozen rules, as do_parse of
 * iptables 1.8.9 does, faults in its words. Read first: iptables/xshared.c and libxtables/xtables.c of iptables.
 *
 * Equal words give the same record, whoever asks: a thousand nodes with one rule share it.
 */
import { fnv1a32 } from "../../base/hash.js";
import { HOOK, type Stack } from "../stack.js";
import { parseDevice } from "./device-test.js";
import type { Limits, MatchExtension, OptionShape, ReadOption, SpecContext, TargetExtension } from "./extension.js";
import { matchByName, matchOf } from "./match.js";
import type { SetReference } from "./match-set.js";
import { parseHostMask } from "./option-values.js";
import { printRule, type RuleParts } from "./print.js";
import { parseProtocol } from "./protocols.js";
import { ruleBrief } from "./rule-brief.js";
import { type AddressTest, type DeviceTest, GO, MATCH, type Rule, TARGET } from "./rule.js";
import { kernelFault, notModelled, parameterFault, SpecFault } from "./spec-fault.js";
import { splitWords } from "./spec-words.js";
import { BASE_CHAINS } from "./table.js";
import { targetByName } from "./target.js";

/** Where the rule is to stand. */
export interface RulePlaceAsked {
  readonly s: Stack;
  readonly ns: number;
  readonly family: 4 | 6;
  /** TABLE number */
  readonly table: number;
  readonly chain: string;
  readonly cause: number;
}

interface Use {
  readonly extension: MatchExtension | TargetExtension;
  readonly options: ReadOption[];
}

/** What the words said so far. */
interface Draft {
  /** hosts as text: the tool looks them up when it has read all words */
  sources: readonly string[];
  sourceNot: boolean;
  destinations: readonly string[];
  destinationNot: boolean;
  readonly seen: Set<string>;
  inDev: DeviceTest | null;
  outDev: DeviceTest | null;
  frag: number;
  readonly uses: Use[];
  target: Use | null;
  go: number;
  to: string;
  protocolLoaded: boolean;
}

const VERDICTS: Readonly<Record<string, number>> = Object.freeze({ ACCEPT: GO.accept, DROP: GO.drop, RETURN: GO.return });

const LONG: Readonly<Record<string, string>> = Object.freeze({
  "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--in-interface": "-i", "--out-interface": "-o", "--protocol": "-p",
  "--proto": "-p", "--fragments": "-f", "--fragment": "-f", "--match": "-m", "--jump": "-j", "--goto": "-g", "--set-counters": "-c",
});

/** The rules that the words stand for (several sources or destinations make several); throws a SpecFault. */
export function parseRules(spec: string, place: RulePlaceAsked): readonly Rule[] {
  const { s } = place;
  const base = BASE_CHAINS.includes(place.chain) ? place.chain : "";
  const key = `${place.family}${place.table} ${base} ${place.cause} ${spec}`;
  const known = s.nf.parsed.get(key);
  if (known?.every((rule) => rule.sets.every((set) => s.sets.get(place.ns, set) !== undefined))) return known;
  const words = splitWords(spec);
  if (words === null) throw new SpecFault("plain", "Unterminated quote in rule");
  const rules = Object.freeze(readWords(words, place));
  s.nf.parsed.set(key, rules);
  return rules;
}

function readWords(words: readonly string[], place: RulePlaceAsked): Rule[] {
  const context: SpecContext = { s: place.s, ns: place.ns, family: place.family, table: place.table, proto: 0, protoNot: false };
  const draft: Draft = {
    sources: [], sourceNot: false, destinations: [], destinationNot: false, seen: new Set(), inDev: null, outDev: null, frag: 0, uses: [], target: null, go: GO.on, to: "", protocolLoaded: false,
  };
  let at = 0;
  let not = false;
  while (at < words.length) {
    let word = words[at++]!;
    if (word === "!") {
      if (not) throw parameterFault("multiple consecutive ! not allowed");
      not = true;
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const inline = equals > 0 ? word.slice(equals + 1) : null;
    if (equals > 0) word = word.slice(0, equals);
    const take = (): string => {
      if (inline !== null) return inline;
      const next = words[at++];
      if (next === undefined) throw parameterFault(`option "${word}" requires an argument`);
      return next;
    };
    const short = LONG[word] ?? word;
    if (/^-[sdiopfmjgc]$/.test(short)) readCommon(short, take, not, draft, context);
    else if (word.startsWith("-") && word !== "-") readExtra(word, take, not, draft, context);
    else throw new SpecFault("plain", `Bad argument \`${word}'`);
    not = false;
  }
  return finish(draft, context, place);
}

function once(draft: Draft, option: string): void {
  if (draft.seen.has(option)) throw parameterFault(`multiple ${option} flags not allowed`);
  draft.seen.add(option);
}

function readCommon(option: string, take: () => string, not: boolean, draft: Draft, context: SpecContext): void {
  switch (option) {
    case "-s":
      once(draft, option);
      draft.sources = take().split(",");
      draft.sourceNot = not;
      return;
    case "-d":
      once(draft, option);
      draft.destinations = take().split(",");
      draft.destinationNot = not;
      return;
    case "-i":
      once(draft, option);
      draft.inDev = parseDevice(context.s, take(), not);
      return;
    case "-o":
      once(draft, option);
      draft.outDev = parseDevice(context.s, take(), not);
      return;
    case "-p": {
      once(draft, option);
      const text = take();
      const proto = parseProtocol(text);
      if (proto === null) throw parameterFault(`unknown protocol "${text}" specified`);
      if (proto === 0 && not) throw parameterFault("rule would never match protocol");
      context.proto = proto;
      context.protoNot = not;
      return;
    }
    case "-f":
      if (context.family === 6) throw parameterFault(`unknown option "-f"`);
      once(draft, option);
      draft.frag = not ? 2 : 1;
      return;
    case "-m":
      if (not) throw parameterFault("unexpected ! flag before --match");
      loadMatch(take(), draft, context);
      return;
    case "-c":
      take();
      take();
      return;
    default:
      if (not) throw parameterFault(`cannot have ! before ${option}`);
      if (draft.go !== GO.on) throw parameterFault(`multiple ${option} flags not allowed`);
      readJump(take(), option === "-g", draft);
  }
}

function readJump(name: string, isGoto: boolean, draft: Draft): void {
  if (!isGoto && Object.hasOwn(VERDICTS, name)) {
    draft.go = VERDICTS[name]!;
    return;
  }
  const extension = isGoto ? undefined : targetByName(name);
  if (extension === "foreign") throw notModelled(`-j ${name}`);
  if (extension !== undefined) {
    draft.go = GO.target;
    draft.target = { extension, options: [] };
    draft.uses.push(draft.target);
    return;
  }
  draft.go = isGoto ? GO.goto : GO.jump;
  draft.to = name;
}

function loadMatch(name: string, draft: Draft, context: SpecContext): void {
  const extension = matchByName(name, context.family);
  if (extension === undefined) throw parameterFault(`Couldn't load match \`${name}':No such file or directory\n`);
  if (extension === "foreign") throw notModelled(`-m ${name}`);
  draft.uses.push({ extension, options: [] });
}

/** An option of what was loaded, the newest first; if none has it, the protocol's own match is loaded once. */
function readExtra(word: string, take: () => string, not: boolean, draft: Draft, context: SpecContext): void {
  const given = word.startsWith("--") ? word.slice(2) : "";
  let found = findOption(draft, given);
  if (found === null && !draft.protocolLoaded && context.proto !== 0 && !context.protoNot) {
    const own = { 6: "tcp", 17: "udp", 132: "sctp", 1: "icmp", 58: "icmp6" }[context.proto];
    const extension = own === undefined ? undefined : matchByName(own, context.family);
    if (extension !== undefined && extension !== "foreign" && !draft.uses.some((use) => use.extension === extension)) {
      draft.protocolLoaded = true;
      draft.uses.push({ extension, options: [] });
      found = findOption(draft, given);
      if (found === null) draft.uses.pop();
    }
  }
  if (found === null) throw parameterFault(`unknown option "${word}"`);
  const { use, shape, name } = found;
  if (not && !shape.not) throw parameterFault(`${use.extension.name}: option "--${name}" cannot be inverted.\n`);
  const values = Array.from({ length: shape.words }, take);
  use.options.push({ name: shape.as ?? name, values, not });
}

/** An option of the extensions so far, the last one's first; getopt takes a beginning that only one option has. */
function findOption(draft: Draft, given: string): { use: Use; shape: OptionShape; name: string } | null {
  const begun: { use: Use; shape: OptionShape; name: string }[] = [];
  for (let i = draft.uses.length - 1; i >= 0; i--) {
    const use = draft.uses[i]!;
    const { options } = use.extension;
    if (Object.hasOwn(options, given)) return { use, shape: options[given]!, name: given };
    if (given !== "") for (const name of Object.keys(options)) if (name.startsWith(given)) begun.push({ use, shape: options[name]!, name });
  }
  return begun.length === 1 ? begun[0]! : null;
}

function addressTest(host: string, not: boolean, { s, family }: SpecContext): AddressTest {
  const { words, masks } = parseHostMask(host, family);
  const whole = family === 4 ? masks[0] === -1 : masks.every((mask) => mask === -1);
  const exact = !whole ? 0 : family === 4 ? s.book.v4(words[0]) : s.book.v6(words[0], words[1], words[2], words[3]);
  return Object.freeze({ not, exact, words: Object.freeze(words), masks: Object.freeze(masks) });
}

/** The tests of `-s` or `-d`: one null if it was not given. */
function hostTests(hosts: readonly string[], not: boolean, context: SpecContext): (AddressTest | null)[] {
  if (not && hosts.length > 1) throw parameterFault("! not allowed with multiple source or destination IP addresses");
  return hosts.length === 0 ? [null] : hosts.map((host) => addressTest(host, not, context));
}

/** An address test of nothing is no test. */
const anyAddress = (test: AddressTest): boolean => !test.not && test.masks.every((mask) => mask === 0);
const anyDevice = (test: DeviceTest | null): boolean => test !== null && test.name === 0 && test.prefix === "" && !test.not;

function finish(draft: Draft, context: SpecContext, place: RulePlaceAsked): Rule[] {
  checkDevices(draft, place.chain);
  const matches = draft.uses.filter((use) => use !== draft.target).map((use) => Object.freeze(readUse(use, context)) as { readonly kind: number });
  const target = draft.target === null ? null : Object.freeze(readUse(draft.target, context));
  const extensions = matches.map(matchOf);
  for (const extension of extensions) checkLimits(extension.limits, context, place, extension.name);
  const targetExtension = draft.target?.extension as TargetExtension | undefined;
  if (target !== null && targetExtension!.limits !== undefined) checkLimits(targetExtension!.limits(target), context, place, null);
  const sets = [...matches.filter((m) => m.kind === MATCH.set), ...(target?.kind === TARGET.set ? [target] : [])].map((m) => (m as unknown as SetReference).set);
  const sources = hostTests(draft.sources, draft.sourceNot, context);
  const destinations = hostTests(draft.destinations, draft.destinationNot, context);
  const made: Rule[] = [];
  for (const src of sources) {
    for (const dst of destinations) {
      const parts: RuleParts = {
        src: src === null || anyAddress(src) ? null : src,
        dst: dst === null || anyAddress(dst) ? null : dst,
        inDev: anyDevice(draft.inDev) ? null : draft.inDev,
        outDev: anyDevice(draft.outDev) ? null : draft.outDev,
        proto: context.proto,
        protoNot: context.protoNot,
        frag: draft.frag,
        matches: Object.freeze(matches),
        go: draft.go,
        to: draft.to === "" ? 0 : context.s.nf.names.of(draft.to),
        target,
      };
      const text = printRule(context.s, parts, context.family);
      const { port, chance } = ruleBrief(parts.proto, matches);
      // Each by its name: rules are many, and what compiles them reads the first of these fields alone.
      made.push(
        Object.freeze<Rule>({
          src: parts.src,
          dst: parts.dst,
          go: parts.go,
          to: parts.to,
          port,
          chance,
          proto: parts.proto,
          protoNot: parts.protoNot,
          frag: parts.frag,
          inDev: parts.inDev,
          outDev: parts.outDev,
          target: parts.target,
          matches: parts.matches,
          text,
          hash: fnv1a32(text) | 0,
          slots: extensions.reduce((sum, extension) => sum + (extension.slots ?? 0), 0),
          tracks: extensions.some((extension) => extension.tracks === true) || (target !== null && targetExtension!.tracks?.(target) === true),
          sets: Object.freeze(sets),
          cause: place.cause,
        }),
      );
    }
  }
  return made;
}

function readUse(use: Use, context: SpecContext): { readonly kind: number } {
  for (const name of use.extension.required ?? []) {
    if (!use.options.some((option) => option.name === name)) throw parameterFault(`${use.extension.name}: option "--${name}" must be specified\n`);
  }
  return use.extension.read(use.options, context);
}

function checkDevices(draft: Draft, chain: string): void {
  if (draft.outDev !== null && (chain === "PREROUTING" || chain === "INPUT")) throw parameterFault(`Can't use -o with ${chain}\n`);
  if (draft.inDev !== null && (chain === "POSTROUTING" || chain === "OUTPUT")) throw parameterFault(`Can't use -i with ${chain}\n`);
}

/** What the kernel checks when the rule comes in; `match` is the match's name, null for a target. */
function checkLimits(limits: Limits | undefined, context: SpecContext, place: RulePlaceAsked, match: string | null): void {
  if (limits === undefined) return;
  if (limits.protocols !== undefined && (context.protoNot || !limits.protocols.includes(context.proto))) {
    if (match === "tcp" || match === "udp") throw new SpecFault("kernel", `${match.toUpperCase()} match requires '-p ${match}'`);
    throw kernelFault("EINVAL");
  }
  if (limits.tables !== undefined && !limits.tables.includes(context.table)) throw kernelFault("EINVAL");
  const hook = BASE_CHAINS.indexOf(place.chain);
  if (hook >= HOOK.prerouting && limits.hooks !== undefined && !limits.hooks.includes(hook)) throw kernelFault("EINVAL");
}
