import { any, bool, int64, list, map, named, record, text, time, type Shape } from "./shape.js";

const stringMap: Shape = map(text);

const ownerReference: Shape = record(
  "v1.OwnerReference",
  { apiVersion: text, kind: text, name: text, uid: named("types.UID"), controller: bool, blockOwnerDeletion: bool },
  "apiVersion",
  "kind",
  "name",
  "uid",
);

const metaFields = {
  name: text,
  generateName: text,
  namespace: text,
  labels: stringMap,
  annotations: stringMap,
  finalizers: list(text),
  ownerReferences: list(ownerReference),
  creationTimestamp: time,
  uid: named("types.UID"),
  resourceVersion: text,
  generation: int64,
  selfLink: text,
  deletionTimestamp: time,
  deletionGracePeriodSeconds: int64,
  managedFields: any,
};

export const objectMeta: Shape = record("v1.ObjectMeta", metaFields, "name");
export const templateMeta: Shape = record("v1.ObjectMeta", metaFields);

export const labelSelector: Shape = record("v1.LabelSelector", {
  matchLabels: stringMap,
  matchExpressions: list(
    record(
      "v1.LabelSelectorRequirement",
      { key: text, operator: named("v1.LabelSelectorOperator"), values: list(text) },
      "key",
      "operator",
    ),
  ),
});

export const objectReference: Shape = record("v1.ObjectReference", {
  apiVersion: text,
  kind: text,
  namespace: text,
  name: text,
  uid: named("types.UID"),
  resourceVersion: text,
  fieldPath: text,
});

export const conditions: Shape = list(
  record(
    "v1.Condition",
    {
      type: text,
      status: named("v1.ConditionStatus"),
      reason: text,
      message: text,
      lastTransitionTime: time,
      lastProbeTime: time,
      lastHeartbeatTime: time,
      lastUpdateTime: time,
      observedGeneration: int64,
    },
    "type",
    "status",
  ),
);

/** `metav1.Condition`. */
export const metaConditions: Shape = list(
  record(
    "v1.Condition",
    { type: text, status: text, reason: text, message: text, lastTransitionTime: time, observedGeneration: int64 },
    "type",
    "status",
    "reason",
    "message",
    "lastTransitionTime",
  ),
);

export { stringMap };
