import fc from "fast-check";
import { AddressBook } from "../../../src/base/address-book.js";
import {
  DOUBLE_COLUMNS,
  type DoubleColumn,
  encodeFrame,
  frameRoom,
  INT_COLUMNS,
  type IntColumn,
  Packets,
  Payloads,
} from "../../../src/packet/index.js";

/** A packet pool with all that its frames need. */
export class Bench {
  readonly pk: Packets = new Packets(2);
  readonly payloads: Payloads = new Payloads();
  readonly book: AddressBook = new AddressBook();

  encode(p: number): Uint8Array {
    const out = new Uint8Array(frameRoom(this.pk.c, p)).fill(0xaa);
    return out.slice(0, encodeFrame(this.pk, this.payloads, this.book, p, out));
  }

  make(spec: Spec): number {
    const { c } = this.pk;
    const p = this.pk.alloc();
    for (const [name, value] of Object.entries(spec.fields)) c[name as IntColumn | DoubleColumn][p] = value;
    if (spec.src !== undefined) c.src[p] = this.book.ofText(spec.src);
    if (spec.dst !== undefined) c.dst[p] = this.book.ofText(spec.dst);
    if (spec.target !== undefined) c.target[p] = this.book.ofText(spec.target);
    c.payload[p] = this.payloads.put(spec.bytes);
    c.payLen[p] = spec.bytes.length;
    if (spec.inner !== undefined) {
      const inner = this.make(spec.inner);
      this.pk.c.inner[p] = inner;
    }
    return p;
  }

  /** What a packet says, in addresses and bytes, without what belongs to one host: identity, device, marks. */
  said(p: number): Record<string, unknown> {
    const { c } = this.pk;
    const out: Record<string, unknown> = {};
    for (const name of [...INT_COLUMNS, ...DOUBLE_COLUMNS]) if (!LOCAL.includes(name) && c[name][p] !== 0) out[name] = c[name][p];
    for (const name of ["src", "dst", "target"] as const) if (c[name][p] !== 0) out[name] = this.book.text(c[name][p]!);
    delete out["payload"];
    out["bytes"] = [...this.payloads.bytes(c.payload[p]!).slice(c.payOff[p]!, c.payOff[p]! + c.payLen[p]!)];
    if (c.inner[p] !== 0) out["inner"] = this.said(c.inner[p]!);
    return out;
  }
}

const LOCAL: readonly string[] = ["id", "parent", "dev", "payOff"];

export interface Spec {
  readonly fields: Readonly<Partial<Record<IntColumn | DoubleColumn, number>>>;
  readonly src?: string;
  readonly dst?: string;
  readonly target?: string;
  readonly bytes: Uint8Array;
  readonly inner?: Spec;
}

const NOTHING = new Uint8Array(0);
const byte = fc.integer({ min: 0, max: 0xff });
const half = fc.integer({ min: 0, max: 0xffff });
const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const mac = fc.oneof(
  fc.constant(0xffffffffffff),
  fc.maxSafeNat().map((n) => n % 2 ** 48),
);
const content = fc.uint8Array({ maxLength: 80 });
const v4 = fc.ipV4();
const v6 = fc.ipV6();
const link = fc.record({ macSrc: mac, macDst: mac });

function network(isV6: boolean): fc.Arbitrary<Pick<Spec, "src" | "dst" | "fields">> {
  const addresses = isV6 ? v6 : v4;
  const fragment = isV6 ? fc.constant(0) : fc.constantFrom(0, 0x4000);
  const id = isV6 ? fc.integer({ min: 0, max: 0xfffff }) : half;
  return fc.record({ src: addresses, dst: addresses, tos: byte, ttl: byte, ipId: id, frag: fragment, link }).map((n) => ({
    src: n.src,
    dst: n.dst,
    fields: { ...n.link, etherType: isV6 ? 0x86dd : 0x0800, tos: n.tos, ttl: n.ttl, ipId: n.ipId, frag: n.frag },
  }));
}

