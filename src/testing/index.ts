/**
 * What those who test with podwire use: matchers for walks and for verdicts of policies, and the contract of CNIs.
 *
 * @packageDocumentation
 */
export * from "./cni-contract.js";
export * from "./policy-matchers.js";
export * from "./walk-matchers.js";
