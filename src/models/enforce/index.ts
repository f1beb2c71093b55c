/** Policy dataplanes: what a cluster asks of one, and the one that is built of iptables chains and ipsets. */
export type * from "./enforce-model.js";
export { policyChains, type EnforceSwitches } from "./policy-chains.js";
