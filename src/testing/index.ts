/**
 * What those who test with podwire use: matchers for walks and for verdicts of policies.
 *
 * @packageDocumentation
 */
export * from "./policy-matchers.js";
export * from "./walk-matchers.js";