function over(
  isV6: boolean,
  transport: fc.Arbitrary<{ fields: Spec["fields"]; bytes: Uint8Array; header: number; target?: string }>,
): fc.Arbitrary<Spec> {
  return fc.tuple(network(isV6), transport).map(([n, t]) => ({
    ...n,
    ...(t.target === undefined ? {} : { target: t.target }),
    fields: { ...n.fields, ...t.fields, ipLen: (isV6 ? 40 : 20) + t.header + t.bytes.length },
    bytes: t.bytes,
  }));
}

export const arp: fc.Arbitrary<Spec> = fc
  .record({ link, op: half, sha: mac, tha: mac, src: v4, dst: v4 })
  .map(({ link, op, sha, tha, src, dst }) => ({
    fields: { ...link, etherType: 0x0806, arpOp: op, arpSha: sha, arpTha: tha },
    src,
    dst,
    bytes: NOTHING,
  }));

export const udp = (isV6: boolean): fc.Arbitrary<Spec> =>
  over(
    isV6,
    fc
      .record({ sport: half, dport: half.filter((port) => port !== 8472), bytes: content })
      .map(({ sport, dport, bytes }) => ({ fields: { proto: 17, sport, dport }, bytes, header: 8 })),
  );

const tcpOptions = fc.oneof(
  fc.record({ mss: half, wscale: byte, tsval: word, tsecr: word }).map((o) => ({ ...o, optLen: 20, flags: 0x02 })),
  fc.record({ mss: half, wscale: byte }).map((o) => ({ ...o, optLen: 12, flags: 0x12 })),
  fc.record({ mss: half, wscale: byte }).map((o) => ({ ...o, optLen: 8, flags: 0x02 })),
  fc.record({ mss: half }).map((o) => ({ ...o, optLen: 4, flags: 0x02 })),
  fc.record({ tsval: word, tsecr: word, flags: byte.map((flags) => flags & 0xfd) }).map((o) => ({ ...o, optLen: 12 })),
  fc.record({ flags: byte }).map((o) => ({ ...o, optLen: 0 })),
);

export const tcp = (isV6: boolean): fc.Arbitrary<Spec> =>
  over(
    isV6,
    fc
      .record({ sport: half, dport: half, seq: word, ack: word, window: half, options: tcpOptions, bytes: content })
      .map(({ options, bytes, ...fields }) => ({ fields: { proto: 6, ...fields, ...options }, bytes, header: 20 + options.optLen })),
  );

export const echo = (isV6: boolean): fc.Arbitrary<Spec> =>
  over(
    isV6,
    fc
      .record({ type: fc.constantFrom(...(isV6 ? [128, 129] : [0, 8])), sport: half, dport: half, bytes: content })
      .map(({ type, sport, dport, bytes }) => ({ fields: { proto: isV6 ? 58 : 1, icmpType: type, sport, dport }, bytes, header: 8 })),
  );

export const neighbour: fc.Arbitrary<Spec> = over(
  true,
  fc.record({ type: fc.constantFrom(135, 136), sha: mac, info: word, target: v6, option: fc.boolean() }).map((n) => ({
    fields: { proto: 58, icmpType: n.type, icmpInfo: n.info, ...(n.option ? { arpSha: n.sha } : {}) },
    target: n.target,
    bytes: NOTHING,
    header: n.option ? 32 : 24,
  })),
);

/** An error that quotes a whole packet. */
export const icmpError = (isV6: boolean): fc.Arbitrary<Spec> =>
  fc
    .record({
      outer: network(isV6),
      type: fc.constantFrom(...(isV6 ? [1, 2, 3, 4] : [3, 4, 5, 11, 12])),
      code: byte,
      info: word,
      inner: fc.oneof(udp(isV6), tcp(isV6), echo(isV6)),
    })
    .map(({ outer, type, code, info, inner }) => {
      const { macSrc: _s, macDst: _d, ...quoted } = inner.fields;
      return {
        ...outer,
        fields: {
          ...outer.fields,
          proto: isV6 ? 58 : 1,
          icmpType: type,
          icmpCode: code,
          icmpInfo: info,
          ipLen: (isV6 ? 48 : 28) + inner.fields.ipLen!,
        },
        bytes: NOTHING,
        inner: { ...inner, fields: quoted },
      };
    });

