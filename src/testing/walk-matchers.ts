/** Matchers for walks, for vitest, Jest or anything with `expect.extend`: `expect(answer).toBeDelivered()`. */
import { causeText } from "../observe/narrate.js";
import type { Walk } from "../observe/walk-record.js";

/** What a matcher answers, in the shape that `expect.extend` wants. */
export interface MatcherResult {
  readonly pass: boolean;
  /** Why it passed or failed. */
  message(): string;
}

function told(walk: Walk): string {
  const cause = walk.end.cause === undefined ? "" : ` because of ${causeText(walk.end.cause)}`;
  return `${walk.from.name} -> ${walk.to.asked} was ${walk.verdict}${walk.end.reason === "" ? "" : ` (${walk.end.reason})`}${cause}`;
}

/** The walk arrived and was answered. */
export function toBeDelivered(walk: Walk): MatcherResult {
  return { pass: walk.verdict === "delivered", message: () => told(walk) };
}

/** The walk was dropped; with an object ("NetworkPolicy shop/deny") named, because of that object. */
export function toBeDropped(walk: Walk, by?: string): MatcherResult {
  const blamed = [walk.end.cause, ...(walk.end.also ?? [])].some((cause) => cause?.object === by);
  return { pass: walk.verdict === "dropped" && (by === undefined || blamed), message: () => `${told(walk)}${by === undefined ? "" : `, asked for: dropped by ${by}`}` };
}

/**
 * All matchers for walks.
 *
 * @example
 * ```ts
 * import { walkMatchers } from "podwire/testing";
 * console.log(Object.keys(walkMatchers).join(" ")); // => toBeDelivered toBeDropped
 * ```
 */
export const walkMatchers: { readonly toBeDelivered: typeof toBeDelivered; readonly toBeDropped: typeof toBeDropped } = Object.freeze({ toBeDelivered, toBeDropped });
