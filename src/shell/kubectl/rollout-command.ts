/** `kubectl rollout status`, in the cluster's own time. Read first: kubectl pkg/polymorphichelpers/rollout_status.go. */
import type { DaemonSet, Deployment, StatefulSet } from "../../api/index.js";
import { notFoundWords } from "../../api/index.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { MOST_STEPS } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { wantedOf } from "./resources.js";
import type { KubectlSource } from "./source.js";

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
  const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0) {
    if (updated < replicas - partition) return wait(`Waiting for partitioned roll out to finish: ${updated} out of ${replicas - partition} new pods have been updated...`);
    return end(`partitioned roll out complete: ${updated} new pods have been updated...`);
  }
  if (updateRevision !== currentRevision) return wait(`waiting for statefulset rolling update to complete ${updated} pods at revision ${updateRevision}...`);
  return end(`statefulset rolling update complete ${current} pods at revision ${currentRevision}...`);
}

export function rolloutCommand(line: CommandLine, source: KubectlSource): Output {
  const [verb, ...args] = line.args;
  if (verb !== "status") throw new NotModelled(`kubectl rollout ${verb ?? ""}`.trim());
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
