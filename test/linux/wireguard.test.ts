/** WireGuard's way and sizes, by the sources of drivers/net/wireguard: the kernel that labs are recorded on has none. */
import { describe, expect, test } from "vitest";
import { encodeBase64 } from "../../src/base/base64.js";
import { MS, SECOND } from "../../src/base/time.js";
import { publicKeyOf } from "../../src/base/x25519.js";
import { deviceByName } from "../../src/linux/device.js";
import { plumb } from "../../src/linux/plumbing.js";
import { launch } from "../../src/linux/sock/app.js";
import type { Stack } from "../../src/linux/stack.js";
import { encodeFrame } from "../../src/packet/wire/frame-writer.js";
import { STEP } from "../../src/trace/kinds.js";
import type { TraceRing } from "../../src/trace/ring.js";
import { act, joinByVeth, makeStack, netns, probeProgram, record } from "./world.js";

const KEYS = [1, 2].map((n) => {
  const key = new Uint8Array(32).fill(n);
  return { privateKey: encodeBase64(key), publicKey: encodeBase64(publicKeyOf(key)) };
}) as [{ privateKey: string; publicKey: string }, { privateKey: string; publicKey: string }];

interface Result {
  readonly s: Stack;
  readonly a: number;
  readonly b: number;
  readonly got: string[];
  readonly ring: TraceRing;
}

/** Machines 192.168.9.1 and .2 with 10.1.0.1 and 10.2.0.1 behind a tunnel; a datagram of so many bytes from 1 to 2. */
function world(bytes: number, to = "10.2.0.1", change: (s: Stack, a: number, b: number) => void = () => undefined): Result {
  const got: string[] = [];
  const sender = probeProgram("sender", (door, event) => {
    if (event.kind !== "start") return;
    const sock = door.udpBind(0, 0);
    door.udpConnect(sock, s.book.ofText(to), 5000);
    door.udpSend(sock, s.book.ofText(to), 5000, new Uint8Array(bytes));
  });
  const receiver = probeProgram("receiver", (door, event) => {
    if (event.kind === "start") door.udpBind(0, 5000);
    else if (event.kind === "datagram") got.push(`${event.len} from ${s.book.text(event.from)}`);
  });
  const s = makeStack([sender, receiver]);
  const a = netns(s, "a", 1);
  const b = netns(s, "b", 2);
  joinByVeth(s, a, "eth0", "192.168.9.1/24", b, "eth0", "192.168.9.2/24");
  [a, b].forEach((ns, i) => {
    const other = 2 - i;
    act(s, { verb: "link-add", ns, name: "wg0", kind: "wireguard" });
    act(s, { verb: "wg-set", ns, dev: "wg0", privateKey: KEYS[i]!.privateKey, listenPort: 51820, peers: [{ publicKey: KEYS[other - 1]!.publicKey, endpoint: `192.168.9.${other}:51820`, allowedIps: [`10.${other}.0.0/24`] }] });
    act(s, { verb: "addr-add", ns, dev: "wg0", addr: `10.${i + 1}.0.1/32` });
    act(s, { verb: "link-set", ns, name: "wg0", up: true });
    act(s, { verb: "route-add", ns, dst: "10.0.0.0/8", dev: "wg0", scope: "link" });
  });
  change(s, a, b);
  const ring = record(s);
  launch(s, b, "receiver", {});
  s.engine.run(s.engine.now + MS);
  launch(s, a, "sender", {});
  s.engine.run(s.engine.now + SECOND);
  return { s, a, b, got, ring };
}

describe("a WireGuard device", () => {
  test.each([
    // A packet of 28 + bytes is padded to sixteens; 60 bytes are around it.
    [100, 128 + 60],
    [101, 144 + 60],
    [1388, 1420 + 60],
  ])("a datagram of %i bytes leaves the machine in %i", (bytes, outer) => {
    const { s, a, got, ring } = world(bytes);
    expect(got).toEqual([`${bytes} from 10.1.0.1`]);
    const eth0 = deviceByName(s, a, "eth0");
    const { c } = s.snapshots!;
    const sent = ring.steps().filter((step) => step.kind === STEP.DEVICE_OUT && step.dev === eth0 && c.proto[step.snap] === 17);
    expect(sent.map(({ snap: p }) => [c.ipLen[p], c.sport[p], c.dport[p], c.frag[p]])).toEqual([[outer, 51820, 51820, 0]]);
  });

  test("nobody on the way can read what is inside", () => {
    const { s, a, ring } = world(64);
    const eth0 = deviceByName(s, a, "eth0");
    const step = ring.steps().find(({ kind, dev, snap }) => kind === STEP.DEVICE_OUT && dev === eth0 && s.snapshots!.c.proto[snap] === 17)!;
    const bytes = new Uint8Array(2048);
    const length = encodeFrame(s.snapshots!, s.payloads, s.book, step.snap, bytes);
    // Ethernet, IPv4, UDP: 42 bytes; then a message of type 4.
    expect([...bytes.subarray(42, 46)]).toEqual([4, 0, 0, 0]);
    expect(bytes.subarray(50, length).every((byte) => byte === 0)).toBe(true);
  });

  test("an address that no peer has is unreachable, and so is a peer that is nowhere", () => {
    const answers = ({ ring }: Result): string[] => ring.steps().filter(({ kind }) => kind === STEP.ICMP_ERROR).map(({ a, b }) => `${a}/${b}`);
    expect(answers(world(100, "10.3.0.1"))).toEqual(["3/1"]);
    const lost = world(100, "10.2.0.1", (s, a) => act(s, { verb: "wg-set", ns: a, dev: "wg0", peers: [{ publicKey: KEYS[1].publicKey, remove: true }, { publicKey: KEYS[1].publicKey, allowedIps: ["10.2.0.0/24"] }] }));
    expect(answers(lost)).toEqual(["3/1"]);
  });

  test("a packet from an address that the peer does not have is not taken", () => {
    const { got } = world(100, "10.2.0.1", (s, _a, b) => act(s, { verb: "wg-set", ns: b, dev: "wg0", peers: [{ publicKey: KEYS[0].publicKey, allowedIps: ["10.9.0.0/24"] }] }));
    expect(got).toEqual([]);
  });

  test("the longest prefix chooses, and belongs to one peer", () => {
    const s = makeStack();
    const ns = netns(s, "a");
    act(s, { verb: "link-add", ns, name: "wg0", kind: "wireguard" });
    act(s, { verb: "wg-set", ns, dev: "wg0", peers: [{ publicKey: KEYS[0].publicKey, allowedIps: ["10.0.0.0/8", "10.1.0.0/16"] }] });
    act(s, { verb: "wg-set", ns, dev: "wg0", peers: [{ publicKey: KEYS[1].publicKey, allowedIps: ["10.1.0.0/16"] }] });
    const { peers } = s.devInfo.get(deviceByName(s, ns, "wg0"))!.wireguard!;
    expect(peers.map(({ allowed }) => allowed.map(({ prefix }) => prefix))).toEqual([[8], [16]]);
    expect(plumb(s, { verb: "wg-set", ns, dev: "wg0", peers: [{ publicKey: "short" }] })?.message).toBe("Key is not the correct length or format: `short'");
    expect(plumb(s, { verb: "wg-set", ns, dev: "lo" })?.message).toBe("Unable to modify interface: Operation not supported");
  });
});
