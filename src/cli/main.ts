/** The command line: a thin skin over the library. Exit codes: 0 yes or done, 1 the answer is no, 2 wrong input or usage. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { isInputError } from "../cluster/input-error.js";
import { demoCommand } from "./commands/demo.js";
import { exportCommand } from "./commands/export.js";
import { judgeCommands } from "./commands/judge.js";
import { labCommand } from "./commands/lab.js";
import { shellCommand } from "./commands/shell.js";
import { rulesCommand } from "./commands/rules.js";
import { reachCommands } from "./commands/reach.js";
import { timelineCommand } from "./commands/timeline.js";
import { topologyCommand } from "./commands/topology.js";
import { traceCommand } from "./commands/trace.js";
import { whyCommand } from "./commands/why.js";
import { err, out, showProblems } from "./output.js";

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function buildProgram(done: (code: number) => void): Command {
  const program = new Command("podwire");
  program
    .description("A whole Kubernetes network inside one process: real manifests in, real packets walked through real chains.")
    .version(version(), "-V, --version")
    .showSuggestionAfterError()
    .showHelpAfterError("(podwire COMMAND --help shows what there is)")
    .exitOverride()
    .configureOutput({ writeOut: out, writeErr: err });
  for (const add of [traceCommand, reachCommands, whyCommand, judgeCommands, rulesCommand, labCommand, exportCommand, topologyCommand, timelineCommand, shellCommand, demoCommand]) add(program, done);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeOut: out, writeErr: err }).showHelpAfterError("(podwire COMMAND --help shows what there is)");
  return program;
}

const wantsJson = (argv: readonly string[]): boolean => argv.some((word, i) => word === "-ojson" || word === "--output=json" || ((word === "-o" || word === "--output") && argv[i + 1] === "json"));

/** Runs one command; never throws for bad input. Returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code = 0;
  const program = buildProgram((given) => {
    code = given;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (isInputError(error)) {
      showProblems(error.problems, wantsJson(argv));
      return 2;
    }
    err(`podwire: this is a bug in podwire, please report it: ${(error as Error).message}\n`);
    if (process.env["PODWIRE_DEBUG"] !== undefined) err(`${(error as Error).stack}\n`);
    return 70;
  }
}
