import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { record } from "../../../src/cluster/recording.js";
import { configureBird, killBird, startBird } from "../../../src/models/bgp/bird-program.js";
import { capture } from "../../../src/observe/capture.js";
import { describeWith, needs } from "../../support/requires.js";
import { Network, speaker } from "./network.js";

/** Three systems in a line; the one in the middle announces nothing itself. */
function line(more = ""): Network {
  const net = new Network();
  net.run("ip netns add a", "ip netns add b", "ip netns add c");
  net.cable(1, "a", "b");
  net.cable(2, "b", "c");
  net.bird("a", speaker(1, ["10.1.0.0/16"], [{ local: "10.0.1.1", remote: "10.0.1.2", as: 65002 }], 65001, more));
  net.bird("b", speaker(2, [], [{ local: "10.0.1.2", remote: "10.0.1.1", as: 65001 }, { local: "10.0.2.1", remote: "10.0.2.2", as: 65003 }], 65002, more));
  net.bird("c", speaker(3, ["10.3.0.0/16"], [{ local: "10.0.2.2", remote: "10.0.2.1", as: 65002 }], 65003, more));
  return net;
}

function carried(net: Network): Network {
  const plain = structuredClone(net.world.checkpoints.checkpoint());
  const copy = new Network();
  copy.world.checkpoints.restore(plain);
  return copy;
}

describe("a world with daemons", () => {
  test("goes on from a checkpoint as it would have without one", () => {
    const whole = line();
    for (let cut = 0; cut < 12; cut++) {
      const copy = carried(whole);
      for (const one of [whole, copy]) for (let i = 0; i < 23; i++) one.world.engine.step();
      expect(copy.world.checkpoints.fingerprint()).toBe(whole.world.checkpoints.fingerprint());
    }
    const copy = carried(whole);
    for (const one of [whole, copy]) one.pass(5);
    expect(copy.world.checkpoints.fingerprint()).toBe(whole.world.checkpoints.fingerprint());
    expect(copy.birdc("c", "show", "route", "all")).toBe(whole.birdc("c", "show", "route", "all"));
    expect(whole.run("ip -n c route show")).toContain("10.1.0.0/16 via 10.0.2.1 dev to-b proto bird metric 32");
  });

  test("is the same each time", () => {
    const [one, other] = [line(), line()];
    for (const net of [one, other]) net.pass(400);
    expect(other.world.checkpoints.fingerprint()).toBe(one.world.checkpoints.fingerprint());
  });

  test("a killed daemon leaves its routes, and its peers lose them", () => {
    const net = line();
    net.pass(3);
    killBird(net.world.stack, [...net.world.stack.app.apps.keys()][1]!);
    net.pass(1);
    expect(net.run("ip -n b route show")).toContain("proto bird");
    expect(net.run("ip -n c route show")).not.toContain("proto bird");
    expect(net.birdc("b", "show", "protocols")).toBe("");
  });

  // RFC 4271 8.2.2: an error in Idle waits before it tries again.
  test("hold time: a peer that nobody hears any more is lost, and the session waits", () => {
    const net = line("hold time 9; error wait time 20, 60;");
    net.pass(3);
    net.run("ip netns exec b iptables -A INPUT -s 10.0.1.1 -j DROP");
    net.pass(12);
    expect(net.birdc("b", "show", "protocols", "p0")).toMatch(/start .*Idle {10}BGP Error: Hold timer expired|Idle .*Received: Hold timer expired/);
    expect(net.run("ip -n c route show")).not.toContain("10.1.0.0/16");
    expect(net.birdc("b", "show", "protocols", "all", "p0")).toMatch(/Error wait: +\d+\.\d{3}\/20/);
  });
});

