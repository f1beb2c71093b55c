import { describe, expect, test } from "vitest";
import { ask, model, pod, policy } from "./build.js";

const everyone = {};

describe("isolation", () => {
  const pods = [pod("x/a"), pod("x/b"), pod("y/a")];

  test("without policies everything is open", () => {
    const v = ask(model({ pods }), "x/a", "x/b");
    expect(v).toMatchObject({ allowed: true, egress: { allowed: true, by: [] }, ingress: { allowed: true, by: [] } });
  });

  test("deny-all with no rules denies (npa#211)", () => {
    const m = model({ pods, policies: [policy("x/deny", { podSelector: everyone, policyTypes: ["Ingress", "Egress"] })] });
    const v = ask(m, "x/a", "x/b");
    expect(v.allowed).toBe(false);
    expect(v.egress.by).toEqual([{ policy: "NetworkPolicy x/deny", path: "spec.podSelector", file: "", line: 0 }]);
    expect(v.ingress.allowed).toBe(false);
    expect(ask(m, "y/a", "x/b").egress.allowed).toBe(true);
    expect(ask(m, "x/b", "y/a").ingress.allowed).toBe(true);
  });

  test("a pod always reaches itself (kubescape#3904)", () => {
    const m = model({ pods, policies: [policy("x/deny", { policyTypes: ["Ingress", "Egress"] })] });
    expect(ask(m, "x/a", "x/a").allowed).toBe(true);
  });

  test("both sides must meet on one port (kubescape#3903)", () => {
    const m = model({
      pods,
      policies: [
        policy("x/out", { podSelector: { matchLabels: { app: "a" } }, policyTypes: ["Egress"], egress: [{ ports: [{ port: 80 }] }] }),
        policy("x/in", { podSelector: { matchLabels: { app: "b" } }, ingress: [{ ports: [{ port: 443 }] }] }),
      ],
    });
    expect(ask(m, "x/a", "x/b", 80)).toMatchObject({ allowed: false, egress: { allowed: true }, ingress: { allowed: false } });
    expect(ask(m, "x/a", "x/b", 443)).toMatchObject({ allowed: false, egress: { allowed: false }, ingress: { allowed: true } });
  });

  test.each([
    ["neither list", {}, false, true],
    ["egress: [] without policyTypes does not isolate for egress", { egress: [] }, false, true],
    ["an egress rule without policyTypes isolates for both", { egress: [{ ports: [{ port: 1 }] }] }, false, false],
    ["[Egress] leaves ingress alone", { policyTypes: ["Egress"], ingress: [{ ports: [{ port: 1 }] }] }, true, false],
    ["[Ingress] leaves egress alone", { policyTypes: ["Ingress"], egress: [{ ports: [{ port: 1 }] }] }, false, true],
    ["a repeated type counts once", { policyTypes: ["Egress", "Egress"] }, true, false],
    ["an empty policyTypes is defaulted", { policyTypes: [] }, false, true],
    ["one empty rule opens its direction", { ingress: [{}], policyTypes: ["Ingress", "Egress"] }, true, false],
  ])("policyTypes: %s", (_, spec, into, out) => {
    const m = model({ pods, policies: [policy("x/p", spec)] });
    expect(ask(m, "y/a", "x/b").ingress.allowed).toBe(into);
    expect(ask(m, "x/b", "y/a").egress.allowed).toBe(out);
  });
});
