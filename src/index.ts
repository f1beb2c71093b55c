/**
 * podwire: a whole Kubernetes network inside one process.
 *
 * Make a cluster, apply manifests, let it settle, ask questions. Everything is deterministic; asking changes nothing.
 * The questions about policies (`reach`, `why`, `diff`, `check`, `lint`) need no cluster: they take what `readModel`
 * makes of manifests. `podwire/policy` has all of them.
 *
 * @packageDocumentation
 */
export { type Cluster, createCluster, type Question, type Settled } from "./cluster/cluster.js";
export type { Cable } from "./cluster/fabric-builder.js";
export type { Fabric, FabricNode, FabricOptions } from "./cluster/fabric.js";
export { InputError, isInputError } from "./cluster/input-error.js";
export type { DnsOptions, DnsPlan } from "./cluster/dns-words.js";
export { type ClusterOptions, type ClusterPlan, type NodeOption, optionsOfKind } from "./cluster/options.js";
export type { BalancerPlan } from "./cluster/balancer-words.js";
export type { IpvsWords } from "./cluster/proxy-words.js";
export type { Command, Rewindable, SavedCluster, Timeline } from "./cluster/timeline.js";
export type { World } from "./cluster/world.js";
export type { ProbeQuery } from "./cluster/probe.js";
export type { Recording } from "./cluster/recording.js";
export { type RecordedWalk, recordedWalk, walk, type WalkQuery } from "./ask/walk.js";
export type { Source, Destination, DestinationHints } from "./ask/target.js";
export { type FlowAnswer, flowsOfConfig } from "./ask/rules-flows.js";
export { type RulesForm, type RulesMode, rulesOfConfig, rulesOfNode } from "./ask/rules.js";
export { exportLab, type LabOptions } from "./ask/export-lab.js";
export type { LabProbe } from "./ask/export-probe.js";
export type * from "./observe/walk-record.js";
export { narrate, summarize } from "./observe/narrate.js";
export { check, diff, exposure, lint, reach, readExpectations, readModel, readQueries, readQuery, type TextQuery, why } from "./policy/index.js";
export { admitManifests, admitObjects, readKindConfig, readManifests, readObjects } from "./api/index.js";
export { clusterFamilies } from "./api/index.js";
export type { ClusterFamily, ConfigResult, KindConfig, KubeProxyIpvs, ManifestFile, NodeConfig, PortMapping, ReadOptions, ReadResult } from "./api/index.js";
export type { Kind, KubeObject, ObjectOfKind } from "./api/kinds.js";
export type { Located, SourceRef } from "./api/located.js";
export type * from "./api/calico-api.js";
export type * from "./api/metallb-api.js";
export type * from "./api/apps.js";
export type * from "./api/batch.js";
export type * from "./api/core.js";
export type * from "./api/discovery.js";
export type * from "./api/meta.js";
export type * from "./api/networking.js";
export type * from "./api/pod.js";
export type * from "./api/policy-api.js";
export { formatProblem, type Problem } from "./base/problem.js";
export type { ApplyOptions, Change, ControlPlane, ControlPlaneOptions, Delays, NodeLocalDns, PlaneNode, ProgramChoice, TemplateRevision } from "./control/index.js";
export type { EventRecord } from "./control/event-log.js";
export { type LabResult, type Output, runLab } from "./shell/index.js";
