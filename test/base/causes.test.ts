import { expect, test } from "vitest";
import { CauseTable } from "../../src/base/causes.js";

test("the same cause has the same id, another another, through a restore", () => {
  const causes = new CauseTable();
  const deny = causes.of("NetworkPolicy shop/deny", "spec.podSelector", "enforce", "deny.yaml", 7);
  expect(deny).toBe(1);
  expect(causes.of("NetworkPolicy shop/deny", "spec.podSelector", "enforce", "deny.yaml", 7)).toBe(deny);
  const others = [
    causes.of("NetworkPolicy shop/deny", "spec.podSelector", "enforce", "deny.yaml", 8),
    causes.of("NetworkPolicy shop/deny", "spec.podSelector", "enforce", "deny.yaml"),
    causes.of("NetworkPolicy shop/deny", "spec.podSelector", "enforce"),
    causes.of("NetworkPolicy shop/deny", "", "enforce"),
    causes.of("Service shop/web", "spec.ports[0]", "kube-proxy"),
  ];
  expect(new Set([deny, ...others]).size).toBe(6);
  const copy = new CauseTable();
  copy.restore(structuredClone(causes.save()));
  expect(copy.get(deny)).toEqual({ object: "NetworkPolicy shop/deny", path: "spec.podSelector", model: "enforce", file: "deny.yaml", line: 7 });
  expect(copy.get(others[2]!)).toEqual({ object: "NetworkPolicy shop/deny", path: "spec.podSelector", model: "enforce" });
  expect(copy.of("Service shop/web", "spec.ports[0]", "kube-proxy")).toBe(others[4]);
  expect([copy.get(0), copy.get(7)]).toEqual([undefined, undefined]);
});
