import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha1 } from "../../src/base/sha1.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("the examples of FIPS 180-4", () => {
  expect(hex(sha1("abc"))).toBe("a9993e364706816aba3e25717850c26c9cd0d89d");
  expect(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))).toBe("84983e441c3bd26ebaae4aa1f95129e5e54670f1");
});

test("every length around the block borders equals node:crypto, UTF-8 too", () => {
  for (let length = 0; length <= 200; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCodePoint(33 + ((i * 31 + length) % 600))).join("");
    expect(hex(sha1(text))).toBe(createHash("sha1").update(text).digest("hex"));
  }
});