describe("configureBird", () => {
  test("restarts what is written otherwise and leaves the rest alone", () => {
    const net = line();
    net.pass(3);
    const app = [...net.world.stack.app.apps.keys()][0]!;
    const before = net.birdc("a", "show", "protocols", "p0");
    expect(configureBird(net.world.stack, app, speaker(1, ["10.1.0.0/16", "10.4.0.0/16"], [{ local: "10.0.1.1", remote: "10.0.1.2", as: 65002 }], 65001))).toBeNull();
    net.pass(1);
    expect(net.birdc("a", "show", "protocols", "p0")).toBe(before);
    expect(net.run("ip -n c route show")).toContain("10.4.0.0/16 via 10.0.2.1");
    expect(configureBird(net.world.stack, app, "protocol nonsense {}")).toEqual({ errors: ["conf:1:10 syntax error, unexpected CF_SYM_UNDEFINED"] });
    expect(net.birdc("a", "show", "protocols", "p0")).toBe(before);
  });

  test("a filter that asks otherwise is asked at once, and the session stays", () => {
    const net = line();
    net.pass(3);
    const [, b] = [...net.world.stack.app.apps.keys()];
    const since = net.birdc("b", "show", "protocols", "p1");
    const config = (most: number): string =>
      `router id 10.255.0.2; function small() { return net.len > ${most}; } protocol device {} protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; } protocol static { ipv4; } ` +
      [["1.2", "1.1", 65001], ["2.1", "2.2", 65003]].map(([local, remote, as], i) => `protocol bgp p${i} { local 10.0.${local} as 65002; neighbor 10.0.${remote} as ${as}; connect delay time 1; ipv4 { import all; export where small(); }; }`).join(" ");
    expect(configureBird(net.world.stack, b!, config(8))).toBeNull();
    net.pass(1);
    expect(net.run("ip -n c route show")).toContain("10.1.0.0/16");
    expect(configureBird(net.world.stack, b!, config(20))).toBeNull();
    net.pass(1);
    expect(net.run("ip -n c route show")).not.toContain("10.1.0.0/16");
    expect(net.birdc("b", "show", "protocols", "p1")).toBe(since);
    expect(configureBird(net.world.stack, b!, config(8))).toBeNull();
    net.pass(1);
    expect(net.run("ip -n c route show")).toContain("10.1.0.0/16");
  });

  test("a configuration that is refused starts nothing", () => {
    const net = line();
    expect(startBird(net.world.stack, net.root, "router id 1.1.1.1;")).toEqual({ errors: ["conf:1:0 No protocol is specified in the config file"] });
    expect(net.world.stack.app.apps.size).toBe(3);
  });
});

describeWith("tshark reads a session", [needs.tshark], () => {
  test("every message of three systems that begin, tell and end, none malformed", () => {
    const net = line("hold time 9; graceful restart on;");
    const recording = record(net.world.stack, 1 << 16);
    net.pass(12);
    net.birdc("b", "disable", "p1");
    net.pass(1);
    const places = (): { node: string; netns: string } => ({ node: "n", netns: "n" });
    const folder = mkdtempSync(join(tmpdir(), "podwire-bgp-"));
    try {
      const file = join(folder, "session.pcapng");
      writeFileSync(file, capture(net.world.stack, recording.ring, places));
      const checks = ["ip", "tcp"].flatMap((protocol) => ["-o", `${protocol}.check_checksum:TRUE`]);
      const run = spawnSync("tshark", ["-n", "-V", "-r", file, "-Y", "bgp", ...checks], { encoding: "utf8", timeout: 50_000, maxBuffer: 1 << 27 });
      expect(run.status, run.stderr).toBe(0);
      for (const type of ["OPEN", "UPDATE", "KEEPALIVE", "NOTIFICATION"]) expect(run.stdout).toContain(`Border Gateway Protocol - ${type} Message`);
      expect(run.stdout).toContain("Minor error Code (Cease): Administratively Shutdown");
      expect(run.stdout).toContain("Restart Timers: 0x0078");
      expect(run.stdout).toContain("AS_PATH: 65002 65001");
      expect(run.stdout).not.toMatch(/Malformed|Expert Info \((Error|Warn)|\[Checksum Status: Bad\]/);
      const all = spawnSync("tshark", ["-n", "-r", file, "-Y", "_ws.malformed || _ws.expert.severity >= 0x800000", ...checks], { encoding: "utf8", timeout: 50_000 });
      expect(all.stdout).toBe("");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
