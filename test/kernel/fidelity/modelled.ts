/** What is modelled, from the code's own registries, each thing with the labs that use it. */
import { createWorld } from "../../../src/cluster/world.js";
import type { OptionShape } from "../../../src/linux/nf/extension.js";
import { FLOW_TIMEOUTS } from "../../../src/linux/nf/conntrack-timeouts.js";
import { SET_TYPES } from "../../../src/linux/nf/ipset-table.js";
import { matchOf } from "../../../src/linux/nf/match.js";
import { readNftRule } from "../../../src/linux/nf/nft/nft-statement.js";
import { MATCH, TARGET } from "../../../src/linux/nf/rule.js";
import { TABLE } from "../../../src/linux/nf/table.js";
import { targetOf } from "../../../src/linux/nf/target.js";
import { addNetns } from "../../../src/linux/netns.js";
import { DEV } from "../../../src/linux/stack.js";
import { iptablesTool } from "../../../src/shell/iptables/tool-of.js";
import { Shell } from "../../../src/shell/shell.js";
import { SHELL_PROGRAMS } from "../../../src/shell/shell-programs.js";
import { allSources, caseWords, comparedWords, constWords, settingNames, sourceAt, typeWords } from "./code-words.js";
import { allLabs, type Lab } from "./lab-uses.js";

/** One thing, and the labs that use it: first those of which it is the largest part. */
export interface Modelled {
  readonly name: string;
  readonly labs: readonly string[];
  /** options that no lab uses */
  readonly unused?: readonly string[];
}

export interface Section {
  readonly title: string;
  readonly things: readonly Modelled[];
}

export const labs: readonly Lab[] = allLabs();
type Command = readonly string[];

function counted(name: string, times: (lab: Lab) => number): Modelled {
  const uses = labs.map((lab) => [lab.name, times(lab) / (lab.commands.length + lab.rules.length)] as const).filter(([, share]) => share > 0);
  return { name, labs: uses.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([lab]) => lab) };
}

/** Uses by command; a refused one shows how a tool fails, and so counts for the tool alone. */
const byCommand = (name: string, is: (command: Command) => boolean, evenRefused = false): Modelled =>
  counted(name, (lab) => lab.commands.filter(({ words, refused }) => (evenRefused || !refused) && is(words)).length);
const wordAfter = (words: Command, option: string): string | undefined => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined);

interface Extension {
  readonly name: string;
  readonly options: Readonly<Record<string, OptionShape>>;
}

const MATCHES: readonly Extension[] = Object.values(MATCH).map((kind) => matchOf({ kind }));
const TARGETS: readonly Extension[] = Object.values(TARGET).map((kind) => targetOf({ kind }));
const OWN: Readonly<Record<string, string>> = { icmpv6: "icmp6", "ipv6-icmp": "icmp6" };

/** `-m NAME`, `-j NAME`, and each with its options, as far as one rule uses them; a protocol loads its own match. */
function extensionsIn(words: Command): ReadonlySet<string> {
  const uses = new Set<string>();
  const loaded: [string, Extension][] = [];
  const load = (letter: string, all: readonly Extension[], name: string | undefined): void => {
    const one = all.find((extension) => extension.name === name);
    if (one !== undefined) loaded.unshift([`${letter} ${one.name}`, one]);
  };
  const protocol = wordAfter(words, "-p");
  load("-m", MATCHES, OWN[protocol ?? ""] ?? protocol);
  const implied = loaded.length;
  words.forEach((word, i) => {
    if (word === "-m") load("-m", MATCHES, words[i + 1]);
    else if (word === "-j") load("-j", TARGETS, words[i + 1]);
    if (word === "-m" || word === "-j") loaded.slice(0, loaded.length - implied).forEach(([use]) => {
      uses.add(use);
    });
    const found = word.startsWith("--") ? loaded.find(([, { options }]) => Object.hasOwn(options, word.slice(2))) : undefined;
    if (found !== undefined) uses.add(found[0]).add(`${found[0]} --${found[1].options[word.slice(2)]!.as ?? word.slice(2)}`);
  });
  return uses;
}

const ruleUses: ReadonlyMap<Lab, readonly ReadonlySet<string>[]> = new Map(labs.map((lab) => [lab, lab.rules.map(({ words }) => extensionsIn(words))]));

function extension(letter: string, { name, options }: Extension): Modelled {
  const times = (use: string): Modelled => counted(use, (lab) => ruleUses.get(lab)!.filter((uses) => uses.has(use)).length);
  const main = Object.keys(options).filter((option) => options[option]!.as === undefined);
  return { ...times(`${letter} ${name}`), unused: main.filter((option) => times(`${letter} ${name} --${option}`).labs.length === 0).map((option) => `--${option}`) };
}

