/** A namespace that is to go takes what is in it along, pods last because of their grace. */
import type { Kind } from "../api/index.js";
import { compareText } from "../base/names.js";
import { deleteObject, forget } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import type { Change } from "./store.js";

export const namespaces: Controller = {
  number: CONTROLLER.namespace,

  watch(p: Plane, { type, object }: Change): void {
    const { namespace } = object.metadata;
    if (type !== "DELETED" || namespace === undefined) return;
    if (p.store.get("Namespace", namespace)?.metadata.deletionTimestamp !== undefined)
      p.enqueue(CONTROLLER.namespace, namespace, p.delays.controller);
  },

  sync(p: Plane, name: string): void {
    const namespace = p.store.get("Namespace", name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const inside = [...p.indexes.inNamespace.of(name)].sort(compareText);
    if (inside.length === 0) return forget(p, "Namespace", name);
    for (const full of inside) {
      const [kind, key] = full.split(" ") as [Kind, string];
      deleteObject(p, kind, key);
    }
    if (p.indexes.inNamespace.of(name).size === 0) forget(p, "Namespace", name);
  },
};
