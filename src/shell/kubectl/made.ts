/** What `create`, `run` and `expose` print of an object that they have made: with `--dry-run=client -o yaml` as Go writes its types, empty parts and all. */
import type { CommandLine } from "./command-line.js";
import { jsonText } from "./output/json.js";
import { yamlText } from "./output/yaml.js";

interface Made {
  readonly kind: string;
  readonly metadata: object;
  readonly spec?: Readonly<Record<string, unknown>>;
}

interface Pods {
  readonly containers: readonly object[];
}

const UNTIMED = Object.freeze({ creationTimestamp: null });

/** The text that `-o yaml` or `-o json` asks for; undefined where the command's words are to be said. */
export function printedMade(object: object, line: CommandLine): string | undefined {
  const format = line.flag("output");
  if (format !== "yaml" && format !== "json") return undefined;
  const whole = asGoWrites(object as Made);
  return format === "yaml" ? yamlText(whole) : jsonText(whole);
}

function asGoWrites(object: Made): object {
  const { kind, spec } = object;
  const timed = { ...object, metadata: { ...UNTIMED, ...object.metadata } };
  if (kind === "Namespace") return { ...timed, spec: {}, status: {} };
  if (kind === "Service") return { ...timed, status: { loadBalancer: {} } };
  if (kind === "Pod") return { ...timed, spec: { ...podsAsGo(spec as unknown as Pods), dnsPolicy: "ClusterFirst" }, status: {} };
  if (kind !== "Deployment" && kind !== "Job") return timed;
  const template = spec!["template"] as { readonly metadata?: object; readonly spec: Pods };
  const strategy = kind === "Deployment" ? { strategy: {} } : {};
  return { ...timed, spec: { ...spec, ...strategy, template: { metadata: { ...UNTIMED, ...template.metadata }, spec: podsAsGo(template.spec) } }, status: {} };
}

function podsAsGo(spec: Pods): object {
  return { ...spec, containers: spec.containers.map((container) => ({ ...container, resources: {} })) };
}
