/*
 * Who may talk to whom under NetworkPolicy, AdminNetworkPolicy and ClusterNetworkPolicy: no packets, no
 * cluster. Objects or plain records become a `PolicyModel`; `verdict` judges one connection, with reasons.
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
