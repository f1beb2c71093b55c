/** `podwire reach` and `podwire diff`: all connections that policies allow, and what a change of manifests does to them. */
import { type Command, Option } from "commander";
import { diff, diffCsv, diffMarkdown, diffText, reach, reachCsv, reachDot, reachMarkdown, reachMermaid, reachText, type ReachUnit } from "../../policy/index.js";
import { outJson, outText } from "../output.js";
import { readPolicies } from "../policy-input.js";
import { manifestOptions, type SharedOptions } from "../shared-options.js";

interface ReachOptions extends SharedOptions {
  readonly unit: ReachUnit;
}

/** Forms of an answer by their words; JSON is the answer itself. */
const REACH_FORMS = { text: reachText, csv: reachCsv, markdown: reachMarkdown, dot: reachDot, mermaid: reachMermaid } as const;
const DIFF_FORMS = { text: diffText, csv: diffCsv, markdown: diffMarkdown } as const;
const formats = (forms: object): readonly string[] => [...Object.keys(forms), "json"];

const REACH_HELP = `
Policies are judged without booting a cluster. A pod without status counts as running. Outside addresses are ranges, cut only
at bounds that policies name. What is not listed is closed.

Example: podwire reach -f k8s/ -o markdown

Exit code: 0 done; 2 the input or usage is wrong.`;

const DIFF_HELP = `
OLD and NEW are files or folders.

Example: podwire diff k8s-main/ k8s-branch/

Exit code: 0 no connection differs; 1 some do; 2 the input or usage is wrong.`;

const unitOption = (): Option => new Option("--unit <unit>", "what a line is about").choices(["workload", "pod"]).default("workload");

/** Adds both commands; `done` takes the exit code. */
export function reachCommands(program: Command, done: (code: number) => void): void {
  manifestOptions(program.command("reach").description("list every connection that policies allow"), formats(REACH_FORMS))
    .addOption(unitOption())
    .addHelpText("after", REACH_HELP)
    .action((options: ReachOptions) => {
      const answer = reach(readPolicies(options.filename, options.strict === true), { unit: options.unit });
      if (options.output === "json") outJson(answer);
      else outText(REACH_FORMS[options.output as keyof typeof REACH_FORMS](answer));
      done(0);
    });
  program
    .command("diff")
    .description("list the connections that a change of manifests opens, closes or changes")
    .argument("<old>", "manifests as they are")
    .argument("<new>", "manifests as they are to be")
    .addOption(new Option("-o, --output <format>", "form of the answer").choices([...formats(DIFF_FORMS)]).default("text"))
    .addOption(unitOption())
    .option("--strict", "unknown fields are errors, not warnings")
    .addHelpText("after", DIFF_HELP)
    .action((before: string, after: string, options: ReachOptions) => {
      const strict = options.strict === true;
      const answer = diff(readPolicies([before], strict), readPolicies([after], strict), options.unit);
      if (options.output === "json") outJson(answer);
      else outText(DIFF_FORMS[options.output as keyof typeof DIFF_FORMS](answer));
      done(answer.changes.length === 0 ? 0 : 1);
    });
}
