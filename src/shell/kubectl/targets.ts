/** The objects that a changing command is about, how it names them, and how many refusals become one text. */
import { type KindInfo, kindInfo, type KubeObject } from "../../api/index.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { refusalText } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { pick } from "./pick.js";
import { resourceWord, wantedOf } from "./resources.js";
import type { KubectlSource, Refusal } from "./source.js";

export interface Targets {
  readonly objects: readonly KubeObject[];
  /** `Error from server (NotFound): ...` */
  readonly faults: readonly string[];
}

/** What `expose` and `set image` say without arguments. */
export const NO_ARGUMENT: string = `error: You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`;

/** `deployment.apps/web` */
export function named(object: KubeObject): string {
  return `${resourceWord(kindInfo(object.kind))}/${object.metadata.name}`;
}

/** `deployments.apps "web"` */
export function quoted(object: KubeObject): string {
  const { plural, apiVersion }: KindInfo = kindInfo(object.kind);
  const slash = apiVersion.indexOf("/");
  return `${plural}${slash < 0 ? "" : `.${apiVersion.slice(0, slash)}`} "${object.metadata.name}"`;
}

/** What the arguments, `-l` and `--all` name; kinds without a name are refused unless `all` says otherwise. */
export function targetsOf(args: readonly string[], line: CommandLine, source: KubectlSource, all = line.has("all")): Targets {
  if (wantedOf(args).some(({ names }) => names === null) && !all && !line.has("selector") && !line.has("field-selector")) throw new Ended(1, "error: resource(s) were provided, but no name was specified");
  const { picked, faults } = pick({ ...line, args }, source);
  return { objects: picked.flatMap((group) => group.objects), faults };
}

/** Whether nothing is to be stored: `--dry-run`; with what is then said behind the words. */
export function dryRun(line: CommandLine): { readonly only: boolean; readonly words: string } {
  const value = line.flag("dry-run") ?? "none";
  if (["none", "false"].includes(value)) return { only: false, words: "" };
  if (value === "server") return { only: true, words: " (server dry run)" };
  if (["client", "unchanged", "true"].includes(value)) return { only: true, words: " (dry run)" };
  throw new Ended(1, `error: Invalid dry-run value (${value}). Must be "none", "server", or "client".`);
}

/** Stores an object; what stands against it, as kubectl prints it. */
export function store(source: KubectlSource, command: string, object: KubeObject, only = false): string | undefined {
  if (source.update === undefined) throw new NotModelled(`kubectl ${command}`);
  const refused: Refusal | undefined = only ? undefined : source.update(object);
  return refused === undefined ? undefined : refusalText(refused);
}

/** kubectl's way with errors: one is told as `error: ...`, several line by line. */
export function ended(text: string, faults: readonly string[]): Output {
  if (faults.length === 0) return said(text);
  const own = (fault: string): boolean => !/^(Error from server|The .* is invalid|error: )/.test(fault);
  const all = faults.map((fault) => `${faults.length === 1 && own(fault) ? "error: " : ""}${fault.replace(/\n$/, "")}\n`).join("");
  return failed(1, text + all);
}
