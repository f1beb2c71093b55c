/** `kubectl rollout`: what is still to come, and what changes it. Read first: kubectl pkg/cmd/rollout and pkg/polymorphichelpers/rollout_status.go. */
import { type DaemonSet, type Deployment, kindInfo, type KubeObject, notFoundWords, type StatefulSet } from "../../api/index.js";
import { sameData } from "../../base/same-data.js";
import { timeText } from "../../control/time-text.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { MOST_STEPS } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { helpText } from "./help.js";
import { wantedOf } from "./resources.js";
import { historyText, isRolled, rolledBack } from "./rollout-history.js";
import type { KubectlSource } from "./source.js";
import { dryRun, ended, named, quoted, store, targetsOf } from "./targets.js";

const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

interface Progress {
  readonly message: string;
  readonly done: boolean;
  readonly error?: string;
}

const wait = (message: string): Progress => ({ message: `${message}\n`, done: false });
const end = (message: string): Progress => ({ message: `${message}\n`, done: true });

/** What is still to come of a Deployment. */
export function deploymentProgress({ metadata, spec, status = {} }: Deployment): Progress {
  const { name, generation = 0 } = metadata;
  if (generation > (status.observedGeneration ?? 0)) return wait("Waiting for deployment spec update to be observed...");
  if ((status.conditions ?? []).some((c) => c.type === "Progressing" && c.reason === "ProgressDeadlineExceeded")) {
    return { message: "", done: true, error: `error: deployment "${name}" exceeded its progress deadline\n` };
  }
  const { replicas = 0, updatedReplicas: updated = 0, availableReplicas: available = 0 } = status;
  const waiting = `Waiting for deployment "${name}" rollout to finish:`;
  if (updated < (spec.replicas ?? 1)) return wait(`${waiting} ${updated} out of ${spec.replicas ?? 1} new replicas have been updated...`);
  if (replicas > updated) return wait(`${waiting} ${replicas - updated} old replicas are pending termination...`);
  if (available < updated) return wait(`${waiting} ${available} of ${updated} updated replicas are available...`);
  return end(`deployment "${name}" successfully rolled out`);
}

function daemonSetProgress({ metadata, spec, status }: DaemonSet): Progress {
  const { name, generation = 0 } = metadata;
  if ((spec.updateStrategy?.type ?? "RollingUpdate") !== "RollingUpdate") return { message: "", done: true, error: "error: rollout status is only available for RollingUpdate strategy type\n" };
  if (generation > (status?.observedGeneration ?? 0)) return wait("Waiting for daemon set spec update to be observed...");
  const { desiredNumberScheduled: desired = 0, updatedNumberScheduled: updated = 0, numberAvailable: available = 0 } = status ?? {};
  const waiting = `Waiting for daemon set "${name}" rollout to finish:`;
  if (updated < desired) return wait(`${waiting} ${updated} out of ${desired} new pods have been updated...`);
  if (available < desired) return wait(`${waiting} ${available} of ${desired} updated pods are available...`);
  return end(`daemon set "${name}" successfully rolled out`);
}

function statefulSetProgress({ metadata, spec, status }: StatefulSet): Progress {
  const { generation = 0 } = metadata;
  const { replicas = 1, updateStrategy } = spec;
  if ((updateStrategy?.type ?? "RollingUpdate") !== "RollingUpdate") return { message: "", done: true, error: "error: rollout status is only available for RollingUpdate strategy type\n" };
  if (generation > (status?.observedGeneration ?? 0)) return wait("Waiting for statefulset spec update to be observed...");
  const { readyReplicas: ready = 0, updatedReplicas: updated = 0, currentReplicas: current = 0, updateRevision = "", currentRevision = "" } = status ?? {};
  if (ready < replicas) return wait(`Waiting for ${replicas - ready} pods to be ready...`);
  if (updateStrategy?.rollingUpdate !== undefined) {
    const { partition = 0 } = updateStrategy.rollingUpdate;
    if (updated < replicas - partition) return wait(`Waiting for partitioned roll out to finish: ${updated} out of ${replicas - partition} new pods have been updated...`);
    return end(`partitioned roll out complete: ${updated} new pods have been updated...`);
  }
  if (updateRevision !== currentRevision) return wait(`waiting for statefulset rolling update to complete ${updated} pods at revision ${updateRevision}...`);
  return end(`statefulset rolling update complete ${current} pods at revision ${currentRevision}...`);
}

