import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeBase64Url } from "../../src/base/base64url.js";
import { sha3224 } from "../../src/base/sha3.js";

test("every length around the block borders equals node:crypto", () => {
  for (let length = 0; length <= 300; length++) {
    const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * 31 + length) % 90))).join("");
    expect(Buffer.from(sha3224(text)).toString("hex")).toBe(createHash("sha3-224").update(text).digest("hex"));
  }
});

test("base64url equals node's", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 73 + length * 11) & 255);
    expect(encodeBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
  }
});
