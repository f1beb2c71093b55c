/** `kubectl wait`, in the cluster's own time. Read first: kubectl pkg/cmd/wait/wait.go. */
import type { KubeObject } from "../../api/index.js";
import { Ended, NotModelled, type Output } from "../output.js";
import { MOST_STEPS } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { jsonPathText } from "./output/json-path.js";
import type { KubectlSource } from "./source.js";
import { ended, named, quoted, targetsOf } from "./targets.js";

interface Goal {
  /** undefined: the object is gone */
  met(object: KubeObject | undefined): boolean;
  readonly deletes: boolean;
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function goalOf(text: string): Goal {
  if (text.toLowerCase() === "delete") return { deletes: true, met: (object) => object === undefined };
  if (text.toLowerCase() === "create") return { deletes: false, met: (object) => object !== undefined };
  const [, condition, status = "true"] = /^condition=([^=]+)(?:=(.*))?$/.exec(text) ?? [];
  if (condition !== undefined) {
    const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
    return { deletes: false, met: (object) => (object as Conditioned | undefined)?.status?.conditions?.some((each) => same(each.type, condition) && same(each.status, status)) === true };
  }
  const [, path, value] = /^jsonpath=('?\{[^}]*\}'?)(?:=(.*))?$/.exec(text) ?? [];
  if (path === undefined) throw new Ended(1, `error: unrecognized condition: "${text}"`);
  const template = path.replace(/^'(.*)'$/, "$1");
  const told = (object: KubeObject): string => {
    try {
      return jsonPathText(template, object);
    } catch (thrown) {
      if (thrown instanceof Ended) return "";
      throw thrown;
    }
  };
  return { deletes: false, met: (object) => object !== undefined && (value === undefined ? told(object) !== "" : told(object) === value) };
}

/** Seconds of "30s", "5m", "1h"; kubectl waits half a minute unless told otherwise. */
function patience(text: string | undefined): number {
  const [, number, unit] = /^(-?\d+)(s|m|h)?$/.exec(text ?? "30s") ?? [];
  if (number === undefined) throw new Ended(1, `error: invalid argument "${text}" for "--timeout" flag: time: invalid duration "${text}"\nSee 'kubectl wait --help' for usage.`);
  const seconds = Number(number) * (unit === "h" ? 3600 : unit === "m" ? 60 : 1);
  return seconds < 0 ? 7 * 86_400 : seconds;
}

export function waitCommand(line: CommandLine, source: KubectlSource): Output {
  if (source.step === undefined) throw new NotModelled("kubectl wait");
  const goal = goalOf(line.flag("for") ?? "");
  const end = source.now() + patience(line.flag("timeout"));
  const { objects, faults } = targetsOf(line.args, line, source);
  if (objects.length === 0 && faults.length === 0) throw new Ended(1, "error: no matching resources found");
  if (faults.length > 0 && goal.deletes && objects.length === 0) return ended("", []);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const { namespace = "", name, uid } = object.metadata;
    const now = (): KubeObject | undefined => {
      const found = source.get(object.kind, namespace, name);
      return goal.deletes && found?.metadata.uid !== uid ? undefined : found;
    };
    for (let steps = 0; !goal.met(now()) && source.now() <= end && steps < MOST_STEPS; steps++) if (!source.step()) break;
    if (goal.met(now())) text += `${named(object)} condition met\n`;
    else wrong.push(`error: timed out waiting for the condition on ${quoted(object).replace(/ "(.*)"$/, "/$1")}`);
  }
  return ended(text, wrong);
}
