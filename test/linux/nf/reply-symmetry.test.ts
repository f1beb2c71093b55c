/** Whatever NAT does to a flow, its replies come back as if nothing had: the law that everything above relies on. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { listFlows } from "../../../src/linux/nf/conntrack-list.js";
import { launch } from "../../../src/linux/sock/app.js";
import { act, joinByVeth, makeStack, netns, probeProgram } from "../world.js";

interface Case {
  readonly service: number;
  readonly servicePort: number;
  readonly target: number;
  readonly targetPort: number;
  readonly snat: "none" | "masquerade" | "range" | "random";
  readonly proto: "udp" | "tcp";
  readonly sourcePort: number;
}

const port = fc.integer({ min: 1, max: 65535 });
const flow: fc.Arbitrary<Case> = fc.record({
  service: fc.integer({ min: 1, max: 250 }),
  servicePort: port,
  target: fc.integer({ min: 2, max: 6 }),
  targetPort: port,
  snat: fc.constantFrom("none", "masquerade", "range", "random"),
  proto: fc.constantFrom("udp", "tcp"),
  sourcePort: fc.integer({ min: 1024, max: 65535 }),
});

const SNAT: Readonly<Record<Exclude<Case["snat"], "none">, string>> = {
  masquerade: "-j MASQUERADE",
  range: "-p tcp -j SNAT --to-source 10.2.0.1:2000-2100",
  random: "-j MASQUERADE --random-fully",
};

/** Client, router with the rules, five servers at 10.2.0.2 to .6; returns what the client heard and from whom. */
function run(of: Case): { readonly heard: readonly string[]; readonly seen: readonly string[]; readonly packets: number; readonly flows: ReturnType<typeof listFlows> } {
  const heard: string[] = [];
  const seen: string[] = [];
  const bytes = new Uint8Array([1]);
  const server = probeProgram("server", (door, e) => {
    // Bound to its address: an answer from an unbound UDP socket takes its source by route, and no flow would know it.
    if (e.kind === "start") (of.proto === "udp" ? door.udpBind(door.addressOf(`10.2.0.${of.target}`), of.targetPort) : door.tcpListen(0, of.targetPort));
    if (e.kind === "datagram") {
      seen.push(`${door.addressText(e.from)}:${e.port}`);
      door.udpSend(e.sock, e.from, e.port, bytes);
    }
    if (e.kind === "accepted") {
      seen.push(`${door.addressText(door.peer(e.sock).addr)}:${door.peer(e.sock).port}`);
      door.tcpSend(e.sock, bytes);
    }
    if (e.kind === "end") door.tcpClose(e.sock);
  });
  const client = probeProgram("client", (door, e) => {
    const dst = door.addressOf(`10.96.0.${of.service}`);
    if (e.kind === "start") {
      if (of.proto === "udp") door.udpSend(door.udpBind(0, of.sourcePort), dst, of.servicePort, bytes);
      else door.tcpConnect(dst, of.servicePort, 0, of.sourcePort);
    }
    if (e.kind === "datagram") heard.push(`${door.addressText(e.from)}:${e.port}`);
    if (e.kind === "data") {
      heard.push(`${door.addressText(door.peer(e.sock).addr)}:${door.peer(e.sock).port}`);
      door.tcpClose(e.sock);
    }
  });
  const s = makeStack([server, client]);
  const [a, r, b] = [netns(s, "a"), netns(s, "r"), netns(s, "b")] as const;
  joinByVeth(s, a, "eth0", "10.1.0.2/24", r, "left", "10.1.0.1/24");
  joinByVeth(s, b, "eth0", "10.2.0.2/24", r, "right", "10.2.0.1/24");
  for (let i = 3; i <= 6; i++) act(s, { verb: "addr-add", ns: b, dev: "eth0", addr: `10.2.0.${i}/24` });
  act(s, { verb: "sysctl", ns: r, key: "net.ipv4.ip_forward", value: "1" });
  act(s, { verb: "route-add", ns: a, dst: "default", via: "10.1.0.1" });
  act(s, { verb: "route-add", ns: b, dst: "default", via: "10.2.0.1" });
  const nat = (chain: string, spec: string): void => act(s, { verb: "iptables", ns: r, family: 4, table: "nat", op: "append", chain, spec });
  nat("PREROUTING", `-d 10.96.0.${of.service}/32 -p ${of.proto} -m ${of.proto} --dport ${of.servicePort} -j DNAT --to-destination 10.2.0.${of.target}:${of.targetPort}`);
  if (of.snat !== "none") nat("POSTROUTING", `-o right ${SNAT[of.snat]}`);
  launch(s, b, "server", {});
  launch(s, a, "client", {});
  s.engine.run(3 * SECOND);
  return { heard, seen, packets: s.packets.count, flows: listFlows(s, r) };
}

describe("a translated flow", () => {
  it("answers from the address that was asked, whatever was translated on the way", () => {
    fc.assert(
      fc.property(flow, (of) => {
        const { heard, seen, packets, flows } = run(of);
        expect(heard).toEqual([`10.96.0.${of.service}:${of.servicePort}`]);
        expect(packets).toBe(0);
        const [one] = flows;
        expect(one!.original).toEqual({ src: "10.1.0.2", dst: `10.96.0.${of.service}`, sport: of.sourcePort, dport: of.servicePort });
        expect(one!.reply).toMatchObject({ src: `10.2.0.${of.target}`, sport: of.targetPort });
        expect(seen).toEqual([`${one!.reply.dst}:${one!.reply.dport}`]);
        if (of.snat === "none" || (of.snat === "range" && of.proto === "udp")) expect(one!.reply).toMatchObject({ dst: "10.1.0.2", dport: of.sourcePort });
        if (of.snat === "masquerade") expect(one!.reply).toMatchObject({ dst: "10.2.0.1", dport: of.sourcePort });
        if (of.snat === "range" && of.proto === "tcp") expect(one!.reply.dport >= 2000 && one!.reply.dport <= 2100).toBe(true);
      }),
      { numRuns: 80 },
    );
  });
});
