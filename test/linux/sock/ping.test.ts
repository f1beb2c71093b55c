import { describe, expect, it } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { type AppDoor, launch } from "../../../src/linux/sock/app.js";
import type { AppEvent } from "../../../src/linux/sock/app-event.js";
import { act, joinByVeth, makeStack, netns, probeProgram } from "../world.js";

/** Sends one echo request and keeps what comes back. */
const pinger = (dst: string, heard: AppEvent[], ttl = 64) =>
  probeProgram("pinger", (door: AppDoor, event: AppEvent) => {
    if (event.kind === "start") {
      const sock = door.pingOpen();
      const errno = door.pingSend(sock, door.addressOf(dst), 1, 56, ttl);
      if (errno !== 0) door.print(`errno ${errno}`);
    } else heard.push(event);
  });

describe("echo", () => {
  it("crosses a veth pair and comes back with the TTL untouched", () => {
    const heard: AppEvent[] = [];
    const s = makeStack([pinger("10.0.0.2", heard)]);
    const a = netns(s, "a");
    const b = netns(s, "b");
    joinByVeth(s, a, "eth0", "10.0.0.1/24", b, "eth0", "10.0.0.2/24");
    launch(s, a, "pinger", {});
    s.engine.run(2 * SECOND);
    expect(heard).toMatchObject([{ kind: "echo", sequence: 1, ttl: 64, len: 56 }]);
    expect(s.packets.count).toBe(0);
  });

  it("is answered by the router with time exceeded where the TTL ends", () => {
    const heard: AppEvent[] = [];
    const s = makeStack([pinger("10.2.0.2", heard, 1)]);
    const a = netns(s, "a");
    const r = netns(s, "r");
    const b = netns(s, "b");
    joinByVeth(s, a, "eth0", "10.1.0.2/24", r, "left", "10.1.0.1/24");
    joinByVeth(s, b, "eth0", "10.2.0.2/24", r, "right", "10.2.0.1/24");
    act(s, { verb: "sysctl", ns: r, key: "net.ipv4.ip_forward", value: "1" });
    act(s, { verb: "route-add", ns: a, dst: "default", via: "10.1.0.1" });
    act(s, { verb: "route-add", ns: b, dst: "default", via: "10.2.0.1" });
    launch(s, a, "pinger", {});
    s.engine.run(2 * SECOND);
    expect(heard).toMatchObject([{ kind: "error", type: 11, code: 0, from: s.book.ofText("10.1.0.1") }]);
    expect(s.packets.count).toBe(0);
  });

  it("reaches the host's own addresses through lo", () => {
    const heard: AppEvent[] = [];
    const s = makeStack([pinger("127.0.0.1", heard)]);
    launch(s, netns(s, "a"), "pinger", {});
    s.engine.run(SECOND);
    expect(heard).toMatchObject([{ kind: "echo", ttl: 64 }]);
  });

  it("fails at once without a route", () => {
    const s = makeStack([pinger("10.9.9.9", [])]);
    const app = launch(s, netns(s, "a"), "pinger", {});
    expect(s.app.apps.get(app)!.output).toEqual(["errno 101"]);
  });
});
