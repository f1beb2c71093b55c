import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ETHERTYPE, PROTO } from "../../src/base/codes.js";
import { SECOND } from "../../src/base/time.js";
import { gatherFragment, splitPacket } from "../../src/linux/fragment.js";
import type { Stack } from "../../src/linux/stack.js";
import { IP_FLAG } from "../../src/packet/columns.js";
import { makeStack, netns } from "./world.js";

function packet(s: Stack, payLen: number): number {
  const p = s.packets.alloc();
  const c = s.packets.c;
  c.etherType[p] = ETHERTYPE.IPV6;
  c.src[p] = s.book.ofText("fd00:1::10");
  c.dst[p] = s.book.ofText("fd00:2::10");
  c.proto[p] = PROTO.ICMP6;
  c.icmpType[p] = 128;
  c.ipId[p] = 7;
  c.payLen[p] = payLen;
  c.ipLen[p] = 48 + payLen;
  return p;
}

const lengths = (s: Stack, rows: readonly number[]): number[] => rows.map((p) => s.packets.c.ipLen[p]!);

describe("IPv6 packets cut in pieces (RFC 8200 4.5)", () => {
  // Seen on Linux 6.18 with an MTU of 1400: echo requests of 1400 and 3000 bytes.
  test.each([
    [1400, [1400, 104]],
    [3000, [1400, 1400, 352]],
  ])("an echo request of %i bytes as the kernel cuts it", (size, expected) => {
    const s = makeStack();
    netns(s, "a");
    expect(lengths(s, splitPacket(s, packet(s, size), 1400, 0))).toEqual(expected);
  });

  test("pieces in any order make the packet again, and nothing is left over", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1300, max: 9000 }), fc.integer({ min: 1280, max: 1500 }), fc.nat(), (size, mtu, turn) => {
        const s = makeStack();
        const ns = netns(s, "a");
        const pieces = splitPacket(s, packet(s, size), mtu, 0);
        for (const p of pieces) expect(s.packets.c.ipLen[p]).toBeLessThanOrEqual(mtu);
        const at = turn % pieces.length;
        const order = [...pieces.slice(at), ...pieces.slice(0, at)];
        const wholes = order.map((p) => gatherFragment(s, p, ns)).filter((p) => p !== 0);
        expect(wholes).toHaveLength(1);
        const { ipLen, frag, payLen } = s.packets.c;
        expect([ipLen[wholes[0]!], frag[wholes[0]!]! & (IP_FLAG.MF | IP_FLAG.OFFSET)]).toEqual([48 + size, 0]);
        if (pieces.length > 1) expect(s.packets.count).toBe(1);
        expect(payLen[wholes[0]!]).toBe(size);
      }),
      { numRuns: 60 },
    );
  });

  test("after a minute without the rest the pieces are given up", () => {
    const s = makeStack();
    const ns = netns(s, "a");
    const [first, ...rest] = splitPacket(s, packet(s, 3000), 1400, 0);
    for (const p of rest) s.packets.release(p);
    expect(gatherFragment(s, first!, ns)).toBe(0);
    s.engine.run(s.engine.now + 59 * SECOND);
    expect(s.packets.count).toBe(1);
    s.engine.run(s.engine.now + 2 * SECOND);
    expect(s.packets.count).toBe(0);
  });
});
