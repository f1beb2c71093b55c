/** Which objects a command is about: `pods,svc`, `pod web`, `deploy/web svc/api`. Read first: cli-runtime pkg/resource/builder.go. */
import { type Kind, type KindInfo, kindInfo, kinds } from "../../api/index.js";
import { Ended } from "../output.js";

/** One kind, and the names asked for; null: all of them. */
export interface Wanted {
  readonly info: KindInfo;
  readonly names: readonly string[] | null;
}

/** What `all` stands for, in its order. */
const ALL: readonly Kind[] = ["Pod", "ReplicationController", "Service", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet", "CronJob", "Job"];

/** `pod`, `pods`, `po`, `Pod`, `deployments.apps`, `deployments.v1.apps`. */
export function findResource(word: string): KindInfo {
  const [name = "", ...group] = word.toLowerCase().split(".");
  const found = kinds.find((info) => {
    const of = info.apiVersion.includes("/") ? info.apiVersion.slice(0, info.apiVersion.indexOf("/")) : "";
    const version = info.apiVersion.slice(info.apiVersion.indexOf("/") + 1);
    const wanted = group.join(".");
    // Of two kinds with one word, the one with a group of its own is asked for by its group.
    if (info.written !== undefined && wanted === "") return false;
    return (name === info.plural || name === info.kind.toLowerCase() || info.shortNames.includes(name)) && ["", of, `${version}.${of}`, `${version}.`].includes(wanted);
  });
  if (found === undefined) throw new Ended(1, `error: the server doesn't have a resource type "${word}"`);
  return found;
}

/** `deployment.apps`: how printed names say the kind. */
export function resourceWord(info: KindInfo): string {
  const slash = info.apiVersion.indexOf("/");
  return info.kind.toLowerCase() + (slash < 0 ? "" : `.${info.apiVersion.slice(0, slash)}`);
}

const SINGLE = "arguments in resource/name form must have a single resource and name";
const NO_SEPARATE =
  "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'";

/** What the arguments ask for, in their order. */
export function wantedOf(args: readonly string[]): readonly Wanted[] {
  if (args.some((arg) => arg.includes("/"))) return bySlash(args);
  const [types = "", ...names] = args;
  const infos = types.split(",").filter((type) => type !== "").flatMap((type) => (type === "all" ? ALL.map(kindInfo) : [findResource(type)]));
  return infos.map((info) => ({ info, names: names.length === 0 ? null : names }));
}

function bySlash(args: readonly string[]): readonly Wanted[] {
  return args.map((arg) => {
    if (!arg.includes("/")) throw new Ended(1, `error: ${NO_SEPARATE}`);
    const [type = "", name = "", ...more] = arg.split("/");
    if (type === "" || name === "" || more.length > 0) throw new Ended(1, `error: ${SINGLE}`);
    return { info: findResource(type), names: [name] };
  });
}
