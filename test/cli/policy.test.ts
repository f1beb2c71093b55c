/** The policy commands as outside tests call them: shapes, exit codes, problems. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { podwire } from "../support/command.js";

const SHOP = "docs/examples/shop";
const json = (words: readonly string[], stdin = ""): { readonly code: number | null; readonly answer: unknown } => {
  const { code, stdout } = podwire([...words, "-o", "json"], stdin);
  return { code, answer: JSON.parse(stdout) };
};

describe("podwire reach", () => {
  it("lists workloads and open connections, external ranges included", () => {
    const { code, answer } = json(["reach", "-f", SHOP]);
    expect(code).toBe(0);
    expect(answer).toMatchObject({ unit: "workload", workloads: [{ id: "shop/api[Deployment]" }, { id: "shop/db[Deployment]" }, { id: "shop/frontend[Deployment]" }] });
    const { connections } = answer as { connections: { from: string; to: string; allowed: object }[] };
    const find = (from: string, to: string): object | undefined => connections.find((one) => one.from === from && one.to === to)?.allowed;
    expect(find("shop/api[Deployment]", "shop/db[Deployment]")).toEqual({ TCP: [[5432, 5432]] });
    expect(find("shop/frontend[Deployment]", "shop/db[Deployment]")).toBeUndefined();
    expect(find("0.0.0.0-255.255.255.255", "shop/api[Deployment]")).toEqual({ TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 65535]] });
    expect(connections.some((one) => one.from === one.to)).toBe(false);
  });

  it.each(["text", "csv", "markdown", "dot", "mermaid"])("has a form for people: %s", (form) => {
    const { code, stdout } = podwire(["reach", "-f", SHOP, "-o", form]);
    expect(code).toBe(0);
    expect(stdout).toContain("shop/db[Deployment]");
    expect(stdout.endsWith("\n")).toBe(true);
  });
});

describe("podwire why", () => {
  it("names the line that isolates, and what nearly allowed it", () => {
    const { code, answer } = json(["why", "-f", SHOP, "--from", "shop/deploy/frontend", "--to", "shop/db[Deployment]", "--port", "5432"]);
    expect(code).toBe(1);
    expect(answer).toMatchObject({ allowed: false, egress: { allowed: true }, ingress: { allowed: false, by: [{ policy: "NetworkPolicy shop/db-only-from-api", path: "spec.podSelector", file: `${SHOP}/policies.yaml`, line: 8 }] } });
  });

  it("answers many questions in their order, from standard input", () => {
    const queries = [
      { from: "shop/api[Deployment]", to: "shop/db[Deployment]", port: 5432, protocol: "TCP" },
      { from: "1.2.3.4", to: "shop/db[Deployment]", port: "sql", protocol: "TCP" },
    ];
    const { code, answer } = json(["why", "-f", SHOP, "--queries", "-"], JSON.stringify(queries));
    expect((answer as { allowed: boolean }[]).map((one) => one.allowed)).toEqual([true, false]);
    expect(code).toBe(1);
  });

  it("refuses unknown ends and missing words with all of them at once", () => {
    expect(podwire(["why", "-f", SHOP]).stderr.split("\n").filter((line) => line.includes("Required value")).length).toBe(3);
    const wrong = podwire(["why", "-f", SHOP, "--from", "shop/nobody", "--to", "shop/db[Deployment]", "--port", "99999"]);
    expect(wrong.code).toBe(2);
    expect(podwire(["why", "-f", SHOP, "--queries", "-"], "{").code).toBe(2);
  });
});

describe("podwire diff, check, lint and exposure", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "podwire-policy-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("diff tells connections, and exits 1 when there are any", () => {
    const { code, answer } = json(["diff", `${SHOP}/app.yaml`, SHOP]);
    expect(code).toBe(1);
    const { changes } = answer as { changes: { from: string; to: string; after: object }[] };
    expect(changes).toContainEqual(expect.objectContaining({ from: "shop/frontend[Deployment]", to: "shop/db[Deployment]", after: {} }));
    expect(json(["diff", SHOP, SHOP])).toMatchObject({ code: 0, answer: { changes: [] } });
  });

  it("check counts what holds, and names the line of what does not", () => {
    const file = join(folder, "expect.yaml");
    writeFileSync(file, "- from: shop/frontend\n  to: shop/db\n  port: 5432\n  expect: deny\n- from: shop/frontend\n  to: shop/db\n  port: 5432\n  expect: allow\n");
    const { code, answer } = json(["check", "-f", SHOP, file]);
    expect(code).toBe(1);
    expect(answer).toMatchObject({ passed: 1 });
    expect((answer as { failed: unknown[] }).failed.length).toBe(1);
    writeFileSync(file, "- from: shop/moon\n  to: shop/db\n  expect: maybe\n");
    expect(podwire(["check", "-f", SHOP, file]).code).toBe(2);
  });

  it("lint finds the policy that selects nothing, and only notes otherwise", () => {
    expect(json(["lint", "-f", SHOP])).toMatchObject({ code: 0, answer: { findings: [{ severity: "note", code: "open-in-one-direction", line: 8 }] } });
    const odd = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: odd, namespace: shop}\nspec: {podSelector: {matchLabels: {app: fronted}}, ingress: [{}]}\n";
    const { code, answer } = json(["lint", "-f", SHOP, "-f", "-"], odd);
    expect(code).toBe(1);
    expect((answer as { findings: { policy: string; file: string; line: number }[] }).findings.find((one) => one.policy.endsWith("/odd"))).toMatchObject({ policy: "NetworkPolicy shop/odd", file: "<stdin>", line: 4 });
  });

  it("exposure says who from outside gets in", () => {
    const { code, stdout } = podwire(["exposure", "-f", SHOP]);
    expect(code).toBe(0);
    expect(stdout).toContain("shop/frontend[Deployment]");
  });
});

describe("podwire lab and shell", () => {
  it("runs a lab on a simulated kernel, with the real tools' words", () => {
    const lab = "ip netns add a\nip -n a link set lo up\nip -n a route add 10.0.0.0/8 via 1.2.3.4\nprobe a icmp 127.0.0.1\nmoon\n";
    const { code, stdout, stderr } = podwire(["lab", "-"], lab);
    expect(stdout).toBe("$ ip netns add a\n$ ip -n a link set lo up\n$ ip -n a route add 10.0.0.0/8 via 1.2.3.4\nError: Nexthop has invalid gateway.\n[exit 2]\n$ probe a icmp 127.0.0.1\nok ttl=64 from 127.0.0.1\n$ moon\n");
    expect({ code, stderr }).toEqual({ code: 2, stderr: "<stdin>:5: 'moon' is not a lab command\n" });
  });

  it("answers kubectl, a node and a pod", () => {
    const { code, stdout } = podwire(["shell", "-f", SHOP], "kubectl get deploy -n shop\nkind-worker$ ip -br link show cni0\nkind-worker$ ip route show 10.244.0.0/24\nexit\n");
    expect(code === 0 || code === 1).toBe(true);
    expect(stdout).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE$/m);
    expect(stdout).toMatch(/^frontend +1\/1 /m);
    expect(stdout).toContain("10.244.0.0/24 via 10.244.0.0 dev flannel.1 onlink");
  });
});
