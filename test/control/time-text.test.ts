import fc from "fast-check";
import { expect, test } from "vitest";
import { timeText } from "../../src/control/time-text.js";

test("says what the host's calendar says, cut to seconds", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7_258_118_400 }), fc.integer({ min: 0, max: 2 ** 53 - 1 }), (epoch, ns) => {
      const instant = new Date((epoch + Math.floor(ns / 1e9)) * 1000);
      expect(timeText(epoch, ns)).toBe(instant.toISOString().replace(".000Z", "Z"));
    }),
  );
});
