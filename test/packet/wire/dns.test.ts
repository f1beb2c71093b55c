import * as peer from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DNS_MALFORMED,
  DNS_TYPE,
  type DnsMessage,
  type DnsRecord,
  decodeDns,
  dnsLabels,
  dnsQuery,
  encodeDns,
} from "../../../src/packet/index.js";

const half = fc.integer({ min: 0, max: 0xffff });
const word = fc.integer({ min: 0, max: 0xffffffff });
const label = fc.oneof(fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/), fc.stringMatching(/^[a-z]{63}$/));
const name = fc.oneof(
  fc.constantFrom("web.shop.svc.cluster.local", "shop.svc.cluster.local", "10-244-1-2.shop.pod.cluster.local", "."),
  fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join(".")),
);
const data = fc.uint8Array({ maxLength: 20 });
const address6 = fc
  .array(fc.integer({ min: 0x1000, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((g) => g.toString(16)).join(":"));
const ascii = fc.stringMatching(/^[ -[\]-~]{0,30}$/);

function owned<T extends object>(fields: fc.Arbitrary<T>): fc.Arbitrary<T & { name: string; class: number; ttl: number }> {
  return fc.tuple(name, fc.integer({ min: 0, max: 0x7fffffff }), fields).map(([name, ttl, rest]) => ({ ...rest, name, class: 1, ttl }));
}

const record: fc.Arbitrary<DnsRecord> = fc.oneof(
  owned(fc.record({ type: fc.constant("A" as const), address: fc.ipV4() })),
  owned(fc.record({ type: fc.constant("AAAA" as const), address: address6 })),
  owned(fc.record({ type: fc.constantFrom("NS" as const, "CNAME" as const, "PTR" as const), target: name })),
  owned(fc.record({ type: fc.constant("TXT" as const), texts: fc.array(ascii, { minLength: 1, maxLength: 3 }) })),
  owned(fc.record({ type: fc.constant("SRV" as const), priority: half, weight: half, port: half, target: name })),
  owned(
    fc.record({
      type: fc.constant("SOA" as const),
      primary: name,
      mailbox: name,
      serial: word,
      refresh: word,
      retry: word,
      expire: word,
      minimum: word,
    }),
  ),
  owned(fc.record({ type: fc.constant("other" as const), code: fc.constantFrom(99, 257, 65280), data })),
);
const opt: fc.Arbitrary<DnsRecord> = fc.record({
  type: fc.constant("OPT" as const),
  udpSize: fc.integer({ min: 512, max: 0xffff }),
  extendedRcode: fc.nat(255),
  version: fc.nat(255),
  dnssecOk: fc.boolean(),
  options: fc.array(fc.record({ code: fc.constantFrom(65001, 65002), data }), { maxLength: 2 }),
});

const message: fc.Arbitrary<DnsMessage> = fc.record({
  id: half,
  response: fc.boolean(),
  opcode: fc.constantFrom(0, 2, 5),
  authoritative: fc.boolean(),
  truncated: fc.boolean(),
  recursionDesired: fc.boolean(),
  recursionAvailable: fc.boolean(),
  authenticData: fc.boolean(),
  checkingDisabled: fc.boolean(),
  rcode: fc.nat(5),
  questions: fc.array(fc.record({ name, type: fc.constantFrom(...Object.values(DNS_TYPE)), class: fc.constant(1) }), { maxLength: 2 }),
  answers: fc.array(record, { maxLength: 4 }),
  authorities: fc.array(record, { maxLength: 2 }),
  additionals: fc.array(fc.oneof(record, opt), { maxLength: 2 }),
});

/** One of our records in dns-packet's words. */
function toPeer(r: DnsRecord): Record<string, unknown> {
  if (r.type === "OPT") {
    const options = r.options.map(({ code, data }) => ({ code, data: Buffer.from(data) }));
    return {
      type: "OPT",
      name: ".",
      udpPayloadSize: r.udpSize,
      extendedRcode: r.extendedRcode,
      ednsVersion: r.version,
      flags: r.dnssecOk ? 0x8000 : 0,
      options,
    };
  }
  const common = { name: r.name, class: "IN", ttl: r.ttl };
  switch (r.type) {
    case "A":
    case "AAAA":
      return { ...common, type: r.type, data: r.address };
    case "NS":
    case "CNAME":
    case "PTR":
      return { ...common, type: r.type, data: r.target };
    case "TXT":
      return { ...common, type: r.type, data: r.texts.map((text) => Buffer.from(text)) };
    case "SRV":
      return { ...common, type: r.type, data: { priority: r.priority, weight: r.weight, port: r.port, target: r.target } };
    case "SOA":
      return {
        ...common,
        type: r.type,
        data: {
          mname: r.primary,
          rname: r.mailbox,
          serial: r.serial,
          refresh: r.refresh,
          retry: r.retry,
          expire: r.expire,
          minimum: r.minimum,
        },
      };
    default:
      return { ...common, type: `UNKNOWN_${r.code}`, data: Buffer.from(r.data) };
  }
}

function questionToPeer(q: DnsMessage["questions"][number]): Record<string, unknown> {
  const type = Object.entries(DNS_TYPE).find(([, number]) => number === q.type)![0];
  return { name: q.name, type, class: "IN" };
}

function sections(m: DnsMessage): Record<string, unknown> {
  return {
    questions: m.questions.map(questionToPeer),
    answers: m.answers.map(toPeer),
    authorities: m.authorities.map(toPeer),
    additionals: m.additionals.map(toPeer),
  };
}

/** Only the fields that both sides know. */
function pick(from: unknown, like: unknown): unknown {
  if (from instanceof Uint8Array && like instanceof Uint8Array) return Buffer.from(from);
  if (Array.isArray(from) && Array.isArray(like)) return from.map((item, i) => pick(item, like[i]));
  if (typeof from !== "object" || from === null || typeof like !== "object" || like === null) return from;
  return Object.fromEntries(
    Object.keys(like).map((key) => [key, pick((from as Record<string, unknown>)[key], (like as Record<string, unknown>)[key])]),
  );
}

const peerKnows = (m: DnsMessage): boolean => [...m.answers, ...m.authorities, ...m.additionals].every((r) => r.type !== "other");

describe("DNS messages", () => {
  test("what is encoded reads back", () => {
    fc.assert(
      fc.property(message, (m) => {
        expect(decodeDns(encodeDns(m))).toEqual(m);
      }),
    );
  });

  test("dns-packet reads what we write", () => {
    fc.assert(
      fc.property(message.filter(peerKnows), (m) => {
        const read = peer.decode(Buffer.from(encodeDns(m)));
        const said = sections(m);
        expect(pick(read, said)).toEqual(said);
        expect([
          read["id"],
          read["type"],
          read["flag_aa"],
          read["flag_tc"],
          read["flag_rd"],
          read["flag_ra"],
          read["flag_ad"],
          read["flag_cd"],
        ]).toEqual([
          m.id,
          m.response ? "response" : "query",
          m.authoritative,
          m.truncated,
          m.recursionDesired,
          m.recursionAvailable,
          m.authenticData,
          m.checkingDisabled,
        ]);
      }),
    );
  });

  test("we read what dns-packet writes", () => {
    fc.assert(
      fc.property(message.filter(peerKnows), (m) => {
        const flags = (m.opcode << 11) | (m.authoritative ? 0x400 : 0) | (m.recursionDesired ? 0x100 : 0) | m.rcode;
        const read = decodeDns(peer.encode({ id: m.id, type: m.response ? "response" : "query", flags, ...sections(m) }));
        if ("malformed" in read) expect.fail(read.malformed);
        for (const part of [
          "questions",
          "answers",
          "authorities",
          "additionals",
          "id",
          "response",
          "authoritative",
          "recursionDesired",
          "rcode",
        ] as const) {
          expect(read[part]).toEqual(m[part]);
        }
      }),
    );
  });

  test("any bytes are a message or a word of the closed list", () => {
    const header = fc
      .tuple(half, half, fc.nat(3), fc.nat(3), fc.nat(3), fc.nat(3))
      .map((halves) => halves.flatMap((h) => [h >>> 8, h & 0xff]));
    const bytes = fc.tuple(header, fc.uint8Array({ maxLength: 120 })).map(([head, rest]) => Uint8Array.of(...head, ...rest));
    fc.assert(
      fc.property(fc.oneof(bytes, fc.uint8Array({ maxLength: 40 })), (bytes) => {
        const read = decodeDns(bytes);
        if ("malformed" in read) expect(DNS_MALFORMED).toContain(read.malformed);
        else expect(decodeDns(encodeDns(read))).toEqual(read);
      }),
      { numRuns: 3000 },
    );
  });

  test("a message cut short is malformed", () => {
    fc.assert(
      fc.property(message, fc.nat(), (m, cut) => {
        const bytes = encodeDns(m);
        expect(decodeDns(bytes.slice(0, cut % bytes.length))).toHaveProperty("malformed");
      }),
    );
  });

  test("sizes as CoreDNS sends them: 12 header, question name + 4, a compressed A 16, AAAA 28", () => {
    const q = "web.shop.svc.cluster.local";
    const ask = dnsQuery(1, q, DNS_TYPE.A);
    const question = 12 + q.length + 2 + 4;
    expect(encodeDns(ask).length).toBe(question);
    const owner = { name: q, class: 1, ttl: 30 };
    expect(encodeDns({ ...ask, answers: [{ type: "A", ...owner, address: "10.96.0.10" }] }).length).toBe(question + 16);
    expect(encodeDns({ ...ask, answers: [{ type: "AAAA", ...owner, address: "fd00::a" }] }).length).toBe(question + 28);
    const srv = { type: "SRV", ...owner, priority: 0, weight: 100, port: 80, target: q } as const;
    expect(encodeDns({ ...ask, answers: [srv] }).length).toBe(question + 12 + 6 + q.length + 2);
  });

  test("pointers that loop or point forward are refused", () => {
    const head = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    const question = [0, 1, 0, 1];
    expect(decodeDns(Uint8Array.of(...head, 0xc0, 12, ...question))).toEqual({ malformed: "name-pointer" });
    expect(decodeDns(Uint8Array.of(...head, 1, 97, 0xc0, 12, ...question))).toEqual({ malformed: "name-pointer" });
    expect(decodeDns(Uint8Array.of(...head, 0xc0, 18, ...question, 0))).toEqual({ malformed: "name-pointer" });
    expect(decodeDns(Uint8Array.of(...head, 0x80, 0, ...question))).toEqual({ malformed: "name-label" });
  });

  test("names that cannot be sent are told before", () => {
    expect(dnsLabels("a".repeat(64))).toBeNull();
    expect(dnsLabels("a..b")).toBeNull();
    expect(dnsLabels(Array.from({ length: 64 }, () => "abc").join("."))).toBeNull();
    expect(dnsLabels("web.shop.")).toEqual(dnsLabels("web.shop"));
    expect(() => encodeDns(dnsQuery(1, "a..b", 1))).toThrow(RangeError);
  });

  test("any label survives as text", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 4 }), (labels) => {
        const wire = labels.flatMap((l) => [l.length, ...l]);
        const read = decodeDns(Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...wire, 0, 0, 1, 0, 1));
        if ("malformed" in read) expect.fail(read.malformed);
        expect(dnsLabels(read.questions[0]!.name)).toEqual(labels.map((l) => [...l]));
      }),
    );
  });
});
