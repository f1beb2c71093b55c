/**
 * podwire: a whole Kubernetes network inside one process.
 *
 * Make a cluster, apply manifests, let it settle, ask questions. Everything is deterministic; asking changes nothing.
 *
 * @packageDocumentation
 */
export { type Cluster, createCluster, type Question, type Settled } from "./cluster/cluster.js";
export { InputError, isInputError } from "./cluster/input-error.js";
export type { ClusterOptions, ClusterPlan, NodeOption } from "./cluster/options.js";
export type { FabricOptions } from "./cluster/fabric.js";
export type { Command, SavedCluster, Timeline } from "./cluster/timeline.js";
export { type RecordedWalk, type Recording, recordedWalk, walk, type WalkQuery } from "./ask/walk.js";
export type { Problem } from "./base/problem.js";
export type * from "./observe/walk-record.js";
