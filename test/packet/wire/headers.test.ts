import { describe, expect, test } from "vitest";
import {
  checksumOf,
  decodeFrame,
  halves,
  MALFORMED,
  malformedWords,
  sumOf,
  TCP_SEGMENT_OPTIONS,
  TCP_SYN_OPTIONS,
} from "../../../src/packet/index.js";
import { Bench, type Spec } from "./frames.js";

const NOTHING = new Uint8Array(0);
const LINK = { macSrc: 0x020000000001, macDst: 0x020000000002, etherType: 0x0800 };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function decode(bench: Bench, bytes: Uint8Array): number {
  return decodeFrame(bench.pk, bench.payloads, bench.book, bytes);
}

/** A header checksum set right again after a change. */
function resum(bytes: Uint8Array, at: number, length: number): void {
  bytes[at + 10] = bytes[at + 11] = 0;
  const sum = checksumOf(sumOf(bytes, at, at + length));
  bytes[at + 10] = sum >>> 8;
  bytes[at + 11] = sum & 0xff;
}

describe("headers", () => {
  test("the sum of RFC 1071's example", () => {
    // RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2.
    expect(sumOf(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7), 0, 8)).toBe(0xddf2);
    expect(checksumOf(halves(0x0001f203) + halves(0xf4f5f6f7 | 0))).toBe(~0xddf2 & 0xffff);
  });

  test("a Linux SYN is 60 bytes of IP and its options stand in Linux's order; other segments are 52", () => {
    const bench = new Bench();
    const tcp = { ...LINK, proto: 6, ttl: 64, frag: 0x4000, sport: 40000, dport: 80, seq: 1, window: 64860 };
    const syn = { ...tcp, flags: 2, mss: 1410, wscale: 7, tsval: 0x11223344, optLen: TCP_SYN_OPTIONS, ipLen: 60 };
    const bytes = bench.encode(bench.make({ fields: syn, src: "10.244.1.2", dst: "10.244.2.3", bytes: NOTHING }));
    expect(bytes.length).toBe(14 + 60);
    // MSS 1410, SACK permitted, timestamps, NOP, window scale 7: what tcpdump shows of a pod's SYN.
    expect(hex(bytes.slice(54))).toBe("020405820402080a112233440000000001030307");
    expect(hex(bytes.slice(46, 50))).toBe("a002fd5c");
    const ack = { ...tcp, flags: 16, tsval: 5, tsecr: 6, optLen: TCP_SEGMENT_OPTIONS, ipLen: 52 };
    const segment = bench.encode(bench.make({ fields: ack, src: "10.244.1.2", dst: "10.244.2.3", bytes: NOTHING }));
    expect(hex(segment.slice(54))).toBe("0101080a0000000500000006");
  });

  const echo: Spec = {
    fields: { ...LINK, proto: 1, ttl: 64, icmpType: 8, sport: 7, dport: 1, ipLen: 36 },
    src: "192.168.0.1",
    dst: "192.168.0.199",
    bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  };

  test("IPv4 options are skipped", () => {
    const bench = new Bench();
    const p = bench.make(echo);
    const plain = bench.encode(p);
    const bytes = new Uint8Array(plain.length + 8).fill(1);
    bytes.set(plain.slice(0, 34));
    bytes.set(plain.slice(34), 42);
    bytes[14] = 0x47;
    bytes[17] = 44;
    resum(bytes, 14, 28);
    expect(bench.said(decode(bench, bytes))).toEqual(bench.said(p));
  });

  test("each fault has its code", () => {
    const bench = new Bench();
    const good = bench.encode(bench.make(echo));
    const wrong = (change: (bytes: Uint8Array) => void): string => {
      const bytes = good.slice();
      change(bytes);
      return malformedWords(decode(bench, bytes));
    };
    const words = (code: keyof typeof MALFORMED): string => malformedWords(MALFORMED[code]);
    expect(wrong((b) => (b[14] = 0x65))).toBe(words("IPV4_VERSION"));
    expect(wrong((b) => (b[14] = 0x44))).toBe(words("IPV4_HEADER_LENGTH"));
    expect(wrong((b) => (b[17] = 200))).toBe(words("IPV4_TOTAL_LENGTH"));
    expect(wrong((b) => (b[22] = 63))).toBe(words("IPV4_CHECKSUM"));
    expect(wrong((b) => (b[45] = 9))).toBe(words("ICMP_CHECKSUM"));
    const asTcp = (b: Uint8Array): void => {
      b[23] = 6;
      resum(b, 14, 20);
    };
    expect(wrong(asTcp)).toBe(words("TCP_SHORT"));
    const asUdp = (b: Uint8Array): void => {
      b[23] = 17;
      b[38] = b[39] = 0;
      resum(b, 14, 20);
    };
    expect(wrong(asUdp)).toBe(words("UDP_LENGTH"));
    expect(new Set(Object.values(MALFORMED).map(malformedWords)).size).toBe(Object.values(MALFORMED).length);
  });

  test("VXLAN: flags 0x08, VNI in bytes 4 to 6, a real outer checksum; reserved bits are refused as Linux does", () => {
    const bench = new Bench();
    const outer = { ...LINK, proto: 17, ttl: 64, sport: 33150, dport: 8472, vni: 1, ipLen: 50 + 36 };
    const bytes = bench.encode(bench.make({ fields: outer, src: "192.168.100.11", dst: "192.168.100.12", bytes: NOTHING, inner: echo }));
    expect(bytes.length).toBe(14 + 50 + 36);
    expect(hex(bytes.slice(42, 50))).toBe("0800000000000100");
    expect(hex(bytes.slice(40, 42))).not.toBe("0000");
    // Without a UDP checksum the header is all that is wrong.
    bytes[40] = bytes[41] = 0;
    expect(decode(bench, bytes)).toBeGreaterThan(0);
    for (const at of [42, 43, 49]) {
      const bad = bytes.slice();
      bad[at] = 0x10;
      expect(decode(bench, bad)).toBe(MALFORMED.VXLAN_HEADER);
    }
  });

  test("an ICMP error that quotes 576 bytes of a longer packet", () => {
    const bench = new Bench();
    const udp = { etherType: 0x0800, proto: 17, ttl: 63, frag: 0x4000, sport: 5000, dport: 53, ipLen: 1500 };
    const quoted: Spec = { fields: udp, src: "10.244.1.2", dst: "10.244.2.3", bytes: new Uint8Array(1472).fill(0x78) };
    const error = { ...LINK, proto: 1, ttl: 64, tos: 0xc0, icmpType: 3, icmpCode: 4, icmpInfo: 1450, ipLen: 576 };
    const bytes = bench.encode(bench.make({ fields: error, src: "10.244.1.1", dst: "10.244.1.2", bytes: NOTHING, inner: quoted }));
    expect(bytes.length).toBe(14 + 576);
    const q = decode(bench, bytes);
    expect(q).toBeGreaterThan(0);
    const { c } = bench.pk;
    const inner = c.inner[q]!;
    expect([c.icmpInfo[q], c.ipLen[inner], c.sport[inner], c.dport[inner], c.ttl[inner]]).toEqual([1450, 1500, 5000, 53, 63]);
    expect(bench.encode(q)).toEqual(bytes);
  });
});
