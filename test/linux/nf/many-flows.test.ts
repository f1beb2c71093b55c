import { describe, expect, it } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { listFlows } from "../../../src/linux/nf/conntrack-list.js";
import { launch } from "../../../src/linux/sock/app.js";
import { act, joinByVeth, makeStack, netns, probeProgram } from "../world.js";

const FLOWS = 500;

describe("connection tracking under many flows", () => {
  it("keeps each of them, both ways, while its hash grows", () => {
    let answers = 0;
    const server = probeProgram("server", (door, e) => {
      if (e.kind === "start") door.udpBind(0, 53);
      if (e.kind === "datagram") door.udpSend(e.sock, e.from, e.port, new Uint8Array([1]));
    });
    const client = probeProgram("client", (door, e) => {
      if (e.kind === "start") for (let i = 0; i < FLOWS; i++) door.udpSend(door.udpBind(0, 0), door.addressOf("10.9.9.9"), 53, new Uint8Array([2]));
      if (e.kind === "datagram") answers++;
    });
    const s = makeStack([server, client]);
    const [a, r, b] = [netns(s, "a"), netns(s, "r"), netns(s, "b")] as const;
    joinByVeth(s, a, "eth0", "10.1.0.2/24", r, "left", "10.1.0.1/24");
    joinByVeth(s, b, "eth0", "10.2.0.2/24", r, "right", "10.2.0.1/24");
    act(s, { verb: "sysctl", ns: r, key: "net.ipv4.ip_forward", value: "1" });
    act(s, { verb: "route-add", ns: a, dst: "default", via: "10.1.0.1" });
    act(s, { verb: "route-add", ns: b, dst: "default", via: "10.2.0.1" });
    act(s, { verb: "iptables", ns: r, family: 4, table: "nat", op: "append", chain: "PREROUTING", spec: "-d 10.9.9.9/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.2.0.2:53" });
    act(s, { verb: "neigh-add", ns: r, dev: "right", addr: "10.2.0.2", mac: mac(s, b), state: "permanent" });
    act(s, { verb: "neigh-add", ns: a, dev: "eth0", addr: "10.1.0.1", mac: mac(s, r, "left"), state: "permanent" });
    act(s, { verb: "neigh-add", ns: b, dev: "eth0", addr: "10.2.0.1", mac: mac(s, r, "right"), state: "permanent" });
    act(s, { verb: "neigh-add", ns: r, dev: "left", addr: "10.1.0.2", mac: mac(s, a), state: "permanent" });
    launch(s, b, "server", {});
    launch(s, a, "client", {});
    s.engine.run(SECOND);
    expect(answers).toBe(FLOWS);
    expect(listFlows(s, r).length).toBe(FLOWS);
    expect(listFlows(s, r).every((flow) => !flow.unreplied && flow.reply.src === "10.2.0.2" && flow.original.dst === "10.9.9.9")).toBe(true);
  });
});

function mac(s: ReturnType<typeof makeStack>, ns: number, dev = "eth0"): string {
  const number = s.dev.c.mac[s.nsInfo.get(ns)!.devices.get(dev)!]!;
  return number.toString(16).padStart(12, "0").match(/../g)!.join(":");
}