function tableCommands(): Modelled[] {
  const family = ["", "6"].flatMap((v) => ["", "-legacy", "-nft"].flatMap((flavour) => ["", "-save", "-restore"].map((job) => `ip${v}tables${flavour}${job}`)));
  const letters = constWords("shell/iptables/command-words.ts", "COMMANDS").filter((word) => /^-\w$/.test(word));
  return [
    ...family.filter((name) => iptablesTool(name) !== null).map((name) => byCommand(name, ([tool]) => tool === name)),
    ...letters.map((letter) => byCommand(`iptables ${letter}`, ([tool = "", ...words]) => /^ip6?tables(-legacy|-nft)?$/.test(tool) && words.some((word) => word === letter || new RegExp(`^${letter}[vnx]+$|^-[vnx]+${letter[1]}$`).test(word)))),
  ];
}

function rejectKinds(): Modelled[] {
  const kinds = [["WAYS4", "iptables"], ["WAYS6", "ip6tables"]] as const;
  return kinds.flatMap(([list, tool]) => constWords("linux/nf/target-reject.ts", list).map((kind) => counted(`${tool} --reject-with ${kind}`, (lab) => lab.rules.filter((rule) => rule.tool.startsWith(tool) && rule.words.includes(kind)).length)));
}

const IP_OBJECTS: readonly string[] = constWords("shell/ip/ip.ts", "OBJECTS");

/** The words that come after `ip`, what the shell does of them and what it refuses; two spellings of one object are one. */
function ipObjects(): readonly { readonly object: string; readonly verbs: readonly string[]; readonly done: readonly string[] }[] {
  const shell = quietShell();
  return caseWords("shell/ip/ip.ts", "ip").filter((object) => object !== "neighbour").map((object) => {
    const verbs = constWords(`shell/ip/${object === "neighbor" ? "neighbour" : object}.ts`, "VERBS");
    return { object, verbs, done: verbs.filter((verb) => !new RegExp(`^ip \\w+ ${verb}: not modelled`).test(shell.run(`ip ${object} ${verb}`).text)) };
  });
}

/** Words that `ip` knows and the shell refuses. */
export function refusedIpWords(): readonly string[] {
  const modelled = ipObjects();
  const objects = IP_OBJECTS.filter((object) => !caseWords("shell/ip/ip.ts", "ip").includes(object)).map((object) => `ip ${object}`);
  return [...objects, ...modelled.flatMap(({ object, verbs, done }) => verbs.filter((verb) => !done.includes(verb)).map((verb) => `ip ${object} ${verb}`))];
}

/** Verbs of `ip` objects; those that mean the same are one. */
function ipVerbs(): Modelled[] {
  const full = (words: readonly string[], word = "show"): string => sameVerb(words.find((known) => known.startsWith(word)) ?? "");
  return ipObjects().flatMap(({ object, verbs, done }) =>
    [...new Set(done.map(sameVerb))].map((verb) =>
      byCommand(`ip ${object} ${verb}`, ([tool, ...words]) => {
        const at = words.findIndex((word) => !word.startsWith("-"));
        return tool === "ip" && IP_OBJECTS.find((known) => known.startsWith(words[at] ?? "?")) === object && full(verbs, words[at + 1]) === verb;
      }),
    ),
  );
}

function sameVerb(verb: string): string {
  if (verb === "list" || verb === "lst") return "show";
  return verb === "del" ? "delete" : verb;
}

function bridgeVerbs(): Modelled[] {
  return ["fdb", "link"].flatMap((object) =>
    [...new Set(comparedWords("shell/bridge/bridge.ts", object, "verb").map(sameVerb))].map((verb) =>
      byCommand(`bridge ${object} ${verb}`, ([tool, ...words]) => {
        const at = words.indexOf(object);
        return tool === "bridge" && at >= 0 && sameVerb(words[at + 1] ?? "show") === verb;
      }),
    ),
  );
}

function quietShell(): Shell {
  const { stack } = createWorld(1, SHELL_PROGRAMS);
  return new Shell(stack, addNetns(stack, 1, "-"));
}

function tools(): Modelled[] {
  const shell = quietShell();
  const names = caseWords("shell/shell.ts", "runTool").filter((tool) => shell.run(tool).text !== `${tool}: not modelled`);
  return names.map((name) => byCommand(name, ([tool]) => tool === name, true));
}

/** `-L` and `--dump` are one command; the first spelling stands for it. */
function letters(tool: string, path: string): Modelled[] {
  return constWords(path, "COMMANDS").filter((word) => !word.startsWith("--")).map((word) => byCommand(`${tool} ${word}`, ([name, ...words]) => name === tool && words.some((one) => one === word || one === `--${word}`)));
}

