/** The page docs/fidelity.md, made from the code and from the labs. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { kinds } from "../../../src/api/kinds.js";
import { DROP_REASONS } from "../../../src/base/codes.js";
import { policyProfiles } from "../../../src/policy/profiles.js";
import { root } from "../../support/shared.js";
import { parseSource } from "../../support/sources.js";
import { allSources, constWords, typeWords } from "./code-words.js";
import { LABS } from "./lab-uses.js";
import { labs as allLabs, type Modelled, modelled, refusedIpWords, type Section } from "./modelled.js";
import { refusals } from "./refusals.js";

/** Labs named for one thing. */
const SHOWN = 3;

interface RecordedOn {
  readonly machine: Readonly<Record<string, string>>;
  /** things that this kernel was built without, so that no lab of them can be recorded there */
  readonly lacks: readonly string[];
}

const recordedOn = JSON.parse(readFileSync(resolve(LABS, "recorded-on.json"), "utf8")) as RecordedOn;

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
const listed = (words: readonly string[]): string => words.map(code).join(", ");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(...head), `|${head.map(() => "---").join("|")}|`, ...rows.map((cells) => row(...cells))].join("\n");
}

/** Whether the recorded kernel was built without it; IPVS has schedulers, settings and a tool. */
function isLacking(name: string): boolean {
  const word = name.replace(/^-[mj] /, "");
  return recordedOn.lacks.includes(word) || (recordedOn.lacks.includes("ipvs") && /^(ipvs|net\.ipv4\.vs\.)/.test(word));
}

function labWords({ name, labs }: Modelled): string {
  if (labs.length === 0) return isLacking(name) ? "no lab: the recorded kernel lacks it" : "no lab";
  const more = labs.length - SHOWN;
  return `${labs.slice(0, SHOWN).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function sectionText({ title, things }: Section): string {
  const options = things.some(({ unused }) => unused !== undefined);
  const head = options ? ["modelled", "labs", "options in no lab"] : ["modelled", "labs"];
  const rows = things.map((one) => [code(one.name), labWords(one), ...(options ? [listed(one.unused ?? [])] : [])]);
  return `### ${title}\n\n${table(head, rows)}`;
}

function labTable(): string {
  return table(["lab", "what it shows"], allLabs.map(({ name, fact }) => [`[${name}](../test/kernel/labs/${name}.lab)`, fact]));
}

function clusterText(): string {
  const options = "cluster/options.ts";
  const exported = parseSource("export.test.ts", readFileSync(resolve(root, "test/kernel/export.test.ts"), "utf8"));
  const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["CNIs", constWords(options, "CNIS"), constWords(options, "KNOWN_CNIS")],
    ["backends of flannel", constWords("models/cni/flannel-backend.ts", "FLANNEL_BACKENDS"), constWords("cluster/flannel-words.ts", "OTHER_BACKENDS")],
    ["modes of kube-proxy", typeWords(options, "ClusterPlan", "proxy"), constWords("cluster/proxy-words.ts", "KNOWN_MODES")],
    ["kinds of objects", kinds.map(({ kind }) => kind), []],
    ["programs of pods", programs(), []],
  ];
  return `${table(["", "modelled", "known, not modelled"], rows.map(([what, has, known]) => [what, listed(has), listed(known.filter((word) => !has.includes(word)))]))}

Whole clusters whose export runs on the real kernel too, with equal counters of every rule (\`test/kernel/export.test.ts\`): ${listed(constWords("export.test.ts", "CNIS", exported))}.`;
}

/** Names that models give their programs. */
function programs(): string[] {
  const names = [...allSources().values()].flatMap(({ path, text }) => (path.startsWith("models/") ? [...text.matchAll(/(?:Program>\(|: Program \{\s*return [^{]*)\{\s*name: "([^"]+)"/g)].map(([, name]) => name!) : []));
  return [...new Set(names)].sort((a, b) => (a < b ? -1 : 1));
}

function dropText(): string {
  const used = new Set([...allSources().values()].flatMap(({ text }) => [...text.matchAll(/\bDROP\.(\w+)/g)].map(([, word]) => word!)));
  const reasons = DROP_REASONS.slice(1);
  const given = reasons.filter(({ word }) => used.has(word));
  return `${table(["reason", "meaning", "whose word"], given.map(({ word, meaning, kernel }) => [code(word), meaning, kernel ? "the kernel's" : "ours"]))}

Never given, though the kernel may: ${listed(reasons.filter(({ word }) => !used.has(word)).map(({ word }) => word))}.`;
}

function refusalText(): string {
  const foreign = [["-m", "match"], ["-j", "target"]].map(([letter, file]) => `- \`linux/nf/${file}.ts\`: \`${letter}\` ${listed(constWords(`linux/nf/${file}.ts`, "FOREIGN"))}`);
  const said = [...refusals()].map(([path, texts]) => `- \`${path}\`: ${listed(texts.map((text) => text.replaceAll("`", "'")))}`);
  const profiles = policyProfiles.flatMap(({ name, notModelled }) => notModelled.map((text) => `- profile \`${name}\`: ${text}`));
  return [...foreign, `- \`shell/ip/ip.ts\`: ${listed(refusedIpWords())}`, ...said, ...profiles].join("\n");
}

/** The whole page. */
export function fidelityPage(): string {
  const sections = modelled();
  const all = sections.flatMap(({ things }) => things);
  const bare = all.filter(({ labs }) => labs.length === 0).length;
  return `# What is modelled, and what shows it

Made from the code by \`npx vitest run --config test/vitest.config.ts test/promises/fidelity -u\`; \`test/promises/fidelity.test.ts\` fails where it is
out of date. A lab is a script of commands with what a real kernel printed for them; podwire must print the same
([guides/labs.md](guides/labs.md)). "No lab" is no claim that a thing is wrong: it is built from the kernel's source and documentation, and tested without a recording.

Of ${all.length} things below ${all.length - bare} stand in at least one of ${allLabs.length} labs, ${bare} in none. That a lab uses a thing is read from its commands, without those that
the real kernel refused; up to ${SHOWN} labs are named, those first of which it is the largest part. Beside them random labs run on
both kernels (\`test/kernel/random-labs.test.ts\`), and are not counted here.

## Recorded on

${table(["program", "version"], Object.entries(recordedOn.machine))}

That kernel was built without ${listed(recordedOn.lacks)}: what podwire has of these is built without a recording.

## Labs

${labTable()}

## Modelled

${sections.map(sectionText).join("\n\n")}

## Clusters

${clusterText()}

## Why a packet ends

${dropText()}

## Not modelled

What podwire says so of itself, by the file under \`src/\` that says it; \`…\` stands for any word that is not modelled.

${refusalText()}
`;
}
