import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { versionWords } from "../../src/linux/nf/tool-words.js";
import { modelled } from "../kernel/fidelity/modelled.js";
import { fidelityPage } from "../kernel/fidelity/page.js";
import { refusals } from "../kernel/fidelity/refusals.js";
import { root } from "../support/shared.js";

describe("docs/fidelity.md", () => {
  test("says what the code and the labs say; -u writes it anew", async () => {
    await expect(fidelityPage()).toMatchFileSnapshot(resolve(root, "docs/fidelity.md"));
  });

  test("finds what labs plainly use, and what is plainly refused", () => {
    const labsOf = (name: string): readonly string[] => modelled().flatMap(({ things }) => things.filter((one) => one.name === name)).flatMap(({ labs }) => labs);
    expect(labsOf("vxlan")).toContain("vxlan-misses");
    expect(labsOf("-j MASQUERADE")).toContain("nat-kinds");
    expect(labsOf("ip rule add")).toContain("policy-routing");
    expect(labsOf("iptables --reject-with tcp-reset")).toContain("reject-kinds");
    expect(labsOf("net.ipv4.conf.*.rp_filter")).toContain("rp-filter");
    expect(labsOf("net.ipv4.ip_forward")).toContain("ip-tools");
    expect(labsOf("dummy")).toEqual([]);
    expect(refusals().get("shell/bridge/bridge.ts")).toContain("bridge mdb");
  });

  test("names the tools' versions that the tools' own texts name", () => {
    const { machine } = JSON.parse(readFileSync(resolve(root, "test/kernel/labs/recorded-on.json"), "utf8")) as { machine: Record<string, string> };
    const version = /\d[\d.]+/.exec(versionWords({ family: 4, flavour: "nft" }))![0];
    expect(machine["iptables, ip6tables"]).toContain(version);
    expect(readFileSync(resolve(root, "test/kernel/labs/iptables-nft.expected"), "utf8")).toContain(`iptables v${version} `);
  });
});
