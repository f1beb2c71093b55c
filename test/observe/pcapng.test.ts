import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type Capture, writePcapng } from "../../src/observe/pcapng.js";
import { anyFrame, arp, Bench, echo, icmpError, neighbour, type Spec, tcp, udp, vxlan } from "../packet/wire/frames.js";
import { describeWith, needs } from "../support/requires.js";

function words(bytes: Uint8Array, at: number, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 4 * count);
  return Array.from({ length: count }, (_, i) => view.getUint32(4 * i, true));
}

describe("writePcapng", () => {
  test("a file is blocks that say their length twice, in the draft's order", () => {
    const file = writePcapng({
      interfaces: [{ name: "a/eth0" }, { name: "b/eth0", description: "veth" }],
      packets: [{ interface: 1, time: 2 ** 32 * 3 + 7, bytes: Uint8Array.of(1, 2, 3, 4, 5), comment: "why" }],
    });
    const types: number[] = [];
    let at = 0;
    let last = 0;
    while (at < file.length) {
      const [type, length] = words(file, at, 2) as [number, number];
      expect(length % 4).toBe(0);
      expect(words(file, at + length - 4, 1)).toEqual([length]);
      types.push(type);
      last = at;
      at += length;
    }
    expect(at).toBe(file.length);
    expect(types).toEqual([0x0a0d0d0a, 1, 1, 6]);
    expect(words(file, 8, 1)).toEqual([0x1a2b3c4d]);
    expect(words(file, last + 8, 5)).toEqual([1, 3, 7, 5, 5]);
  });

  test("a packet of a device that is not in the file is refused", () => {
    expect(() => writePcapng({ interfaces: [], packets: [{ interface: 0, time: 0, bytes: new Uint8Array(14) }] })).toThrow(RangeError);
  });
});

