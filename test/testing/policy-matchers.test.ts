import { describe, expect, test } from "vitest";
import { extendExpect, type PolicyAssertions, policyMatchers } from "../../src/testing/index.js";
import { model, pod, policy } from "../policy/build.js";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own signature
  interface Assertion<T = any> extends PolicyAssertions<T> {}
}

extendExpect(expect);

const m = model({ pods: [pod("x/web"), pod("x/db"), pod("x/job")], policies: [policy("x/db", { podSelector: { matchLabels: { app: "db" } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }] })] });

describe("toAllow and toDeny", () => {
  test("pass on the verdict they name, and under not on the other", () => {
    expect(m).toAllow({ from: "x/web", to: "x/db", port: 5432 });
    expect(m).toDeny({ from: "x/job", to: "x/db", port: 5432 });
    expect(m).not.toDeny({ from: "x/web", to: "x/db", port: 5432 });
    expect(m).not.toAllow({ from: "x/job", to: "x/db", port: 5432 });
  });

  test("a list holds only if each of it does", () => {
    const both = [{ from: "x/web", to: "x/db", port: 1 }, { from: "x/job", to: "x/db", port: 1 }];
    expect(policyMatchers.toAllow(m, both).pass).toBe(false);
    expect(policyMatchers.toDeny(m, both).pass).toBe(false);
    expect(policyMatchers.toAllow(m, both.slice(0, 1)).pass).toBe(true);
  });

  test("the message explains the verdict", () => {
    expect(() => expect(m).toAllow({ from: "x/job", to: "x/db", port: 5432 })).toThrow(/x\/job -> x\/db:5432\/TCP: denied[\s\S]*NetworkPolicy x\/db[\s\S]*wants app=web,\s+found app=job/);
  });

  test("an end that does not exist never passes, not even under not", () => {
    expect(() => expect(m).toDeny({ from: "x/jbo", to: "x/db", port: 1 })).toThrow(/nothing here is called "x\/jbo"/);
    expect(() => expect(m).not.toAllow({ from: "x/jbo", to: "x/db", port: 1 })).toThrow(/nothing here is called/);
  });
});
