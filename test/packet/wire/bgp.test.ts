import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BGP_LONGEST, bgpLength, type BgpMessage, decodeBgp, encodeBgp, splitNets } from "../../../src/packet/wire/bgp.js";
import { type BgpAttributes, encodeAttributes, type PathSegment } from "../../../src/packet/wire/bgp-attributes.js";
import { formatCidr, masked } from "../../../src/base/cidr.js";
import { formatIPv4 } from "../../../src/base/ip.js";
import { describeWith, needs } from "../../support/requires.js";

const word = fc.integer({ min: 0, max: 0xffffffff });
const quad = word.map((n) => formatIPv4(n | 0));
const net4 = fc.tuple(word, fc.integer({ min: 0, max: 32 })).map(([w, prefix]) => formatCidr(masked({ family: 4, words: [w | 0, 0, 0, 0], prefix })));
const net6 = fc
  .tuple(word, word, word, word, fc.integer({ min: 0, max: 128 }))
  .map(([a, b, c, d, prefix]) => formatCidr(masked({ family: 6, words: [a | 0, b | 0, c | 0, d | 0], prefix })));
const segment = (most: number): fc.Arbitrary<PathSegment> => fc.record({ kind: fc.constantFrom("sequence", "set"), asns: fc.array(fc.integer({ min: 1, max: most }), { minLength: 1, maxLength: 5 }) });

function attributesOf(most: number): fc.Arbitrary<BgpAttributes> {
  return fc.record(
    {
      origin: fc.integer({ min: 0, max: 2 }),
      asPath: fc.array(segment(most), { maxLength: 3 }),
      nextHop: quad,
      med: word,
      localPref: word,
      atomicAggregate: fc.constant(true as const),
      aggregator: fc.record({ as: fc.integer({ min: 1, max: most }), ip: quad }),
      communities: fc.array(word, { maxLength: 80 }),
      originatorId: quad,
      clusterList: fc.array(quad, { maxLength: 4 }),
      extCommunities: fc.array(fc.tuple(word, word), { maxLength: 3 }),
      largeCommunities: fc.array(fc.tuple(word, word, word), { maxLength: 3 }),
      unknown: fc.constant([{ code: 99, flags: 0xe0, bytes: [1, 2, 3] }]),
    },
    { requiredKeys: ["origin", "asPath", "nextHop"] },
  );
}

const update = (most: number): fc.Arbitrary<BgpMessage> =>
  fc.record({
    type: fc.constant("update" as const),
    withdrawn: fc.array(net4, { maxLength: 10 }),
    attributes: attributesOf(most),
    reach: fc.array(net4, { maxLength: 10 }),
  });

const open: fc.Arbitrary<BgpMessage> = fc.record({
  type: fc.constant("open" as const),
  as: fc.integer({ min: 1, max: 65535 }),
  holdTime: fc.integer({ min: 0, max: 65535 }),
  id: quad,
  capabilities: fc.array(fc.record({ code: fc.integer({ min: 1, max: 255 }), bytes: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 }) }), { maxLength: 8 }),
});

const message: fc.Arbitrary<BgpMessage> = fc.oneof(
  open,
  update(0xffffffff),
  fc.record({ type: fc.constant("notification" as const), code: fc.integer({ min: 1, max: 6 }), subcode: fc.integer({ min: 0, max: 11 }), data: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 8 }) }),
  fc.constant({ type: "keepalive" } as const),
  fc.record({ type: fc.constant("refresh" as const), afi: fc.constantFrom(1, 2), subtype: fc.integer({ min: 0, max: 2 }), safi: fc.constant(1) }),
);