describeWith("tshark reads the capture", [needs.tshark], () => {
  const folder = mkdtempSync(join(tmpdir(), "podwire-pcapng-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function tshark(capture: Capture, ...fields: string[]): string[][] {
    const file = join(folder, "capture.pcapng");
    writeFileSync(file, writePcapng(capture));
    const checks = ["ip", "udp", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
    const run = spawnSync(
      "tshark",
      ["-n", "-r", file, "-d", "udp.port==8472,vxlan", ...checks, "-T", "fields", "-E", "separator=|", ...fields.flatMap((f) => ["-e", f])],
      { encoding: "utf8", timeout: 50_000 },
    );
    expect(run.status, run.stderr).toBe(0);
    return run.stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => line.split("|"));
  }

  test("times, device names, directions and reasons", () => {
    const bench = new Bench();
    const [spec] = fc.sample(anyFrame, { seed: 5, numRuns: 1 });
    const bytes = bench.encode(bench.make(spec!));
    const rows = tshark(
      {
        interfaces: [{ name: "kind-worker/pod-a/eth0" }, { name: "kind-worker/cni0", description: "bridge" }],
        packets: [
          { interface: 0, time: 1_000_000_123, bytes, direction: "out" },
          {
            interface: 1,
            time: 104 * 86_400 * 1e9 + 9,
            bytes,
            direction: "in",
            comment: "dropped: shop/default-deny spec.ingress ünïcode",
          },
        ],
      },
      "frame.time_epoch",
      "frame.interface_name",
      "frame.interface_description",
      "frame.packet_flags_direction",
      "frame.comment",
      "frame.len",
    );
    const length = `${bytes.length}`;
    expect(rows.map((row) => [row[0]!.replace(/0+$/, "").replace(/Z$/, ""), ...row.slice(1)])).toEqual([
      [expect.stringContaining("1.000000123"), "kind-worker/pod-a/eth0", "", expect.stringMatching(/2$/), "", length],
      [
        expect.stringContaining("8985600.000000009"),
        "kind-worker/cni0",
        "bridge",
        expect.stringMatching(/1$/),
        "dropped: shop/default-deny spec.ingress ünïcode",
        length,
      ],
    ]);
  });

  test("no frame is malformed", () => {
    const bench = new Bench();
    const known = fc.oneof(arp, neighbour, vxlan, ...[true, false].flatMap((isV6) => [udp(isV6), tcp(isV6), echo(isV6), icmpError(isV6)]));
    const specs = fc
      .sample(known, { seed: 21, numRuns: 400 })
      .filter((spec) => layers(spec).every(isKnown))
      .map(harmless);
    expect(specs.length).toBeGreaterThan(300);
    const packets = specs.map((spec, i) => ({ interface: 0, time: i * 1000, bytes: bench.encode(bench.make(spec)) }));
    const rows = tshark({ interfaces: [{ name: "eth0" }], packets }, "_ws.malformed", "_ws.short", "frame.protocols");
    expect(rows.filter((row) => row[0] !== "" || row[1] !== "")).toEqual([]);
    expect(rows.filter((row) => row[2]!.includes("vxlan")).length).toBe(specs.filter((spec) => spec.fields.vni !== undefined).length);
  });

  const KNOWN_PROTOCOLS: readonly (number | undefined)[] = [1, 6, 17, 58];
  function isKnown(spec: Spec): boolean {
    return spec.fields.arpOp !== undefined || KNOWN_PROTOCOLS.includes(spec.fields.proto);
  }

  /** Ports and payloads that tshark takes for no application protocol. */
  function harmless(spec: Spec): Spec {
    const ports = spec.fields.proto === 6 || (spec.fields.proto === 17 && spec.inner === undefined) ? { sport: 40001, dport: 40003 } : {};
    const changed = { ...spec, fields: { ...spec.fields, ...ports }, bytes: new Uint8Array(spec.bytes.length).fill(0x78) };
    return unextended(spec.inner === undefined ? changed : { ...changed, inner: harmless(spec.inner) });
  }

  /** Without what would announce the extensions of RFC 4884, whose checksum random bytes do not have: an MTU is in the last two bytes. */
  function unextended(spec: Spec): Spec {
    const info = spec.fields.icmpInfo === undefined ? {} : { icmpInfo: spec.fields.icmpInfo & 0xffff };
    const changed = { ...spec, fields: { ...spec.fields, ...info } };
    return spec.inner === undefined ? changed : { ...changed, inner: unextended(spec.inner) };
  }

  test("every kind of frame: no wrong checksum, the same addresses and ports", () => {
    const bench = new Bench();
    const specs = fc.sample(anyFrame, { seed: 20, numRuns: 400 }).map(unextended);
    const packets = specs.map((spec, i) => ({ interface: 0, time: i * 1000, bytes: bench.encode(bench.make(spec)) }));
    const rows = tshark(
      { interfaces: [{ name: "eth0" }], packets },
      "ip.checksum.status",
      "udp.checksum.status",
      "tcp.checksum.status",
      "icmp.checksum.status",
      "icmpv6.checksum.status",
      "ip.src",
      "tcp.srcport",
      "vxlan.vni",
      "tcp.options.mss_val",
      "tcp.options.wscale.shift",
      "eth.src",
    );
    expect(rows.length).toBe(specs.length);
    const BAD = "0";
    for (const [i, row] of rows.entries()) {
      for (const column of row.slice(0, 5)) expect(column.split(","), `frame ${i}`).not.toContain(BAD);
      const seen = layers(specs[i]!);
      expect(row[5]!.split(",").filter(Boolean)).toEqual(
        seen.flatMap((s) => (s.fields.etherType === 0x0800 && s.src !== undefined ? [s.src] : [])),
      );
      expect(row[7]!.split(",").filter(Boolean).map(Number)).toEqual(
        seen.flatMap((s) => (s.fields.vni === undefined ? [] : [s.fields.vni])),
      );
      expect(row[6]!.split(",").filter(Boolean).map(Number)).toEqual(seen.flatMap((s) => (s.fields.proto === 6 ? [s.fields.sport] : [])));
      // Of quoted segments tshark shows the options only sometimes.
      if (seen.some((s) => s.fields.icmpType !== undefined)) continue;
      const mss = seen.flatMap((s) => (s.fields.proto === 6 && s.fields.mss !== undefined ? [s.fields.mss] : []));
      expect(row[8]!.split(",").filter(Boolean).map(Number)).toEqual(mss);
    }
  });

  /** A spec and the packets inside it, outermost first. */
  function layers(spec: Spec): Spec[] {
    return spec.inner === undefined ? [spec] : [spec, ...layers(spec.inner)];
  }
});
