import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha512Hex } from "../../src/base/sha512.js";

test("the examples of FIPS 180-4, and every length around the block borders, equal node:crypto", () => {
  const texts = ["abc", "", "cbr0c1", ...Array.from({ length: 260 }, (_, length) => "x".repeat(length)), "ä€𝄞".repeat(20)];
  for (const text of texts) expect(sha512Hex(text), `length ${text.length}`).toBe(createHash("sha512").update(text).digest("hex"));
});