/** `restart`, `pause`, `resume`: the object as it is to be, or why not. */
function changed(verb: string, object: KubeObject, source: KubectlSource): KubeObject | string {
  if (verb === "restart") {
    if (!isRolled(object)) return "restarting is not supported";
    if (object.kind === "Deployment" && object.spec.paused === true) return "can't restart paused deployment (run rollout resume first)";
    const { metadata = {}, ...template } = object.spec.template;
    const annotations = { ...metadata.annotations, [RESTARTED_AT]: timeText(source.now(), 0) };
    return { ...object, spec: { ...object.spec, template: { ...template, metadata: { ...metadata, annotations } } } } as KubeObject;
  }
  if (object.kind !== "Deployment") return verb === "pause" ? "pausing is not supported" : "resuming is not supported";
  const paused = object.spec.paused === true;
  if (verb === "pause") return paused ? "is already paused" : { ...object, spec: { ...object.spec, paused: true } };
  if (!paused) return "is not paused";
  const { paused: _, ...spec } = object.spec;
  return { ...object, spec };
}

const WORDS: Readonly<Record<string, string>> = { restart: "restarted", pause: "paused", resume: "resumed" };

function changeRollout(verb: string, args: readonly string[], line: CommandLine, source: KubectlSource): Output {
  const { objects, faults } = targetsOf(args, line, source, true);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const next = changed(verb, object, source);
    const fault = typeof next === "string" ? `error: ${quoted(object)} ${next}` : store(source, `rollout ${verb}`, next);
    if (typeof next !== "string" && sameData(next, object)) wrong.push(`failed to create patch for ${object.metadata.name}: empty patch`);
    if (fault !== undefined) wrong.push(fault);
    else text += `${named(object)} ${WORDS[verb]}\n`;
  }
  return ended(text, wrong);
}

function showHistory(args: readonly string[], line: CommandLine, source: KubectlSource): Output {
  const wanted = Number(line.flag("revision") ?? 0);
  if (wanted < 0) throw new Ended(1, `error: revision must be a positive integer: ${wanted}`);
  const { objects, faults } = targetsOf(args, line, source, true);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const told = isRolled(object) ? historyText(object, wanted, source) : { error: `no history viewer has been implemented for "${groupKind(object)}"` };
    if (typeof told === "string") text += `${named(object)} ${wanted > 0 ? `with revision #${wanted}` : ""}\n${told}\n`;
    else wrong.push(told.error);
  }
  return ended(text, wrong);
}

function undo(args: readonly string[], line: CommandLine, source: KubectlSource): Output {
  const { objects, faults } = targetsOf(args, line, source, true);
  const { only, words } = dryRun(line);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const back = isRolled(object) ? rolledBack(object, Number(line.flag("to-revision") ?? 0), source) : { error: `no rollbacker has been implemented for "${groupKind(object)}"` };
    const fault = "error" in back ? back.error : "object" in back ? store(source, "rollout undo", back.object, only) : undefined;
    if (fault !== undefined) wrong.push(fault);
    else text += `${named(object)} ${"skipped" in back ? back.skipped : "rolled back"}${words}\n`;
  }
  return ended(text, wrong);
}

/** `Pod`, `ReplicaSet.apps` */
function groupKind({ kind }: KubeObject): string {
  const { apiVersion } = kindInfo(kind);
  return apiVersion.includes("/") ? `${kind}.${apiVersion.slice(0, apiVersion.indexOf("/"))}` : kind;
}

export function rolloutCommand(line: CommandLine, source: KubectlSource): Output {
  const [verb, ...args] = line.args;
  if (verb === undefined) throw new Ended(1, helpText(["rollout"]));
  if (!["history", "pause", "restart", "resume", "status", "undo"].includes(verb)) throw new Ended(1, `error: unknown command "${verb}"\nSee 'kubectl rollout -h' for help and examples`);
  if (verb !== "status" && args.length === 0) throw new Ended(1, "error: required resource not specified");
  if (verb === "history") return showHistory(args, line, source);
  if (verb === "undo") return undo(args, line, source);
  if (verb !== "status") return changeRollout(verb, args, line, source);
  if (args.length === 0) throw new Ended(1, "error: required resource not specified");
  const wanted = wantedOf(args)[0]!;
  const name = wanted.names?.[0];
  if (name === undefined) throw new NotModelled("kubectl rollout status without a name");
  const { kind } = wanted.info;
  if (kind !== "Deployment" && kind !== "DaemonSet" && kind !== "StatefulSet") throw new Ended(1, `error: no status viewer has been implemented for ${kind}`);
  const namespace = line.flag("namespace") ?? "default";
  const progress = (): Progress | undefined => {
    const object = source.get(kind, namespace, name);
    if (object?.kind === "Deployment") return deploymentProgress(object);
    if (object?.kind === "DaemonSet") return daemonSetProgress(object);
    return object?.kind === "StatefulSet" ? statefulSetProgress(object) : undefined;
  };
  let text = "";
  let last = "";
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const now = progress();
    if (now === undefined) return failed(1, `${text}Error from server (NotFound): ${notFoundWords(wanted.info, name)}\n`);
    if (now.message !== last) text += now.message;
    last = now.message;
    if (now.error !== undefined) return failed(1, text + now.error);
    if (now.done || line.flag("watch") === "false") return said(text);
    if (source.step?.() !== true) break;
  }
  return failed(1, `${text}error: timed out waiting for the condition\n`);
}
