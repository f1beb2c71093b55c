/** Expected segments, times and errors are those of the real kernel: facts H0, H1, C8, C10 of linux-dataplane. */
import { describe, expect, it } from "vitest";
import { MS, SECOND } from "../../../src/base/time.js";
import { errnoName } from "../../../src/linux/errno.js";
import { type AppDoor, launch, type Program } from "../../../src/linux/sock/app.js";
import type { AppEvent } from "../../../src/linux/sock/app-event.js";
import type { Stack } from "../../../src/linux/stack.js";
import { STEP } from "../../../src/trace/kinds.js";
import type { TraceRing } from "../../../src/trace/ring.js";
import { act, joinByVeth, makeStack, netns, probeProgram, record } from "../world.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Answers every connection with who it is, and closes after the client has. */
const server: Program = probeProgram("server", (door: AppDoor, e: AppEvent) => {
  if (e.kind === "start") door.tcpListen(0, 8080);
  if (e.kind === "accepted") door.tcpSend(e.sock, bytes(`hello ${door.addressText(door.peer(e.sock).addr)}`));
  if (e.kind === "end") door.tcpClose(e.sock);
});

const client = (dst: string, port: number): Program =>
  probeProgram("client", (door: AppDoor, e: AppEvent) => {
    if (e.kind === "start") {
      const sock = door.tcpConnect(door.addressOf(dst), port, 0, 40000);
      if (sock < 0) door.print(errnoName(-sock));
    }
    if (e.kind === "data") {
      door.print(`ok ${door.text(e)}`);
      door.tcpClose(e.sock);
    }
    if (e.kind === "closed") door.print(e.errno === 0 ? "closed" : `${errnoName(e.errno)} ${Math.round(door.now / MS)}`);
  });

const FLAGS = ["F", "S", "R", "P", "A"];

/** "S 60" for every TCP segment that left a device, in order. */
function segments(s: Stack, ring: TraceRing): string[] {
  const c = s.snapshots!.c;
  return ring
    .steps()
    .filter((step) => step.kind === STEP.DEVICE_OUT && c.proto[step.snap] === 6 && c.etherType[step.snap] === 0x0800)
    .map(({ snap }) => `${FLAGS.filter((_, i) => ((c.flags[snap]! >> i) & 1) === 1).join("")} ${c.ipLen[snap]}`);
}

function pair(programs: readonly Program[]): { s: Stack; a: number; b: number } {
  const s = makeStack(programs);
  const a = netns(s, "a");
  const b = netns(s, "b");
  joinByVeth(s, a, "eth0", "10.0.0.1/24", b, "eth0", "10.0.0.2/24");
  return { s, a, b };
}

describe("TCP", () => {
  it("opens, answers and closes in the eight segments of the real kernel", () => {
    const { s, a, b } = pair([server, client("10.0.0.2", 8080)]);
    launch(s, b, "server", {});
    const ring = record(s);
    const app = launch(s, a, "client", {});
    s.engine.run(10 * SECOND);
    expect(s.app.apps.get(app)!.output).toEqual(["ok hello 10.0.0.1", "closed"]);
    expect(segments(s, ring)).toEqual(["S 60", "SA 60", "A 52", `PA ${52 + 14}`, "A 52", "FA 52", "FA 52", "A 52"]);
    expect(s.packets.count).toBe(0);
  });

  it("is refused by a closed port with RST,ACK of 40 bytes", () => {
    const { s, a } = pair([client("10.0.0.2", 81)]);
    const ring = record(s);
    const app = launch(s, a, "client", {});
    s.engine.run(SECOND);
    expect(s.app.apps.get(app)!.output).toEqual(["ECONNREFUSED 0"]);
    expect(segments(s, ring)).toEqual(["S 60", "RA 40"]);
  });

  it("sends a SYN to a black hole eleven times, four of them a second apart before backing off", () => {
    const { s, a, b } = pair([client("10.0.0.2", 80)]);
    act(s, { verb: "route-add", ns: b, dst: "10.0.0.1/32", type: "blackhole" });
    const ring = record(s);
    const app = launch(s, a, "client", {});
    s.engine.run(200 * SECOND);
    const c = s.snapshots!.c;
    const at = ring.steps().filter((step) => step.kind === STEP.SEND && c.flags[step.snap] === 2).map((step) => step.time / SECOND);
    // linux-dataplane H1; the wheel's phase moves far timers by a second or so.
    const seen = [0, 1.03, 2.05, 3.07, 4.1, 5.12, 7.14, 11.3, 19.5, 35.6, 68.9, 134.4];
    const ended = /^ETIMEDOUT (\d+)$/.exec(s.app.apps.get(app)!.output[0]!);
    const ours = [...at, Number(ended![1]) / 1000];
    expect(ours.length).toBe(seen.length);
    ours.forEach((time, i) => expect(Math.abs(time - seen[i]!)).toBeLessThanOrEqual(0.02 * seen[i]!));
  });

  it("fails with EHOSTUNREACH after three seconds when nobody answers ARP", () => {
    const { s, a } = pair([client("10.0.0.77", 80)]);
    const app = launch(s, a, "client", {});
    s.engine.run(10 * SECOND);
    expect(s.app.apps.get(app)!.output).toEqual(["EHOSTUNREACH 3072"]);
  });

  it("sends lost data again after 200 ms and a round trip", () => {
    const { s, a, b } = pair([server, client("10.0.0.2", 8080)]);
    launch(s, b, "server", {});
    const app = launch(s, a, "client", {});
    // The server's answer goes nowhere until the link is back.
    while (s.app.apps.get(app)!.output.length === 0 && s.engine.step()) {
      if (s.sock.queues.size > 0) break;
    }
    act(s, { verb: "link-set", ns: a, name: "eth0", up: false });
    s.engine.run(s.engine.now + 100 * MS);
    act(s, { verb: "link-set", ns: a, name: "eth0", up: true });
    s.engine.run(s.engine.now + 2 * SECOND);
    expect(s.app.apps.get(app)!.output).toEqual(["ok hello 10.0.0.1", "closed"]);
  });
});
