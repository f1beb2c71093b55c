import { readdirSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { podwire } from "../support/command.js";
import { describeWith, needs } from "../support/requires.js";
import { shared } from "../support/shared.js";

const folder = mkdtempSync(join(tmpdir(), "podwire-rules-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describeWith("podwire rules --config with the recorded cases", [needs.shared], () => {
  for (const mode of ["iptables", "nftables"]) {
    const cases = shared === null ? "" : resolve(shared, "cases", `kube-proxy-${mode}`);
    for (const name of shared === null ? [] : readdirSync(cases).sort()) {
      test(`${mode} ${name}: the stated form, byte for byte`, () => {
        const at = (part: string): string => resolve(cases, name, part);
        const { code, stdout, stderr } = podwire(["rules", "-f", at("objects.yaml"), "--config", at("config.yaml")]);
        expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: "", stdout: readFileSync(at("expected.txt"), "utf8") });
      });
    }
  }

  test("--flows prints name, ends and masquerading of every flow", () => {
    const at = (part: string): string => resolve(shared!, "cases/kube-proxy-iptables/01-overall-mixed", part);
    const { code, stdout } = podwire(["rules", "-f", at("objects.yaml"), "--config", at("config.yaml"), "--flows", "-o", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { name: "no match", output: "", masq: false },
      { name: "single endpoint", output: "10.180.0.1:80", masq: false },
      { name: "multiple endpoints", output: "10.180.0.4:80, 10.180.0.5:80", masq: false },
      { name: "node to external IP of the Local service, marked for SNAT", output: "10.180.0.2:80", masq: true },
      { name: "external client, Local policy, no local endpoint", output: "DROP", masq: false },
      { name: "health check node port", output: "ACCEPT", masq: false },
      { name: "service without endpoints", output: "REJECT", masq: false },
    ]);
  });
});

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.0.50, selector: {app: web}, ports: [{port: 80}]}
`;

describe("podwire rules of a cluster's node", () => {
  test("iptables: what stands in the node's kernel, without what others wrote", () => {
    const { code, stdout } = podwire(["rules", "-f", "-", "--node", "kind-worker"], SERVICE);
    expect(code).toBe(0);
    expect(stdout).toContain(
      '-A KUBE-SERVICES -d 10.96.0.50/32 -p tcp -m comment --comment "default/web has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable\n',
    );
    expect(stdout).toContain('-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES\n');
    expect(stdout).not.toMatch(/FLANNEL|NETPOL/);
  });

  test("nftables: what a proxy of that mode writes for the same objects", () => {
    const { code, stdout } = podwire(["rules", "-f", "-", "--node", "kind-worker", "--proxy", "nftables", "--form", "payload", "-o", "json"], SERVICE);
    expect(code).toBe(0);
    const { text, ...rest } = JSON.parse(stdout) as { text: string };
    expect(rest).toEqual({ node: "kind-worker", proxy: "nftables", form: "payload" });
    expect(text).toContain('add element ip kube-proxy no-endpoint-services { 10.96.0.50 . tcp . 80 comment "default/web" : goto reject-chain }\n');
    expect(text).toContain("add element ip kube-proxy nodeport-ips { 172.18.0.3 }\n");
  });
});

describe("podwire rules, wrong input", () => {
  test("every problem of configuration and manifests at once, by place", () => {
    const config = file("bad.yaml", "ipFamily: 4\nflows:\n- {sourceIP: nowhere, destIP: 10.96.0.1, destPort: 80}\n- {sourceIP: 10.0.0.1, destIP: 10.96.0.1, destPort: 0, protocol: icmp}\n");
    const manifest = file("bad-service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: eighty}]}\n");
    const { code, stdout, stderr } = podwire(["rules", "-f", manifest, "--config", config, "-o", "json"]);
    expect(code).toBe(2);
    const { problems } = JSON.parse(stdout) as { problems: { path: string; file: string; line: number }[] };
    expect(problems.map(({ path, file: name, line }) => `${name === config ? "config" : "manifest"}:${line} ${path}`)).toEqual([
      "config:1 ipFamily",
      "config:3 flows[0].sourceIP",
      "config:4 flows[1].protocol",
      "config:4 flows[1].destPort",
      "manifest:4 spec.ports[0].port",
    ]);
    for (const { path } of problems) expect(stderr).toContain(`: ${path}: `);
  });

  test.each([
    ["no node", ["--node", "nowhere"], 'nodes "nowhere" not found'],
    ["neither node nor configuration", [], "whose rules?"],
    ["an unknown mode", ["--node", "kind-worker", "--proxy", "ebpf"], 'Unsupported value: "ebpf"'],
    ["flows without a configuration", ["--node", "kind-worker", "--flows"], "flows stand in a configuration"],
    ["a flow to nowhere", ["--config", "FLOW", "--flows"], "flows[0].destIP: Required value"],
    ["no such configuration", ["--config", "/nowhere/config.yaml"], "does not exist"],
  ])("%s: exit 2 and one sentence", (_, args, words) => {
    const flow = file("flow.yaml", "flows:\n- {sourceIP: 10.0.0.1, destPort: 80}\n");
    const { code, stdout, stderr } = podwire(["rules", "-f", "-", ...args.map((word) => (word === "FLOW" ? flow : word))], SERVICE);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
