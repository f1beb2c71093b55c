/** DELETE as the API server does it: at once, after grace, or after finalizers. */
import type { Kind } from "../api/index.js";
import { timeText } from "./time-text.js";
import { SECOND } from "../base/time.js";
import { CONTROLLER, type Plane } from "./plane.js";

/** Asks for the end of an object; false if there is none. `grace` in seconds, that of the pod unless given; 0 forces. */
export function deleteObject(p: Plane, kind: Kind, key: string, grace?: number): boolean {
  const object = p.store.get(kind, key);
  if (object === undefined) return false;
  if (object.kind === "Pod" && object.spec.nodeName !== undefined && grace !== 0) {
    const seconds = grace ?? object.spec.terminationGracePeriodSeconds ?? 30;
    const until = timeText(p.epoch, p.now + seconds * SECOND);
    if (object.metadata.deletionTimestamp === undefined)
      p.store.update({ ...object, metadata: { ...object.metadata, deletionTimestamp: until, deletionGracePeriodSeconds: seconds } });
    return true;
  }
  if (object.kind === "Namespace") {
    if (object.metadata.deletionTimestamp !== undefined) return true;
    p.store.update({
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: p.time() },
      status: { ...object.status, phase: "Terminating" },
    });
    p.enqueue(CONTROLLER.namespace, key, p.delays.watch + p.delays.controller);
    return true;
  }
  if ((object.metadata.finalizers ?? []).length > 0) {
    if (object.metadata.deletionTimestamp === undefined)
      p.store.update({ ...object, metadata: { ...object.metadata, deletionTimestamp: p.time(), deletionGracePeriodSeconds: 0 } });
    return true;
  }
  forget(p, kind, key);
  return true;
}

/** Takes an object out of the store and out of what was applied. */
export function forget(p: Plane, kind: Kind, key: string): void {
  p.store.remove(kind, key);
  p.applied.delete(`${kind} ${key}`);
}
