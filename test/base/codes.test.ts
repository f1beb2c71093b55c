import { describe, expect, test } from "vitest";
import { DROP, DROP_REASONS, PROTO, PROTO_NAME } from "../../src/base/codes.js";

describe("closed lists", () => {
  test("words and numbers of drop reasons name each other, each with one line of meaning", () => {
    expect(Object.keys(DROP)).toHaveLength(DROP_REASONS.length);
    for (const [word, number] of Object.entries(DROP)) {
      expect(DROP_REASONS[number]!.word).toBe(word);
      expect(DROP_REASONS[number]!.meaning).toMatch(/^[^\n]{5,}$/);
    }
  });

  // Recorded traces hold these numbers.
  test("numbers do not change", () => {
    expect(DROP).toMatchObject({ NOT_DROPPED_YET: 0, NO_SOCKET: 2, NETFILTER_DROP: 6, IP_RPFILTER: 10, VXLAN_VNI_NOT_FOUND: 43, TTL_EXPIRED: 51, UNREACHABLE: 62 });
  });

  test("every protocol has a name, and the lists are frozen", () => {
    for (const number of Object.values(PROTO)) expect(PROTO_NAME[number]).toBeDefined();
    for (const list of [DROP, DROP_REASONS, DROP_REASONS[0], PROTO]) expect(Object.isFrozen(list)).toBe(true);
  });
});
