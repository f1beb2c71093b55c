/** `podwire check`, `podwire lint`, `podwire exposure`: what is expected of policies, what is odd about them, and who from outside gets in. */
import type { Command } from "commander";
import { InputError } from "../../cluster/input-error.js";
import {
  check, checkText, coverage, coverageText, exposure, exposureCsv, exposureMarkdown, exposureText, lint, lintCsv, lintMarkdown, lintText, mutationCoverage, mutationText,
  queriesOf, readExpectations,
} from "../../policy/index.js";
import { readFiles } from "../files.js";
import { outJson, outText } from "../output.js";
import { readPolicies } from "../policy-input.js";
import { manifestOptions, type SharedOptions } from "../shared-options.js";

const LINT_FORMS = { text: lintText, csv: lintCsv, markdown: lintMarkdown } as const;
const EXPOSURE_FORMS = { text: exposureText, csv: exposureCsv, markdown: exposureMarkdown } as const;
const formats = (forms: object): readonly string[] => [...Object.keys(forms), "json"];

interface CheckOptions extends SharedOptions {
  readonly coverage?: boolean;
  readonly mutate?: boolean;
}

interface LintCommandOptions extends SharedOptions {
  readonly cni?: string;
}

const CHECK_HELP = `
EXPECT.yaml is a list of
  - name: carts are private          # optional
    from: ["shop/*", "!shop/web"]    # ns/name of pods or workloads, node/NAME, an address, a CIDR, internet; "!" takes away
    to: shop/cart
    port: 7070                       # number, name, "8000-8100", or a list; left out: every port
    protocol: TCP
    expect: deny                     # allow: all of it is open; deny: none of it is

Exit code: 0 all hold; 1 some do not; 2 the input or usage is wrong.`;

/** Adds the commands; `done` takes the exit code. */
export function judgeCommands(program: Command, done: (code: number) => void): void {
  manifestOptions(program.command("check").description("hold expectations against policies, for CI"))
    .argument("<expect...>", "files of expectations")
    .option("--coverage", "also list the rules that no expectation touches")
    .option("--mutate", "also change the manifests word by word, and list the changes that no expectation notices")
    .addHelpText("after", CHECK_HELP)
    .action((paths: readonly string[], options: CheckOptions) => {
      const model = readPolicies(options.filename, options.strict === true);
      const { expectations, problems } = readExpectations(readFiles(paths));
      if (problems.length > 0) throw new InputError(problems);
      const answer = check(model, expectations);
      const errors = answer.problems.filter((problem) => problem.severity === "error");
      if (errors.length > 0) throw new InputError(answer.problems);
      const covered = options.coverage === true ? coverage(model, queriesOf(model, expectations)) : null;
      const mutated = options.mutate === true ? mutationCoverage(model, expectations) : null;
      if (options.output === "json") outJson({ ...answer, ...(covered === null ? {} : { coverage: covered }), ...(mutated === null ? {} : { mutation: mutated }) });
      else outText([checkText(answer), ...(covered === null ? [] : [coverageText(covered)]), ...(mutated === null ? [] : [mutationText(mutated)])].join("\n"));
      done(answer.failed.length === 0 ? 0 : 1);
    });
  manifestOptions(program.command("lint").description("find what no validation catches: rules that do nothing, typos, doors left open"), formats(LINT_FORMS))
    .option("--cni <name>", "the network plugin: flannel alone enforces no policy")
    .addHelpText("after", "\nExit code: 0 nothing worse than a note; 1 warnings or errors; 2 the input or usage is wrong.")
    .action((options: LintCommandOptions) => {
      const answer = lint(readPolicies(options.filename, options.strict === true), options.cni === undefined ? {} : { cni: options.cni });
      if (options.output === "json") outJson(answer);
      else outText(LINT_FORMS[options.output as keyof typeof LINT_FORMS](answer));
      done(answer.findings.every((finding) => finding.severity === "note") ? 0 : 1);
    });
  manifestOptions(program.command("exposure").description("say who outside the manifests could reach each workload"), formats(EXPOSURE_FORMS))
    .addHelpText("after", "\nExit code: 0 done; 2 the input or usage is wrong.")
    .action((options: SharedOptions) => {
      const answer = exposure(readPolicies(options.filename, options.strict === true));
      if (options.output === "json") outJson(answer);
      else outText(EXPOSURE_FORMS[options.output as keyof typeof EXPOSURE_FORMS](answer));
      done(0);
    });
}
