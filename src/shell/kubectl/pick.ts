/** Objects of a source by name, selector and field selector, with the API server's refusals. */
import { type KindInfo, type KubeObject, matches, notFoundWords, parseSelector } from "../../api/index.js";
import { Ended } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { wantedOf, type Wanted } from "./resources.js";
import type { KubectlSource } from "./source.js";

/** Objects of one kind, found together. */
export interface Picked {
  readonly info: KindInfo;
  readonly named: boolean;
  readonly objects: readonly KubeObject[];
}

export interface PickResult {
  readonly picked: readonly Picked[];
  /** `Error from server (NotFound): ...` of each name that is none */
  readonly faults: readonly string[];
}

export const NO_NAMESPACE = "";

/** The namespace a command works in; "" for all. */
export function namespaceOf(line: CommandLine): string {
  return line.has("all-namespaces") ? NO_NAMESPACE : (line.flag("namespace") ?? "default");
}

export function objectsOf(source: KubectlSource, info: KindInfo, namespace: string): readonly KubeObject[] {
  return info.kind === "Event" ? source.events().filter((event) => namespace === NO_NAMESPACE || event.metadata.namespace === namespace) : source.list(info.kind, info.namespaced ? namespace : NO_NAMESPACE);
}

/** What the arguments, `-n`, `-A`, `-l` and `--field-selector` name. */
export function pick(line: CommandLine, source: KubectlSource): PickResult {
  const wanted = wantedOf(line.args);
  const named = wanted.some((each) => each.names !== null);
  if (named && line.has("selector")) throw new Ended(1, "error: name cannot be provided when a selector is specified");
  if (named && line.has("all-namespaces")) throw new Ended(1, "error: a resource cannot be retrieved by name across all namespaces");
  const test = testOf(line, wanted[0]!.info);
  const namespace = namespaceOf(line);
  const faults: string[] = [];
  const picked = wanted.map(({ info, names }: Wanted): Picked => {
    if (names === null) return { info, named: false, objects: objectsOf(source, info, namespace).filter(test) };
    const objects = names.flatMap((name) => {
      const found = info.kind === "Event" ? objectsOf(source, info, namespace).find((e) => e.metadata.name === name) : source.get(info.kind, info.namespaced ? namespace : NO_NAMESPACE, name);
      if (found === undefined && !line.has("ignore-not-found")) faults.push(`Error from server (NotFound): ${notFoundWords(info, name)}`);
      return found === undefined ? [] : [found];
    });
    return { info, named: true, objects };
  });
  return { picked, faults };
}

/** The test of `-l` and `--field-selector`. */
function testOf(line: CommandLine, info: KindInfo): (object: KubeObject) => boolean {
  const text = line.flag("selector");
  const parsed = parseSelector(text ?? "");
  if (!parsed.ok) throw new Ended(1, `Error from server (BadRequest): Unable to find "${info.apiVersion.includes("/") ? "" : "/"}${info.apiVersion}, Resource=${info.plural}" that match label selector "${text}", field selector "": ${parsed.message}`);
  const fields = (line.flag("field-selector") ?? "").split(",").filter((part) => part !== "").map(fieldTest);
  return (object) => (text === undefined || matches(parsed.selector, object.metadata.labels ?? {})) && fields.every((holds) => holds(object));
}

function fieldTest(part: string): (object: KubeObject) => boolean {
  const found = /^([^!=]+)(!=|==|=)(.*)$/.exec(part);
  if (found === null) throw new Ended(1, `Error from server (BadRequest): invalid field selector: ${part}`);
  const [, path = "", operator, value = ""] = found;
  return (object) => (String(fieldAt(object, path) ?? "") === value) === (operator !== "!=");
}

/** The value at `.metadata.name`, or undefined. */
export function fieldAt(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.replace(/^\./, "").split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return value;
}
