/** Keys against Node's own crypto, and the vectors of RFC 4648 section 10. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../src/base/base64.js";
import { publicKeyOf } from "../../src/base/x25519.js";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

describe("publicKeyOf", () => {
  test("is what Node's crypto computes, any key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(encodeBase64(publicKeyOf(key))).toBe(nodePublicKey(key));
      }),
      { numRuns: 20 },
    );
  });
});

/** PKCS #8 of an X25519 key is a fixed head and the key (RFC 8410 section 7). */
function nodePublicKey(key: Uint8Array): string {
  const der = Buffer.concat([hex("302e020100300506032b656e04220420"), key]);
  const spki = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ format: "der", type: "spki" });
  return spki.subarray(-32).toString("base64");
}

describe("base 64", () => {
  test.each([["", ""], ["f", "Zg=="], ["fo", "Zm8="], ["foo", "Zm9v"], ["foob", "Zm9vYg=="], ["fooba", "Zm9vYmE="], ["foobar", "Zm9vYmFy"]])("%j is %j (RFC 4648 section 10)", (text, coded) => {
    expect(encodeBase64(new TextEncoder().encode(text))).toBe(coded);
    expect(new TextDecoder().decode(decodeBase64(coded)!)).toBe(text);
  });

  test("what is none", () => {
    expect(["Zg=", "Zg", "Z===", "Zm9*"].map(decodeBase64)).toEqual([null, null, null, null]);
  });
});
