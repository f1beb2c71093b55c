/** Status conditions: a change of status moves the transition time, anything else does not. */
import { extended } from "../base/extended.js";
import type { Condition } from "../api/index.js";

/** The list with one condition set; the time moves only if its status differs from before. */
export function withCondition(list: readonly Condition[] | undefined, condition: Condition, now: string): readonly Condition[] {
  const conditions = list ?? [];
  const old = conditions.find((each) => each.type === condition.type);
  const time = old !== undefined && old.status === condition.status ? (old.lastTransitionTime ?? now) : now;
  const fresh: Condition = extended(condition, { lastTransitionTime: time });
  return old === undefined ? [...conditions, fresh] : conditions.map((each) => (each === old ? fresh : each));
}

export function conditionStatus(list: readonly Condition[] | undefined, type: string): string | undefined {
  return list?.find((each) => each.type === type)?.status;
}
