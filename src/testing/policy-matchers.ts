/*
 * Matchers for policy tests: `expect(model).toAllow({ from: "shop/web", to: "shop/cart", port: 7070 })`. They
 * are handed to the test runner's own `expect`; nothing of vitest or jest is imported.
 */
import { type PolicyModel, readQuery, type TextQuery, why, whyText } from "../policy/index.js";
import type { MatcherResult } from "./walk-matchers.js";

/** A connection to ask about, or several. */
export type PolicyMatcherFunction = (model: PolicyModel, query: TextQuery | readonly TextQuery[]) => MatcherResult;

/** What `policyMatchers` holds, for `expect.extend`. */
export interface PolicyMatchers {
  /** Every connection is allowed. */
  readonly toAllow: PolicyMatcherFunction;
  /** No connection is allowed. */
  readonly toDeny: PolicyMatcherFunction;
}

/** The methods that `expect(model)` gains, for a declaration that merges them into the runner's own types. */
export interface PolicyAssertions<R = void> {
  /** Every connection is allowed. */
  toAllow(query: TextQuery | readonly TextQuery[]): R;
  /** No connection is allowed. */
  toDeny(query: TextQuery | readonly TextQuery[]): R;
}

/** For `expect.extend`. An end or port that does not exist fails either matcher, also under `.not`. */
export const policyMatchers: PolicyMatchers = Object.freeze({
  toAllow: (model: PolicyModel, query: TextQuery | readonly TextQuery[]) => judge(model, query, true),
  toDeny: (model: PolicyModel, query: TextQuery | readonly TextQuery[]) => judge(model, query, false),
});

/** Gives an `expect` the matchers `toAllow` and `toDeny`. */
export function extendExpect(expect: { extend(matchers: Record<string, PolicyMatcherFunction>): void }): void {
  expect.extend({ ...policyMatchers });
}

function judge(model: PolicyModel, query: TextQuery | readonly TextQuery[], wanted: boolean): MatcherResult {
  const queries: readonly TextQuery[] = Array.isArray(query) ? query : [query as TextQuery];
  const answers = queries.map((each) => {
    const read = readQuery(model, each);
    if ("code" in read) throw new TypeError(`${each.from} -> ${each.to}:${each.port}: ${read.message}`);
    return why(model, read);
  });
  const against = answers.filter((each) => each.allowed !== wanted);
  const pass = against.length === 0;
  const shown = pass ? answers : against;
  return { pass, message: () => shown.map(whyText).join("\n\n") };
}
