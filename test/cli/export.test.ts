/** A cluster as a script, and the commands of the nodes on a way. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { podwire } from "../support/command.js";

const SHOP = ["-f", "docs/examples/shop"];

describe("podwire export", () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "podwire-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(["flannel", "kindnet"])("writes a script that podwire lab runs: %s", (cni) => {
    const path = join(folder, `${cni}.lab`);
    const wrote = podwire(["export", ...SHOP, "--cni", cni, "-o", path, "--probe", "shop/deploy/frontend,api.shop:80", "--probe", "shop/deploy/frontend,db.shop,5432,tcp", "--counters"]);
    expect(wrote).toMatchObject({ code: 0, stdout: "", stderr: "" });
    const ran = podwire(["lab", path]);
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toMatch(/^\$ probe shop\.frontend-\S+ tcp \S+ 80 timeout=0\.5\nok shop\.api-\S+ 10\.244\./m);
    expect(ran.stdout).toMatch(/^\$ probe shop\.frontend-\S+ tcp \S+ 5432 timeout=0\.5\ntimeout$/m);
    expect(ran.stdout).not.toContain("[exit");
    expect(readFileSync(path, "utf8")).not.toContain("--mode random");
  });

  it("leaves chance in where it is asked to, on standard output", () => {
    const { code, stdout } = podwire(["export", ...SHOP, "--keep-chance"]);
    expect(code).toBe(0);
    expect(stdout).toContain("--mode random --probability 0.5");
    expect(stdout).toContain("--random-fully");
    expect(existsSync(join(folder, "-"))).toBe(false);
  });

  it.each([
    ["shop/deploy/frontend", 'probe: Invalid value: "shop/deploy/frontend": must be FROM,TO[,PORT[,tcp|udp|icmp]]'],
    ["shop/deploy/frontend,api.shop,80,sctp", "must be FROM,TO[,PORT[,tcp|udp|icmp]]"],
    ["shop/deploy/frontend,nobody.shop:80", '"nobody.shop" is neither an address nor a Service with one'],
  ])("refuses the probe %s", (probe, message) => {
    const { code, stderr } = podwire(["export", ...SHOP, "--probe", probe]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("podwire trace --transcript", () => {
  it("prints the commands of both nodes after the walk", () => {
    const { code, stdout } = podwire(["trace", ...SHOP, "-o", "brief", "--from", "node/kind-control-plane", "--to", "shop/deploy/db", "--transcript"]);
    expect(code).toBe(1);
    expect(stdout).toContain("\n# kind-control-plane\nip link add flannel.1 ");
    expect(stdout).toMatch(/\n# kind-worker2?\nip link add flannel\.1 /);
    expect(stdout).toContain("iptables-restore --noflush --counters <<'EOF'\n");
  });
});