const rawEtherType: fc.Arbitrary<Spec> = fc
  .record({ link, type: half.filter((type) => ![0x0800, 0x0806, 0x86dd].includes(type)), bytes: content })
  .map(({ link, type, bytes }) => ({ fields: { ...link, etherType: type }, bytes }));

const rawProtocol: fc.Arbitrary<Spec> = over(
  false,
  fc
    .record({ proto: byte.filter((proto) => ![1, 6, 17].includes(proto)), bytes: content })
    .map(({ proto, bytes }) => ({ fields: { proto }, bytes, header: 0 })),
);

export const plain: fc.Arbitrary<Spec> = fc.oneof(
  arp,
  rawEtherType,
  rawProtocol,
  neighbour,
  ...[false, true].flatMap((isV6) => [udp(isV6), tcp(isV6), echo(isV6), icmpError(isV6)]),
);

function frameBytes(spec: Spec): number {
  return 14 + (spec.fields.etherType === 0x0806 ? 28 : (spec.fields.ipLen ?? spec.bytes.length));
}

export const vxlan: fc.Arbitrary<Spec> = fc
  .record({ isV6: fc.boolean(), sport: half, vni: fc.integer({ min: 0, max: 0xffffff }), inner: plain })
  .chain(({ isV6, sport, vni, inner }) =>
    network(isV6).map((n) => ({
      ...n,
      fields: { ...n.fields, proto: 17, sport, dport: 8472, vni, ipLen: (isV6 ? 56 : 36) + frameBytes(inner) },
      bytes: NOTHING,
      inner,
    })),
  );

export const anyFrame: fc.Arbitrary<Spec> = fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: vxlan });

/** UDP in VXLAN over IPv4, all of one shape: what differs is addresses, ports, identifications and VNI. */
export const sameShape: fc.Arbitrary<Spec[]> = fc.record({ outer: network(false), inner: udp(false) }).chain(({ outer, inner }) => {
  const ip = fc.record({ src: v4, dst: v4, ipId: half, sport: half });
  return fc
    .array(fc.record({ outerIp: ip, innerIp: ip, dport: half, vni: fc.integer({ min: 0, max: 0xffffff }) }), { minLength: 2, maxLength: 5 })
    .map((list) =>
      list.map(({ outerIp: o, innerIp: i, dport, vni }) => ({
        src: o.src,
        dst: o.dst,
        fields: { ...outer.fields, proto: 17, ipId: o.ipId, sport: o.sport, dport: 8472, vni, ipLen: 36 + frameBytes(inner) },
        bytes: NOTHING,
        inner: { ...inner, src: i.src, dst: i.dst, fields: { ...inner.fields, ipId: i.ipId, sport: i.sport, dport } },
      })),
    );
});

/** The pieces of an IPv4 packet as a router cuts them: records that share the datagram's payload. */
export function fragments(bench: Bench, p: number, step: number): number[] {
  const { pk } = bench;
  const total = pk.c.ipLen[p]! - 20;
  const header = pk.c.proto[p] === 6 ? 20 + pk.c.optLen[p]! : 8;
  const pieces: number[] = [];
  for (let at = 0; at < total; at += step) {
    const size = Math.min(step, total - at);
    const piece = pk.clone(p);
    pk.c.frag[piece] = (at / 8) | (at + size < total ? 0x2000 : 0);
    pk.c.ipLen[piece] = 20 + size;
    pk.c.payOff[piece] = Math.max(0, at - header);
    pk.c.payLen[piece] = at === 0 ? Math.max(0, size - header) : size;
    pk.c.l4Len[piece] = total;
    pieces.push(piece);
  }
  return pieces;
}
