import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeBase32 } from "../../src/base/base32.js";
import { sha224, sha256 } from "../../src/base/sha256.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("sha256", () => {
  test("the examples of FIPS 180-4", () => {
    expect(hex(sha256("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))).toBe(
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    );
    expect(hex(sha256(""))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  test("SHA-224 of every length around the block borders equals node:crypto", () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
      expect(hex(sha224(bytes))).toBe(createHash("sha224").update(bytes).digest("hex"));
    }
  });

  test("every length around the block borders equals node:crypto", () => {
    for (let length = 0; length <= 260; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
      expect(hex(sha256(bytes)), `length ${length}`).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });

  test("any bytes and any text equal node:crypto", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 400 }),
          fc.string({ unit: "binary" }).map((s) => s.toWellFormed()),
        ),
        (message) => {
          expect(hex(sha256(message))).toBe(createHash("sha256").update(message).digest("hex"));
        },
      ),
    );
  });
});

describe("encodeBase32", () => {
  test("the vectors of RFC 4648 section 10", () => {
    const vectors = {
      "": "",
      f: "MY======",
      fo: "MZXQ====",
      foo: "MZXW6===",
      foob: "MZXW6YQ=",
      fooba: "MZXW6YTB",
      foobar: "MZXW6YTBOI======",
    };
    for (const [plain, text] of Object.entries(vectors)) expect(encodeBase32(Buffer.from(plain))).toBe(text);
  });

  test("decodes to the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const text = encodeBase32(bytes);
        let value = 0n;
        const body = text.replace(/=+$/, "");
        for (const char of body) value = (value << 5n) | BigInt("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(char));
        value >>= BigInt(body.length * 5 - bytes.length * 8);
        let expected = 0n;
        for (const byte of bytes) expected = (expected << 8n) | BigInt(byte);
        expect(value).toBe(expected);
        expect(text.length % 8).toBe(0);
      }),
    );
  });
});
