/** kubectl over whoever holds a cluster's objects: one command line in, its text and exit code out. */
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { splitWords } from "../words.js";
import { applyCommand, deleteCommand, execCommand, scaleCommand } from "./change-command.js";
import { type CommandLine, readCommandLine } from "./command-line.js";
import { createCommand } from "./create-command.js";
import { describeCommand } from "./describe-command.js";
import { cordonCommand, drainCommand } from "./drain-command.js";
import { exposeCommand } from "./expose-command.js";
import { eventsCommand, getCommand } from "./get-command.js";
import { apiResourcesCommand, clusterInfoCommand, configCommand } from "./info-commands.js";
import { labelCommand } from "./label-command.js";
import { patchCommand, setCommand } from "./patch-command.js";
import { rolloutCommand } from "./rollout-command.js";
import { runCommand } from "./run-command.js";
import { taintCommand } from "./taint-command.js";
import { waitCommand } from "./wait-command.js";
import type { KubectlSource } from "./source.js";

export class Kubectl {
  constructor(private readonly source: KubectlSource) {}

  /**
   * Runs `get pods -A -o wide` (a leading `kubectl` is allowed), or words already split; `input` is what `-f -` reads.
   * Text holds standard output and error; what is not modelled has code 2 and says so.
   */
  run(command: string | readonly string[], input?: string): Output {
    const words = typeof command === "string" ? splitWords(command) : [...command];
    if (words === null) return failed(2, "sh: syntax error: unterminated quoted string\n");
    if (words[0] === "kubectl") words.shift();
    try {
      return this.dispatch(readCommandLine(words), input);
    } catch (thrown) {
      if (thrown instanceof Ended) return failed(thrown.code, `${thrown.text}\n`);
      if (thrown instanceof NotModelled) return { text: `${thrown.message}\n`, code: 2, notModelled: true };
      throw thrown;
    }
  }

  private dispatch(line: CommandLine, input: string | undefined): Output {
    switch (line.command) {
      case "get":
        return getCommand(line, this.source);
      case "describe":
        return describeCommand(line, this.source);
      case "events":
        return eventsCommand(line, this.source);
      case "apply":
        return applyCommand(line, this.source, input);
      case "create":
        return line.args.length > 0 ? createCommand(line, this.source) : applyCommand(line, this.source, input);
      case "delete":
        return deleteCommand(line, this.source, input);
      case "scale":
        return scaleCommand(line, this.source);
      case "rollout":
        return rolloutCommand(line, this.source);
      case "cordon":
      case "uncordon":
        return cordonCommand(line, this.source);
      case "drain":
        return drainCommand(line, this.source);
      case "taint":
        return taintCommand(line, this.source);
      case "label":
      case "annotate":
        return labelCommand(line, this.source);
      default:
        return this.dispatchMore(line, input);
    }
  }

  private dispatchMore(line: CommandLine, input: string | undefined): Output {
    switch (line.command) {
      case "expose":
        return exposeCommand(line, this.source);
      case "set":
        return setCommand(line, this.source);
      case "patch":
        return patchCommand(line, this.source);
      case "wait":
        return waitCommand(line, this.source);
      case "cluster-info":
        return clusterInfoCommand(line, this.source);
      case "config":
        return configCommand(line, this.source);
      case "api-resources":
        return apiResourcesCommand(line);
      case "exec":
        return execCommand(line, this.source);
      case "run":
        return runCommand(line, this.source, input);
      case "version":
        return said(`Client Version: v1.33.1\nKustomize Version: v5.6.0\n${line.has("client") ? "" : "Server Version: v1.33.1\n"}`);
      default:
        throw new NotModelled(`kubectl ${line.command}`);
    }
  }
}
