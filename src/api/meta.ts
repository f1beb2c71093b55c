/*
 * Kubernetes objects as plain, readonly records in their JSON form (times are RFC 3339 text).
 * Read first: k8s.io/apimachinery pkg/apis/meta/v1/types.go. A field that podwire carries
 * without understanding it is `unknown`.
 */

/** Label and annotation maps. */
export type Labels = Readonly<Record<string, string>>;

/** A port number or the name of a container port; also a count or a percentage such as `25%`. */
export type IntOrString = number | string;

/** A resource amount: `250m`, `1Gi`, `2`; a number in a manifest becomes its text. */
export type Quantity = string;

/** The object that an object belongs to. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Metadata of a pod template or a claim template, which has no identity of its own. */
export interface TemplateMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly creationTimestamp?: string;
}

/** Identity, labels and bookkeeping of an object. `name` is empty only while `generateName` waits for the store. */
export interface ObjectMeta extends TemplateMeta {
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly selfLink?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly managedFields?: unknown;
}

/** Every operator of a label selector. */
export const selectorOperators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;
/** One of `selectorOperators`. */
export type SelectorOperator = (typeof selectorOperators)[number];

/** One expression of a label selector. */
export interface LabelSelectorRequirement {
  readonly key: string;
  /** One of {@link selectorOperators} once validated. */
  readonly operator: string;
  readonly values?: readonly string[];
}

/** All of `matchLabels` and all of `matchExpressions` must hold; the empty selector holds for everything. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelSelectorRequirement[];
}

/** Reference to another object, as events, endpoints and claims carry it. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly fieldPath?: string;
}

/** A status condition; which of the times are present depends on the kind. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastProbeTime?: string;
  readonly lastHeartbeatTime?: string;
  readonly lastUpdateTime?: string;
  readonly observedGeneration?: number;
}

/** A condition of the newer form, `metav1.Condition`, whose fields are all required. */
export interface MetaCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** What every object has. */
export interface ObjectOf<ApiVersion extends string, Kind extends string> {
  readonly apiVersion: ApiVersion;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
}
