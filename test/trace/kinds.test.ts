import { expect, test } from "vitest";
import { STEP, STEP_KINDS } from "../../src/trace/kinds.js";

test("words and numbers of step kinds name each other", () => {
  expect(Object.keys(STEP)).toHaveLength(STEP_KINDS.length);
  for (const [word, number] of Object.entries(STEP)) expect(STEP_KINDS[number]!.word).toBe(word);
  for (const list of [STEP, STEP_KINDS, STEP_KINDS[0]]) expect(Object.isFrozen(list)).toBe(true);
});

// Recorded traces hold these numbers.
test("numbers do not change", () => {
  expect(STEP).toMatchObject({ NONE: 0, DEVICE_IN: 1, RULE: 21, DELIVER: 37, DROP: 40, CONSUMED: 44 });
});
