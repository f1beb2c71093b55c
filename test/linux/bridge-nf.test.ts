import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PROTO } from "../../src/base/codes.js";
import { deviceName } from "../../src/linux/device.js";
import { HOOK, NF } from "../../src/linux/stack.js";
import { carryOut, decode, decisive, Lab, readRecorded } from "./lab.js";

// Recorded with iptables-legacy TRACE in mangle at every hook, and four DNAT rules in nat PREROUTING: those stand in `services`.
const transcript = readFileSync(new URL("./recorded/bridge-nf.txt", import.meta.url), "utf8");
const services: Readonly<Record<number, string>> = { 2: "10.0.0.2", 3: "10.9.0.9", 4: "10.0.0.100", 5: "10.0.0.1" };
const CHAIN = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] as const;

/** A hook that says where it was asked, as TRACE does, and translates the services. */
class Hooks {
  readonly lab = new Lab();
  readonly said: string[] = [];
  readonly ports: string[] = [];

  constructor() {
    const s = this.lab.stack;
    s.op.hook = (hook, p, ns, inDev, outDev) => {
      const c = s.packets.c;
      const name = (dev: number): string => (dev === 0 ? "-" : deviceName(s, dev));
      if (c.proto[p] === PROTO.UDP && s.nsInfo.get(ns)!.name === "n") {
        this.said.push(`n mangle:${CHAIN[hook]} in=${name(inDev)} out=${name(outDev)} ${decode(s, s.packets, p).replace(/^\S+ /, "")}`);
        this.ports.push(`${CHAIN[hook]} ${name(c.physIn[p]!)} ${name(c.physOut[p]!)}`);
      }
      if (hook === HOOK.prerouting && s.book.text(c.dst[p]! as never) === "10.96.0.1") {
        c.dst[p] = s.book.ofText(services[c.dport[p]!]!);
        c.dport[p] = 9;
      }
      return NF.accept;
    };
    // Nobody listens on the hosts, which say so; the ICMP makes the machine use its neighbour entries, as it did when recorded.
    s.op.localDeliver = (p, ns, dev) => {
      if (s.packets.c.proto[p] === PROTO.UDP) s.op.icmpError(p, ns, dev, 3, 3, 0);
      s.packets.release(p);
    };
  }

  /** The words of one recorded command, where this test knows it. */
  answer(command: string): string[] | null {
    if (command === "traced") return this.said.splice(0);
    if (command.startsWith("ip -n out route")) this.lab.act({ verb: "route-add", ns: this.lab.ns("out"), dst: "10.0.0.0/24", via: "10.9.0.1" });
    else if (command.startsWith("captured")) return this.lab.captured();
    else return carryOut(this.lab, command);
    return null;
  }
}

describe("br_netfilter, as the real kernel does it", () => {
  const hooks = new Hooks();
  const { lab } = hooks;
  const programs = (line: string): boolean => / ARP | ICMP /.test(line) || line.startsWith("out ");

  // TRACE says the mark too. Answers of hosts and ARP are compared elsewhere, and the outside was not recorded.
  const traced = (line: string): string => line.replace(/:policy:\d+/, "").replace(/ mark=\S+/, "");

  test.each(readRecorded(transcript).map((r, i) => [i, r.command, r] as const))("%i %s", (_i, command, recorded) => {
    const said = hooks.answer(command);
    if (command.startsWith("ip netns add")) lab.stack.ns.c.hooks[lab.ns(command.split(" ")[3]!)] = 0b11111;
    if (said === null) return;
    if (command === "traced") expect(said).toEqual(recorded.said.map(traced));
    else if (command.startsWith("captured")) {
      expect(said.filter((line) => !programs(line))).toEqual(decisive(recorded).filter((line) => !programs(line)));
    } else expect(said).toEqual(decisive(recorded));
  });
});

describe("the port that a frame came in by", () => {
  // Recorded: with `-m physdev --physdev-in v1` a rule matches in INPUT, FORWARD and POSTROUTING of routed packets, and with
  // `--physdev-is-bridged` in FORWARD of bridged ones alone.
  const hooks = new Hooks();
  for (const { command } of readRecorded(transcript).filter((r) => !r.command.startsWith("inject"))) {
    hooks.answer(command);
    if (command.startsWith("ip netns add")) hooks.lab.stack.ns.c.hooks[hooks.lab.ns(command.split(" ")[3]!)] = 0b11111;
  }
  const frames = readRecorded(transcript).filter((r) => r.command.startsWith("inject"));
  const expected = [
    ["PREROUTING v1 -", "FORWARD v1 v2", "POSTROUTING v1 v2", "FORWARD v1 v1", "POSTROUTING v1 v1"],
    ["PREROUTING v1 -", "FORWARD v1 v2", "POSTROUTING v1 v2"],
    ["PREROUTING v1 -", "FORWARD v1 v2", "POSTROUTING v1 v2"],
    ["PREROUTING v1 -", "FORWARD v1 -", "POSTROUTING v1 -"],
    ["PREROUTING v1 -", "INPUT v1 -"],
    ["PREROUTING v1 -", "FORWARD v1 v1", "POSTROUTING v1 v1"],
    ["PREROUTING v1 -", "FORWARD v1 -", "POSTROUTING v1 -"],
  ];
  test.each(frames.map((frame, i) => [i, frame.command] as const))("%i", (i, command) => {
    hooks.ports.length = 0;
    hooks.answer(command);
    expect(hooks.ports).toEqual(expected[i]);
  });
});

describe("br_netfilter off", () => {
  test("a bridged frame meets no ip hook, a frame for the machine meets PREROUTING as any other", () => {
    const hooks = new Hooks();
    const recorded = readRecorded(transcript);
    for (const { command } of recorded.filter((r) => !r.command.startsWith("inject"))) {
      hooks.answer(command);
      if (command.startsWith("ip netns add")) hooks.lab.stack.ns.c.hooks[hooks.lab.ns(command.split(" ")[3]!)] = 0b11111;
    }
    hooks.lab.act({ verb: "sysctl", ns: hooks.lab.ns("n"), key: "net.bridge.bridge-nf-call-iptables", value: "0" });
    const [bridged, toService] = recorded.filter((r) => r.command.startsWith("inject"));
    hooks.answer(bridged!.command);
    expect(hooks.said.splice(0)).toEqual([]);
    hooks.answer(toService!.command);
    expect(hooks.ports).toEqual(["PREROUTING - -", "FORWARD - -", "POSTROUTING - -"]);
    expect(hooks.said.at(-1)).toContain("ttl63");
  });
});
