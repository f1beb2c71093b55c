/** The main job on real input: Google's online-boutique, with and without its policies. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Walk } from "../../src/observe/walk-record.js";
import { podwire } from "../support/command.js";
import { describeWith, needs } from "../support/requires.js";

const APP = "../shared/cases/real/online-boutique/app.yaml";
const POLICIES = "../shared/cases/real/online-boutique/network-policies";

function trace(...words: string[]): { readonly code: number | null; readonly walk: Walk } {
  const { code, stdout } = podwire(["trace", "-o", "json", "--from", "deploy/frontend", ...words]);
  return { code, walk: JSON.parse(stdout) as Walk };
}

const kinds = (hops: Walk["hops"]): Set<string> => new Set(hops.flatMap((hop) => hop.steps.map((step) => step.kind)));

describeWith("online-boutique", [needs.shared], () => {
  it("delivers the frontend's request to the cart, by name, chain, tunnel and back", () => {
    const { code, walk } = trace("-f", APP, "--to", "http://cartservice:7070");
    expect(code).toBe(0);
    expect(walk.verdict).toBe("delivered");
    expect(walk.lookups[0]).toMatchObject({ name: "cartservice.default.svc.cluster.local", type: "A", rcode: "NOERROR", server: "10.96.0.10" });
    const chains = walk.hops.flatMap((hop) => hop.steps).flatMap((step) => (step.kind === "chain" && step.event === "rule" ? [step.chain] : []));
    expect(chains).toContain("KUBE-SERVICES");
    expect(chains.some((chain) => /^KUBE-SVC-[A-Z2-7]{16}$/.test(chain))).toBe(true);
    expect(chains.some((chain) => /^KUBE-SEP-[A-Z2-7]{16}$/.test(chain))).toBe(true);
    expect(walk.from.node).not.toBe(walk.end.node);
    for (const kind of ["bridge", "route", "neighbour", "chain", "conntrack", "rewrite", "tunnel", "end"]) expect(kinds(walk.hops)).toContain(kind);
    const untranslated = walk.reply!.hops.flatMap((hop) => hop.steps).find((step) => step.kind === "rewrite" && step.field === "source");
    expect(untranslated).toMatchObject({ after: `${walk.to.address}:7070` });
    expect(walk.reply!.end).toMatchObject({ result: "delivered", netns: walk.from.name });
    expect(walk.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it("shows the misses of the search list", () => {
    const { code, walk } = trace("-f", APP, "--to", "kubernetes.default.svc.cluster.local:443");
    const names = walk.lookups.filter((one) => one.type === "A").map((one) => `${one.name} ${one.rcode}`);
    expect(names).toEqual([
      "kubernetes.default.svc.cluster.local.default.svc.cluster.local NXDOMAIN",
      "kubernetes.default.svc.cluster.local.svc.cluster.local NXDOMAIN",
      "kubernetes.default.svc.cluster.local.cluster.local NXDOMAIN",
      "kubernetes.default.svc.cluster.local NOERROR",
    ]);
    expect(code === 0 || code === 1).toBe(true);
  });

  it("drops the frontend's way to redis at the line of the policy that isolates it, and still reaches the cart", () => {
    const denied = trace("-f", APP, "-f", POLICIES, "--to", "redis-cart:6379");
    expect(denied.code).toBe(1);
    expect(denied.walk).toMatchObject({
      verdict: "dropped",
      end: {
        result: "dropped",
        reason: "NETFILTER_DROP",
        cause: { object: "NetworkPolicy default/deny-all", path: "spec.podSelector", file: `${POLICIES}/network-policy-deny-all.yaml`, line: 20 },
        also: [{ object: "NetworkPolicy default/redis-cart", path: "spec.podSelector", file: `${POLICIES}/network-policy-redis.yaml`, line: 20 }],
      },
    });
    const cart = trace("-f", APP, "-f", POLICIES, "--to", "http://cartservice:7070");
    expect(cart).toMatchObject({ code: 0, walk: { verdict: "delivered" } });
  });

  it("calls a name that nobody knows unresolved, with every packet of the search", () => {
    const { code, walk } = trace("-f", APP, "--to", "http://nosuch:80");
    expect(code).toBe(1);
    expect(walk).toMatchObject({ verdict: "unresolved", errno: "EAI_NONAME" });
    expect(walk.lookups.filter((one) => one.type === "A").map((one) => one.rcode)).toEqual(["NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN"]);
  });

  it("says rejected where a port is closed and where a Service has no endpoints", () => {
    expect(trace("-f", APP, "--to", "deploy/cartservice", "--port", "81").walk).toMatchObject({ verdict: "rejected", errno: "ECONNREFUSED" });
    const empty = podwire(["trace", "-f", APP, "-f", "-", "-o", "json", "--from", "deploy/frontend", "--to", "empty:80"], "apiVersion: v1\nkind: Service\nmetadata: {name: empty}\nspec: {selector: {app: nobody}, ports: [{port: 80}]}\n");
    const walk = JSON.parse(empty.stdout) as Walk;
    expect(walk).toMatchObject({ verdict: "rejected", errno: "ECONNREFUSED" });
    expect(walk.end.rule?.text).toContain("has no endpoints");
  });
});

describeWith("a capture of that walk", [needs.shared, needs.tshark], () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "podwire-capture-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is read by tshark without a malformed packet or a wrong checksum", () => {
    const file = join(folder, "walk.pcapng");
    podwire(["trace", "-f", APP, "-f", POLICIES, "--from", "deploy/frontend", "--to", "redis-cart:6379", "-w", file]);
    expect(existsSync(file)).toBe(true);
    const checks = ["-d", "udp.port==8472,vxlan", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
    const read = (...words: string[]): string[] => spawnSync("tshark", ["-r", file, ...checks, ...words], { encoding: "utf8" }).stdout.split("\n").filter((line) => line !== "");
    expect(read().length).toBeGreaterThan(50);
    const wrong = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0 || tcp.checksum.status == 0 || icmp.checksum.status == 0";
    expect(read("-Y", wrong)).toEqual([]);
    const interfaces = new Set(read("-T", "fields", "-e", "frame.interface_name"));
    expect([...interfaces].some((name) => name.endsWith("/flannel.1"))).toBe(true);
    expect(read("-Y", "frame.comment contains \"NETFILTER_DROP\"").length).toBeGreaterThan(0);
  });
});

describe("the demonstration", () => {
  it("shows one journey that arrives and one that a policy ends, at its line", () => {
    const { code, stdout } = podwire(["demo"]);
    expect(code).toBe(0);
    expect(stdout).toContain("http://api tcp/80: delivered");
    expect(stdout).toContain("tcp://db:5432 tcp/5432: dropped");
    expect(stdout).toContain("because of NetworkPolicy shop/db-only-from-api spec.podSelector (policies.yaml:8)");
    expect(stdout).toContain(">    8    podSelector:");
  });
});