describe("BGP messages", () => {
  test("what is written is read again", () => {
    fc.assert(fc.property(message, (m) => void expect(decodeBgp(encodeBgp(m, true), true)).toEqual(m)));
  });

  test("of IPv6 too", () => {
    const six = fc.record({
      type: fc.constant("update" as const),
      withdrawn: fc.constant([]),
      attributes: fc.record({ origin: fc.constant(0), asPath: fc.array(segment(0xffffffff), { maxLength: 2 }) }),
      reach: fc.constant([]),
      reach6: fc.record({ nextHops: fc.constantFrom(["2001:db8::1"], ["2001:db8::1", "fe80::1"]), nets: fc.array(net6, { maxLength: 6 }) }),
      unreach6: fc.array(net6, { maxLength: 6 }),
    });
    fc.assert(fc.property(six, (m) => void expect(decodeBgp(encodeBgp(m, true), true)).toEqual(m)));
  });

  test("with the numbers of paths where both ends know of them", () => {
    const numbered = <T extends string>(net: fc.Arbitrary<T>): fc.Arbitrary<string> => fc.tuple(net, word).map(([text, path]) => `${text}@${path}`);
    const several = fc.record({
      type: fc.constant("update" as const),
      withdrawn: fc.array(numbered(net4), { maxLength: 6 }),
      attributes: attributesOf(0xffffffff),
      reach: fc.array(numbered(net4), { maxLength: 6 }),
      reach6: fc.record({ nextHops: fc.constant(["2001:db8::1"]), nets: fc.array(numbered(net6), { maxLength: 6 }) }),
      unreach6: fc.array(numbered(net6), { maxLength: 6 }),
    });
    fc.assert(fc.property(several, (m) => void expect(decodeBgp(encodeBgp(m, true), true, [4, 6])).toEqual(m)));
  });

  test("a peer of two octets hears the same path by AS4_PATH", () => {
    // Sequences alone: RFC 6793 4.2.3 joins the two by their lengths.
    const path = fc.array(fc.integer({ min: 1, max: 0xffffffff }), { minLength: 1, maxLength: 6 }).map((asns) => [{ kind: "sequence" as const, asns }]);
    fc.assert(
      fc.property(path, (asPath) => {
        const m: BgpMessage = { type: "update", withdrawn: [], attributes: { origin: 0, asPath, nextHop: "10.0.0.1" }, reach: ["10.1.0.0/16"] };
        expect(decodeBgp(encodeBgp(m, false), false)).toEqual(m);
      }),
    );
  });

  test("broken bytes give a fault and no exception", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (m, at, value, cut) => {
        const bytes = encodeBgp(m, true);
        bytes[at % bytes.length] = value;
        const short = bytes.slice(0, 1 + (cut % bytes.length));
        for (const one of [bytes, short]) expect(["open", "update", "notification", "keepalive", "refresh", "fault"]).toContain(decodeBgp(one, true).type);
      }),
    );
  });

  // RFC 4271 6.1 to 6.3: what a NOTIFICATION says about a message that cannot be read.
  test.each<[string, number[], number, number]>([
    ["a marker that is none", [0, ...Array<number>(15).fill(0xff), 0, 19, 4], 1, 1],
    ["a length below the header's", [...Array<number>(16).fill(0xff), 0, 18, 4], 1, 2],
    ["a type that nobody knows", [...Array<number>(16).fill(0xff), 0, 19, 9], 1, 3],
    ["another version", [...Array<number>(16).fill(0xff), 0, 29, 1, 3, 0xfd, 0xe9, 0, 90, 10, 0, 0, 1, 0], 2, 1],
    ["an ORIGIN of 3", [...Array<number>(16).fill(0xff), 0, 27, 2, 0, 0, 0, 4, 0x40, 1, 1, 3], 3, 6],
    ["a prefix of 33 bits", [...Array<number>(16).fill(0xff), 0, 25, 2, 0, 0, 0, 0, 33, 10], 3, 10],
    ["an attribute twice", [...Array<number>(16).fill(0xff), 0, 31, 2, 0, 0, 0, 8, 0x40, 1, 1, 0, 0x40, 1, 1, 0], 3, 1],
    ["a prefix without its attributes", [...Array<number>(16).fill(0xff), 0, 25, 2, 0, 0, 0, 0, 8, 10], 3, 3],
  ])("%s", (_, bytes, code, subcode) => {
    expect(decodeBgp(Uint8Array.from(bytes), true)).toMatchObject({ type: "fault", code, subcode });
  });

  test("messages are cut out of a stream by their length", () => {
    const stream = Uint8Array.from([...encodeBgp({ type: "keepalive" }, true), ...encodeBgp({ type: "refresh", afi: 1, subtype: 0, safi: 1 }, true)]);
    expect(bgpLength(stream)).toBe(19);
    expect(bgpLength(stream, 19)).toBe(23);
    expect(bgpLength(stream.subarray(0, 18))).toBe(0);
  });

  test("no message is longer than it may be, and none is lost", () => {
    const nets = Array.from({ length: 3000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    const attributes: BgpAttributes = { origin: 0, asPath: [{ kind: "sequence", asns: [65001] }], nextHop: "10.0.0.1" };
    const parts = splitNets(nets, encodeAttributes(attributes, true).length);
    expect(parts.flat()).toEqual(nets);
    const sizes = parts.map((reach) => encodeBgp({ type: "update", withdrawn: [], attributes, reach }, true).length);
    for (const size of sizes) expect(size).toBeLessThanOrEqual(BGP_LONGEST);
    // As full as whole prefixes allow.
    for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(BGP_LONGEST - 4);
  });
});

describeWith("tshark reads single messages", [needs.tshark], () => {
  test("an OPEN and an UPDATE in a capture made by text2pcap's rules", () => {
    const folder = mkdtempSync(join(tmpdir(), "podwire-bgp-"));
    try {
      const messages: BgpMessage[] = [
        { type: "open", as: 23456, holdTime: 90, id: "10.0.0.1", capabilities: [{ code: 1, bytes: [0, 1, 0, 1] }, { code: 2, bytes: [] }, { code: 64, bytes: [0, 120, 0, 1, 1, 128] }, { code: 65, bytes: [0, 3, 0, 1] }] },
        {
          type: "update",
          withdrawn: ["10.9.0.0/16"],
          attributes: { origin: 0, asPath: [{ kind: "sequence", asns: [65001, 200000] }], nextHop: "10.0.0.1", med: 5, communities: [0xfde90001], largeCommunities: [[1, 2, 3]] },
          reach: ["172.16.0.0/12"],
        },
      ];
      const hex = messages.map((m) => `0000 ${[...encodeBgp(m, true)].map((b) => b.toString(16).padStart(2, "0")).join(" ")}\n`).join("\n");
      writeFileSync(join(folder, "in.txt"), hex);
      const made = spawnSync("text2pcap", ["-q", "-T", "179,40000", join(folder, "in.txt"), join(folder, "out.pcap")], { encoding: "utf8" });
      expect(made.status, made.stderr).toBe(0);
      const read = spawnSync("tshark", ["-n", "-V", "-r", join(folder, "out.pcap")], { encoding: "utf8", timeout: 50_000 });
      expect(read.stdout).not.toMatch(/Malformed|Expert Info \(Error/);
      for (const words of ["Border Gateway Protocol - OPEN Message", "BGP Identifier: 10.0.0.1", "Support for 4-octet AS number", "AS_PATH: 65001 200000", "172.16.0.0/12", "10.9.0.0/16", "65001:1", "1:2:3"]) expect(read.stdout).toContain(words);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
