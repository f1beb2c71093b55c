/** Dependents go after their owners. Read first: kubernetes `pkg/controller/garbagecollector/garbagecollector.go`. */
import type { Kind } from "../api/index.js";
import { compareText } from "../base/names.js";
import { deleteObject } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import type { Change } from "./store.js";

export const garbage: Controller = {
  number: CONTROLLER.garbage,

  watch(p: Plane, { type, object }: Change): void {
    const { uid = "" } = object.metadata;
    if (type === "DELETED" && p.indexes.owned.of(uid).size > 0) p.enqueue(CONTROLLER.garbage, uid, p.delays.controller);
  },

  sync(p: Plane, uid: string): void {
    for (const full of [...p.indexes.owned.of(uid)].sort(compareText)) {
      const [kind, key] = full.split(" ") as [Kind, string];
      const object = p.store.get(kind, key);
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) continue;
      const others = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
      if (others.length === 0) deleteObject(p, kind, key);
      else p.store.update({ ...object, metadata: { ...object.metadata, ownerReferences: others } });
    }
  },
};
