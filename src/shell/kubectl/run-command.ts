/** `kubectl run`: one pod; with `-it` a session in it, which runs the lines that stand on standard input. */
import { readObjects } from "../../api/index.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { splitWords } from "../words.js";
import { refusalText, waitUntil } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { printedMade } from "./made.js";
import { isRefusal, type KubectlSource } from "./source.js";
import { dryRun } from "./targets.js";

const SHELLS: readonly string[] = ["sh", "bash", "ash", "/bin/sh", "/bin/bash"];

export function runCommand(line: CommandLine, source: KubectlSource, input: string | undefined): Output {
  const { apply, exec } = source;
  if (apply === undefined || exec === undefined) throw new NotModelled("kubectl run");
  const [name] = line.args;
  const image = line.flag("image");
  if (image === undefined) throw new Ended(1, 'error: required flag(s) "image" not set');
  if (name === undefined) throw new Ended(1, "error: NAME is required for run\nSee 'kubectl run -h' for help and examples");
  const attached = line.has("stdin") || line.has("tty");
  if (line.has("rm") && !attached) throw new Ended(1, "error: --rm should only be used for attached containers");
  const namespace = line.flag("namespace") ?? "default";
  const command = line.rest.length > 0 ? line.rest : SHELLS.slice(0, 1);
  const port = line.flag("port");
  const labels = Object.fromEntries((line.flag("labels") ?? `run=${name}`).split(",").map((pair) => pair.split("=") as [string, string]));
  const env = line.flags("env").map((pair) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined) throw new Ended(1, `error: invalid env: ${pair}`);
    return { name: key, value: value! };
  });
  const container = {
    name,
    image,
    ...(port === undefined ? {} : { ports: [{ containerPort: Number(port) }] }),
    ...(env.length === 0 ? {} : { env }),
    ...(line.rest.length === 0 ? {} : line.has("command") ? { command: line.rest } : { args: line.rest }),
    ...(attached ? { stdin: true, tty: line.has("tty") } : {}),
  };
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, labels }, spec: { containers: [container], restartPolicy: line.flag("restart") ?? "Always" } };
  const { only, words } = dryRun(line);
  if (only) {
    const { namespace: _, ...metadata } = pod.metadata;
    return said(printedMade(line.flag("namespace") === undefined ? { ...pod, metadata } : pod, line) ?? `pod/${name} created${words}\n`);
  }
  const [located] = readObjects([pod], {}).objects;
  if (located === undefined) throw new Ended(1, `error: Invalid image name "${image}": invalid reference format`);
  if (source.get("Pod", namespace, name) !== undefined) return failed(1, `Error from server (AlreadyExists): pods "${name}" already exists\n`);
  const made = apply.call(source, located);
  if (isRefusal(made)) return failed(1, refusalText(made));
  if (!attached) return said(`pod/${name} created\n`);
  const runs = (): boolean => {
    const found = source.get("Pod", namespace, name);
    return found?.kind === "Pod" && found.status?.phase === "Running";
  };
  if (!waitUntil(source, runs)) return failed(1, "error: timed out waiting for the condition\n");
  const { text, code } = session(source, namespace, name, command, input ?? "");
  const end = line.has("rm") ? removed(source, namespace, name) : "";
  return code === 0 ? said(text + end) : failed(code, text + end);
}

/** A shell runs its input line by line, until one says exit; any other command runs once. */
function session(source: KubectlSource, namespace: string, name: string, command: readonly string[], input: string): { readonly text: string; readonly code: number } {
  const run = (words: readonly string[]): Output => source.exec!(namespace, name, undefined, words);
  if (!SHELLS.includes(command[0]!) || command.length > 1) return run(command);
  let text = "If you don't see a command prompt, try pressing enter.\n";
  let code = 0;
  for (const words of input.split("\n").map((each) => splitWords(each) ?? [])) {
    if (words.length === 0) continue;
    if (words[0] === "exit") break;
    const out = run(words);
    text += out.text;
    code = out.code;
  }
  return { text, code };
}

function removed(source: KubectlSource, namespace: string, name: string): string {
  source.delete?.("Pod", namespace, name, undefined);
  waitUntil(source, () => source.get("Pod", namespace, name) === undefined);
  return `pod "${name}" deleted\n`;
}
