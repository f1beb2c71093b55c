// The bytes of Ethernet + IPv4 + UDP + VXLAN + Ethernet + IPv4 + UDP + 64 bytes (156 in all), both IPv4 checksums and the inner UDP
// checksum real, the outer UDP checksum 0 as RFC 7348 allows. Each operation builds another of 64 packets.
import { AddressBook } from "../../src/base/address-book.js";
import { ETHERTYPE, PROTO } from "../../src/base/codes.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import { FrameWriter } from "../../src/packet/wire/frame-writer.js";
import { fold, xorshift32 } from "../chance.js";
import type { FloorWork, Job, Work } from "../job.js";

const PACKETS = 64;
const FRAME_BYTES = 156;
const INNER_BYTES = 92;
const OUTER_BYTES = 142;
const VXLAN_PORT = 8472;
const MACS = [0x020000000001, 0x020000000002] as const;
/** The checksum is stated, and is 0. */
const NO_CHECKSUM = 0x10000;
const PAYLOAD = Uint8Array.from({ length: 64 }, (_, i) => (i * 7) & 255);

/** What differs between the packets. */
interface Fields {
  readonly src: number;
  readonly dst: number;
  readonly innerSrc: number;
  readonly innerDst: number;
  readonly sport: number;
  readonly innerSport: number;
  readonly innerDport: number;
  readonly id: number;
  readonly innerId: number;
  readonly vni: number;
}

const fields: readonly Fields[] = (() => {
  const draw = xorshift32(2);
  const half = (): number => draw() & 0xffff;
  return Array.from({ length: PACKETS }, () => ({
    src: draw() | 0,
    dst: draw() | 0,
    innerSrc: draw() | 0,
    innerDst: draw() | 0,
    sport: half(),
    innerSport: half(),
    innerDport: half(),
    id: half(),
    innerId: half(),
    vni: draw() & 0xffffff,
  }));
})();

function worked(build: (k: number) => Uint8Array): Work {
  let k = 0;
  let last = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) last ^= build(k++ & (PACKETS - 1))[91]!;
      if (last < 0) throw new Error("a byte is negative");
    },
    check() {
      let digest = 0;
      for (let at = 0; at < PACKETS; at++) {
        const frame = build(at);
        for (let i = 0; i < FRAME_BYTES; i++) digest = fold(digest, frame[i]!);
      }
      return digest;
    },
  };
}

function ours(): Work {
  const book = new AddressBook();
  const packets = new Packets();
  const payloads = new Payloads();
  const payload = payloads.put(PAYLOAD);
  const udp = (src: number, dst: number, sport: number, dport: number, id: number, length: number): number => {
    const p = packets.alloc();
    const { c } = packets;
    [c.macDst[p], c.macSrc[p]] = MACS;
    c.etherType[p] = ETHERTYPE.IPV4;
    c.src[p] = book.v4(src);
    c.dst[p] = book.v4(dst);
    c.proto[p] = PROTO.UDP;
    c.ttl[p] = 64;
    c.ipId[p] = id;
    c.ipLen[p] = length;
    c.sport[p] = sport;
    c.dport[p] = dport;
    return p;
  };
  const rows = fields.map((f) => {
    const inner = udp(f.innerSrc, f.innerDst, f.innerSport, f.innerDport, f.innerId, INNER_BYTES);
    packets.c.payload[inner] = payload;
    packets.c.payLen[inner] = PAYLOAD.length;
    const outer = udp(f.src, f.dst, f.sport, VXLAN_PORT, f.id, OUTER_BYTES);
    packets.c.csum[outer] = NO_CHECKSUM;
    packets.c.inner[outer] = inner;
    packets.c.vni[outer] = f.vni;
    return outer;
  });
  const writer = new FrameWriter(packets, payloads, book, new Uint8Array(2048));
  return worked((k) => {
    writer.write(rows[k]!);
    return writer.out;
  });
}

// The plain form: one small array for each layer, put together.

function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  const all = new Uint8Array(head.length + body.length);
  all.set(head);
  all.set(body, head.length);
  return all;
}

function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function header(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}

function ethernet(body: Uint8Array): Uint8Array {
  const head = header(14, (view) => {
    MACS.forEach((mac, at) => {
      view.setUint16(6 * at, Math.floor(mac / 2 ** 32));
      view.setUint32(6 * at + 2, mac % 2 ** 32);
    });
    view.setUint16(12, 0x0800);
  });
  return joined(head, body);
}

function ipv4(src: number, dst: number, id: number, body: Uint8Array): Uint8Array {
  const head = header(20, (view) => {
    view.setUint16(0, 0x4500);
    view.setUint16(2, 20 + body.length);
    view.setUint16(4, id);
    view.setUint16(8, (64 << 8) | 17);
    view.setInt32(12, src);
    view.setInt32(16, dst);
  });
  new DataView(head.buffer).setUint16(10, checksum(head));
  return joined(head, body);
}

function udpHead(sport: number, dport: number, length: number): Uint8Array {
  return header(8, (view) => {
    view.setUint16(0, sport);
    view.setUint16(2, dport);
    view.setUint16(4, 8 + length);
  });
}

function summedUdp(f: Fields): Uint8Array {
  const datagram = joined(udpHead(f.innerSport, f.innerDport, PAYLOAD.length), PAYLOAD);
  const pseudo = header(12, (view) => {
    view.setInt32(0, f.innerSrc);
    view.setInt32(4, f.innerDst);
    view.setUint16(8, 17);
    view.setUint16(10, datagram.length);
  });
  new DataView(datagram.buffer).setUint16(6, checksum(joined(pseudo, datagram)) || 0xffff);
  return datagram;
}

function plain(): Work {
  return worked((k) => {
    const f = fields[k]!;
    const inner = ethernet(ipv4(f.innerSrc, f.innerDst, f.innerId, summedUdp(f)));
    const vxlan = joined(
      header(8, (view) => {
        view.setUint8(0, 8);
        view.setUint32(4, f.vni * 256);
      }),
      inner,
    );
    return ethernet(ipv4(f.src, f.dst, f.id, joined(udpHead(f.sport, VXLAN_PORT, vxlan.length), vxlan)));
  });
}

/** A bare copy of as many bytes, of which one changes each time, asked for like a frame: with none changing a processor copies from its store buffer. */
function copy(): FloorWork {
  const from = new Uint8Array(FRAME_BYTES);
  const to = new Uint8Array(FRAME_BYTES);
  const { run } = worked((k) => {
    from[0] = k;
    to.set(from);
    return to;
  });
  return { run };
}

export const job: Job = {
  sizes: [0],
  contenders: { ours, plain, floor: { name: "bare copy", make: copy } },
};
