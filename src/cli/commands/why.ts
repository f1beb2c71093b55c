/** `podwire why`: the verdict of both ends and the rule that decided. */
import { type Command, Option } from "commander";
import { InputError, inputError } from "../../cluster/input-error.js";
import { type TextQuery, whyAll, whyCsv, whyMarkdown, whyText } from "../../policy/index.js";
import { readText } from "../files.js";
import { outJson, outText } from "../output.js";
import { readPolicies } from "../policy-input.js";
import { manifestOptions, type SharedOptions } from "../shared-options.js";

interface WhyOptions extends SharedOptions {
  readonly from?: string;
  readonly to?: string;
  readonly port?: string;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly queries?: string;
}

const HELP = `
From and to are ns/pod, a workload's id as reach prints it, or an address. A port is a number, or a name that the destination's
containers declare. --queries takes a JSON array of {"from", "to", "port", "protocol"} and answers in its order.

Examples:
  podwire why -f k8s/ --from shop/web --to shop/db --port 5432
  podwire why -f k8s/ --queries questions.json -o json

Exit code: 0 allowed (all of them); 1 not allowed; 2 the input or usage is wrong.`;

/** Port text as a query has it: a number where it is one. */
const portOf = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text);

function readQueries(path: string): readonly TextQuery[] {
  let value: unknown;
  try {
    value = JSON.parse(readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError([{ code: "invalid-json", severity: "error", path: "", file: path, message: `not JSON: ${error.message}` }]);
  }
  if (!Array.isArray(value)) throw new InputError([{ code: "invalid-type", severity: "error", path: "", file: path, message: 'expected an array of {"from", "to", "port", "protocol"}' }]);
  return value as readonly TextQuery[];
}

/** Adds the command; `done` takes its exit code. */
export function whyCommand(program: Command, done: (code: number) => void): void {
  manifestOptions(program.command("why").description("say whether policies allow a connection, and which rule decides"), ["text", "json", "csv", "markdown"])
    .option("--from <who>", "who connects")
    .option("--to <whom>", "to whom")
    .option("--port <port>", "destination port, a number or a name")
    .addOption(new Option("--protocol <protocol>", "protocol").choices(["TCP", "UDP", "SCTP"]).default("TCP").argParser((text: string) => protocolOf(text)))
    .option("--queries <file>", "many questions, or - for standard input")
    .addHelpText("after", HELP)
    .action((options: WhyOptions) => {
      const model = readPolicies(options.filename, options.strict === true);
      const single = options.queries === undefined ? singleQuery(options) : null;
      const { answers, problems } = whyAll(model, single === null ? readQueries(options.queries!) : [single]);
      if (problems.some((problem) => problem.severity === "error")) throw new InputError(problems);
      if (options.output === "json") outJson(single === null ? answers : answers[0]);
      else if (options.output === "csv") outText(whyCsv(answers));
      else if (options.output === "markdown") outText(whyMarkdown(answers));
      else outText(answers.map((answer) => whyText(answer)).join("\n"));
      done(answers.every((answer) => answer.allowed) ? 0 : 1);
    });
}

function protocolOf(text: string): string {
  const upper = text.toUpperCase();
  if (!["TCP", "UDP", "SCTP"].includes(upper)) throw inputError("unknown-value", "protocol", `Unsupported value: "${text}": supported values: "TCP", "UDP", "SCTP"`);
  return upper;
}

function singleQuery(options: WhyOptions): TextQuery {
  const missing = (["from", "to", "port"] as const).filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    throw new InputError(missing.map((name) => ({ code: "required", severity: "error" as const, path: name, message: "Required value", fix: "say --from, --to and --port, or --queries FILE" })));
  }
  return { from: options.from!, to: options.to!, port: portOf(options.port!), protocol: options.protocol };
}

