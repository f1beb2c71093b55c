/** `podwire shell`: a terminal into a cluster: kubectl, a node's prompt, a pod's prompt. */
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Cluster } from "../../cluster/cluster.js";
import { isInputError } from "../../cluster/input-error.js";
import { MS, SECOND } from "../../base/time.js";
import { err, out, showProblems } from "../output.js";
import { bootCluster, clusterOptions, manifestOptions, type SharedOptions } from "../shared-options.js";

const HELP = `
Lines:
  kubectl get pods -A -o wide     kubectl's words (a leading "kubectl" may be left out of get, describe, ...)
  kind-worker$ iptables-save      a command on a node
  shop/web-0$ ping -c1 10.96.0.1  a command in a pod
  wait 5                          let five seconds of the cluster's time pass
  exit

Without a terminal, lines are read from standard input and each is shown in front of its answer.`;

const PROMPT = "podwire> ";

/** What a line answers: text and exit code; null ends the session. */
function answer(cluster: Cluster, line: string): { readonly text: string; readonly code: number } | null {
  const text = line.trim();
  if (text === "" || text.startsWith("#")) return { text: "", code: 0 };
  if (text === "exit" || text === "quit") return null;
  const wait = /^(?:wait|sleep)\s+(\d+(?:\.\d+)?)$/.exec(text);
  if (wait !== null) {
    cluster.run(Math.round(Number(wait[1]) * (SECOND / MS)) * MS);
    return { text: "", code: 0 };
  }
  const place = /^(\S+?)\$\s*(.*)$/.exec(text);
  if (place === null) return cluster.kubectl(text);
  const isNode = cluster.fabric.nodes.some((node) => node.name === place[1]);
  return cluster.exec(isNode ? `node/${place[1]}` : place[1]!, place[2]!);
}

function safely(cluster: Cluster, line: string): { readonly text: string; readonly code: number } | null {
  try {
    return answer(cluster, line);
  } catch (error) {
    if (!isInputError(error)) throw error;
    showProblems(error.problems, false);
    return { text: "", code: 1 };
  }
}

/** Adds the command; `done` takes the exit code of the last line. */
export function shellCommand(program: Command, done: (code: number) => void): void {
  clusterOptions(manifestOptions(program.command("shell").description("a terminal into the cluster: kubectl, nodes, pods"), ["text"]))
    .addHelpText("after", HELP)
    .action(async (options: SharedOptions) => {
      const cluster = bootCluster(options);
      const terminal = process.stdin.isTTY === true;
      const lines = createInterface({ input: process.stdin, output: terminal ? process.stdout : undefined, prompt: PROMPT } as never);
      if (terminal) lines.prompt();
      let code = 0;
      for await (const line of lines) {
        if (!terminal && line.trim() !== "") out(`${PROMPT}${line}\n`);
        const said = safely(cluster, line);
        if (said === null) break;
        code = said.code;
        cluster.settle();
        if (said.text !== "") (said.code === 0 ? out : err)(said.text.endsWith("\n") ? said.text : `${said.text}\n`);
        if (terminal) lines.prompt();
      }
      lines.close();
      done(code);
    });
}
