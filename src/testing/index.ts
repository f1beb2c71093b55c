/**
 * For tests: matchers and generators, without a dependency on any test runner.
 *
 * @packageDocumentation
 */
export { type MatcherResult, toBeDelivered, toBeDropped, walkMatchers } from "./walk-matchers.js";
