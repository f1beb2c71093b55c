import type { PodRecord, PolicyModel } from "../../policy/model.js";

/** Pods that can be an end of a connection under an address of their own, by namespace. */
export type PodsByNamespace = ReadonlyMap<string, readonly PodRecord[]>;

export function podsByNamespace(model: PolicyModel): PodsByNamespace {
  const index = new Map<string, PodRecord[]>();
  for (const pod of model.pods) {
    if (pod.host || pod.absent !== "" || pod.addresses.length === 0) continue;
    const { namespace } = pod.input;
    const list = index.get(namespace);
    if (list === undefined) index.set(namespace, [pod]);
    else list.push(pod);
  }
  return index;
}
