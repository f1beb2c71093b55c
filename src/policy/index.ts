/**
 * Who may talk to whom under NetworkPolicy, AdminNetworkPolicy and ClusterNetworkPolicy: no packets, no
 * cluster. Objects or plain records become a `PolicyModel`; `verdict` judges one connection, with reasons.
 *
 * @packageDocumentation
 */
export * from "./address.js";
export * from "./endpoint.js";
export type * from "./input.js";
export { type Connection, matchingPeer, portMatches, portsMatch, selects } from "./match.js";
export { buildModel, type NodeRecord, PodRecord, PolicyModel, readModel } from "./model.js";
export * from "./oracle.js";
export { podInput, templateInput } from "./pod-input.js";
export * from "./query.js";
export { readPolicyInput } from "./read-input.js";
export * from "./rules.js";
export { defaultSwitches, type PolicySwitches } from "./switches.js";
export { type AllowedPorts, equalPorts, isOpen, type PortRanges } from "./allowed-ports.js";
export { type MatcherVerdict, PolicyMatcher } from "./compile/matcher.js";
export * from "./diff.js";
export * from "./reach.js";
export { type AllPairs, allPairs } from "./compile/all-pairs.js";
export * from "./profiles.js";
export * from "./why.js";
export { readQueries } from "./why-queries.js";
export { applyChange, type PolicyChange, smallestChange } from "./why-change.js";
export type { FailedField } from "./why-fields.js";
export type { MissedField, NearMiss } from "./why-miss.js";
export * from "./check-expectation.js";
export { check, type CheckResult, type FailedExpectation, outcomes, type Violation } from "./check.js";
export { coverage, type Coverage, type CoverageItem, mutationCoverage, type MutationCoverage, queriesOf, type UnnoticedMutant } from "./coverage.js";
export { type Mutant, mutantsOf } from "./coverage-mutants.js";
export type { ObjectEdit } from "./edit-object.js";
export * from "./exposure.js";
export { lint, type Lint } from "./lint.js";
export type { Finding, LintOptions } from "./lint-context.js";
export * from "./show/index.js";
export { admitManifests, admitObjects, type Located, type ManifestFile, type ReadOptions, type ReadResult } from "../api/index.js";
export { formatProblem, type Problem } from "../base/problem.js";
