/** `podwire lab`: lab scripts on simulated kernels, with the text that the real kernel's run gives. */
import type { Command } from "commander";
import { runLab } from "../../shell/index.js";
import { readText } from "../files.js";
import { err, out } from "../output.js";

const HELP = `
A lab script is a list of the field's own commands (ip, bridge, iptables-restore, conntrack, sysctl, ping ...) and of built-ins (serve, probe,
inject, capture, trace, sleep); each runs on a fresh machine. The same file runs on a real Linux machine.

Exit code: 0 every script ran; 2 a script is wrong or needs what is not modelled.`;

/** Adds the command; `done` takes its exit code. */
export function labCommand(program: Command, done: (code: number) => void): void {
  program
    .command("lab")
    .description("run lab scripts on simulated kernels")
    .argument("<script...>", "lab scripts, or - for standard input")
    .addHelpText("after", HELP)
    .action((scripts: readonly string[]) => {
      let code = 0;
      for (const path of scripts) {
        const { output, exit, problem } = runLab(readText(path), path === "-" ? "<stdin>" : path);
        out(output);
        if (problem !== undefined) err(`${problem}\n`);
        code = Math.max(code, exit);
      }
      done(code);
    });
}