function devices(): Modelled[] {
  return Object.keys(DEV).filter((kind) => allSources().has(`linux/dev/${kind}.ts`)).map((kind) =>
    byCommand(kind, (words) => words[0] === "ip" && words.some((word, i) => (word === "type" && words[i + 1] === kind && words.includes("add")) || (kind === "loopback" && word === "lo"))));
}

function routes(): Modelled[] {
  const types = typeWords("linux/plumbing/act.ts", "RouteType");
  const adds = (words: Command): boolean => words[0] === "ip" && words.some((word) => "route".startsWith(word) && word.length > 1) && words.some((word) => /^(add|replace|append)$/.test(word));
  return types.map((type) => byCommand(`ip route add ${type}`, (words) => adds(words) && (words.includes(type) || (type === "unicast" && !types.some((other) => words.includes(other))))));
}

/** Of settings for all devices, for new ones and for each, the last stands for all three. */
function settings(): Modelled[] {
  const columns = constWords("linux/plumbing/sysctl.ts", "DEV_COLUMNS").map((word) => `net.ipv4.conf.*.${word}`);
  const switches = [...sourceAt("linux/nf/conntrack-timeouts.ts").text.matchAll(/\(sysctls, "(\w+)"/g)].map(([, word]) => word!);
  const flows = [...Object.keys(FLOW_TIMEOUTS), ...switches].map((word) => `net.netfilter.nf_conntrack_${word}`);
  const read = settingNames("linux/").filter((name) => !/_\*$|\.\*$/.test(name));
  const names = [...new Set([...constWords("linux/plumbing/sysctl.ts", "NS_COLUMNS"), ...columns, ...read, ...flows])];
  const own = names.filter((name) => !/\.(all|default)\./.test(name) || !names.includes(name.replace(/\.(all|default)\./, ".*.")));
  return own.sort((a, b) => (a < b ? -1 : 1)).map((name) => {
    const is = new RegExp(`^${name.split("*").map((part) => part.replaceAll(".", "[./]")).join("[^=]+")}(=|$)`);
    return byCommand(name, ([tool, ...words]) => tool === "sysctl" && words.some((word) => is.test(word)));
  });
}

function nftUses(words: Command): readonly string[] {
  const rule = words[0] === "nft" && words[1] === "add" && words[2] === "rule" ? words.slice(6).join(" ") : "";
  return rule === "" ? [] : readNftRule(rule).map(({ kind }) => kind);
}

/** All of it, in the order of the page. */
export function modelled(): readonly Section[] {
  const tables = Object.keys(TABLE).map((table) => counted(`-t ${table}`, (lab) => lab.rules.filter((rule) => rule.table === table).length));
  const verdicts = [...constWords("linux/nf/parse.ts", "VERDICTS").map((verdict) => `-j ${verdict}`), "-g"];
  return [
    { title: "Devices", things: devices() },
    { title: "Routes", things: routes() },
    { title: "iptables: tables and verdicts", things: [...tables, ...verdicts.map((verdict) => counted(verdict, (lab) => lab.rules.filter(({ words }) => `${words.join(" ")} `.includes(` ${verdict} `)).length))] },
    { title: "iptables: matches", things: MATCHES.map((one) => extension("-m", one)) },
    { title: "iptables: targets", things: TARGETS.map((one) => extension("-j", one)) },
    { title: "iptables: ways to reject", things: rejectKinds() },
    { title: "ipset: types", things: SET_TYPES.map(({ name }) => byCommand(name, ([tool, verb, , type]) => tool === "ipset" && (verb === "create" || verb === "-N") && type === name)) },
    { title: "nftables: what a rule may say", things: typeWords("linux/nf/nft/nft-statement.ts", "NftStatement", "kind").map((kind) => byCommand(kind, (words) => nftUses(words).includes(kind))) },
    { title: "IPVS: schedulers", things: constWords("linux/ipvs/schedule.ts", "SCHEDULERS").map((name) => byCommand(`ipvs ${name}`, ([tool, ...words]) => tool === "ipvsadm" && wordAfter(words, "-s") === name)) },
    { title: "Settings", things: settings() },
    { title: "Tools", things: tools() },
    { title: "Tools: ip and bridge", things: [...ipVerbs(), ...bridgeVerbs()] },
    { title: "Tools: iptables and its kin", things: tableCommands() },
    { title: "Tools: ipset, conntrack and ipvsadm", things: [...letters("ipset", "shell/ipset.ts"), ...letters("conntrack", "shell/conntrack.ts"), ...letters("ipvsadm", "shell/ipvsadm/command-words.ts")] },
    { title: "Words of labs", things: constWords("shell/lab/builtins.ts", "WORDS").filter((word) => caseWords("shell/lab/builtins.ts", "run").includes(word)).map((word) => byCommand(word, ([tool]) => tool === word)) },
  ];
}

