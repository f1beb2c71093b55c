/**
 * Segment sizes are those of Linux 6.18 with segmentation offload switched off (gso_max_segs 1), a server sending so many bytes
 * through a router whose way to the client is narrower: each segment that was too long is cut by itself, at once.
 */
import { expect, test } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { type AppDoor, launch, type Program } from "../../../src/linux/sock/app.js";
import type { AppEvent } from "../../../src/linux/sock/app-event.js";
import { STEP } from "../../../src/trace/kinds.js";
import { act, joinByVeth, makeStack, netns, probeProgram, record } from "../world.js";

const sender = (bytes: number): Program =>
  probeProgram("sender", (door: AppDoor, e: AppEvent) => {
    if (e.kind === "start") door.tcpListen(0, 8080);
    if (e.kind === "accepted") door.tcpSend(e.sock, new Uint8Array(bytes).fill(120));
    if (e.kind === "end") door.tcpClose(e.sock);
  });

const taker = (dst: string, bytes: number): Program =>
  probeProgram("taker", (door: AppDoor, e: AppEvent) => {
    if (e.kind === "start") {
      door.state = { left: bytes };
      door.tcpConnect(door.addressOf(dst), 8080, 0, 40000);
    }
    if (e.kind === "data") {
      door.state = { left: Number(door.state["left"]) - e.len };
      if (door.state["left"] === 0) door.tcpClose(e.sock);
    }
    if (e.kind === "closed") door.print(`closed ${e.errno}`);
  });

/** Bytes of data in the server's segments, in the order they left it; and what the client printed. */
function transfer(family: 4 | 6, bytes: number, mtu: number): { readonly sent: number[]; readonly said: readonly string[]; readonly took: number } {
  const v6 = family === 6;
  const at = (net: number, host: number): string => (v6 ? `fd00:${net}::${host}` : `10.${net}.0.${host}`);
  const s = makeStack([sender(bytes), taker(at(2, 16), bytes)]);
  const [a, r, b] = [netns(s, "a"), netns(s, "r"), netns(s, "b")];
  const length = v6 ? 64 : 24;
  joinByVeth(s, a, "eth0", `${at(1, 16)}/${length}`, r, "va", `${at(1, 1)}/${length}`);
  joinByVeth(s, r, "vb", `${at(2, 1)}/${length}`, b, "eth0", `${at(2, 16)}/${length}`);
  act(s, { verb: "sysctl", ns: r, key: v6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", value: "1" });
  act(s, { verb: "route-add", ns: a, dst: v6 ? "::/0" : "0.0.0.0/0", via: at(1, 1) });
  act(s, { verb: "route-add", ns: b, dst: v6 ? "::/0" : "0.0.0.0/0", via: at(2, 1) });
  act(s, { verb: "route-add", ns: r, dst: at(1, 16), dev: "va", mtu });
  const server = launch(s, b, "sender", {});
  s.engine.run(5 * SECOND);
  const ring = record(s);
  const began = s.engine.now;
  const app = launch(s, a, "taker", {});
  let took = 0;
  while (s.app.apps.get(app)!.output.length === 0 && s.engine.now < began + 10 * SECOND) {
    s.engine.step();
    took = s.engine.now - began;
  }
  expect(s.app.apps.get(server)!.exit).toBeUndefined();
  const c = s.snapshots!.c;
  const header = v6 ? 72 : 52;
  const sent = ring
    .steps()
    .filter((step) => step.kind === STEP.SEND && c.proto[step.snap] === 6 && c.sport[step.snap] === 8080 && c.ipLen[step.snap]! > header)
    .map((step) => c.ipLen[step.snap]! - header)
    .filter((length, n) => n > 0 || length > 8);
  return { sent, said: s.app.apps.get(app)!.output, took };
}

test("IPv4: everything in flight is sent again, cut to what the router said", () => {
  const { sent, said, took } = transfer(4, 5000, 600);
  expect(sent).toEqual([1448, 1448, 1448, 656, 548, 548, 352, 548, 548, 352, 548, 548, 352, 548, 108]);
  expect(said).toEqual(["closed 0"]);
  expect(took).toBeLessThan(0.15 * SECOND);
});

test("IPv6: packet too big does the same", () => {
  const { sent, said, took } = transfer(6, 3000, 1300);
  // The last one did arrive; Linux knows it by SACK, ours sends it again.
  expect(sent.slice(0, 7)).toEqual([1428, 1428, 144, 1228, 200, 1228, 200]);
  expect(said).toEqual(["closed 0"]);
  expect(took).toBeLessThan(0.15 * SECOND);
});

test("a host's own narrower device is no surprise to it", () => {
  const s = makeStack([sender(3000), taker("10.0.0.2", 3000)]);
  const [a, b] = [netns(s, "a"), netns(s, "b")];
  joinByVeth(s, a, "eth0", "10.0.0.1/24", b, "eth0", "10.0.0.2/24");
  act(s, { verb: "link-set", ns: b, name: "eth0", mtu: 1400 });
  launch(s, b, "sender", {});
  const ring = record(s);
  const app = launch(s, a, "taker", {});
  s.engine.run(SECOND);
  const c = s.snapshots!.c;
  const lengths = ring.steps().filter((step) => step.kind === STEP.SEND && c.sport[step.snap] === 8080 && c.ipLen[step.snap]! > 60).map((step) => c.ipLen[step.snap]);
  expect(lengths).toEqual([1400, 1400, 356]);
  expect(s.app.apps.get(app)!.output).toEqual(["closed 0"]);
});
