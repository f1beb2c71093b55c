import { describe, expect, test } from "vitest";
import { Digest } from "../../../src/base/hash.js";
import { saveSet } from "../../../src/linux/nf/ipset.js";
import { restoreText } from "../../../src/linux/nf/restore.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import type { Stack } from "../../../src/linux/stack.js";
import { act, makeStack, netns } from "../world.js";

const RULES = `*filter
:INPUT ACCEPT [1:2]
:A - [0:0]
[3:4] -A FORWARD -p tcp -m set --match-set nets src -j A
-A A -m limit --limit 1/sec -j ACCEPT
COMMIT
`;

function print(s: Stack): string {
  const digest = new Digest();
  s.nf.fold(digest);
  s.sets.fold(digest);
  return digest.hex();
}

function filled(): { s: Stack; ns: number } {
  const s = makeStack();
  const ns = netns(s, "a");
  act(s, { verb: "ipset", ns, op: "create", name: "nets", type: "hash:net" });
  act(s, { verb: "ipset", ns, op: "add", name: "nets", entry: "10.0.0.0/8" });
  expect(restoreText(s, ns, 4, RULES, { noflush: false, counters: true, flavour: "nft" })).toBeNull();
  return { s, ns };
}

describe("tables and sets in a checkpoint", () => {
  test("are taken back as they were, also from a structured clone", () => {
    const { s, ns } = filled();
    const before = print(s);
    const text = saveTables(s, ns, 4, { counters: true });
    const saved = structuredClone({ nf: s.nf.save(), sets: s.sets.save() });
    act(s, { verb: "iptables", ns, family: 4, table: "filter", op: "flush" });
    act(s, { verb: "iptables", ns, family: 4, table: "nat", op: "new-chain", chain: "B" });
    act(s, { verb: "ipset", ns, op: "flush", name: "nets" });
    expect(print(s)).not.toBe(before);
    s.nf.restore(saved.nf);
    s.sets.restore(saved.sets);
    expect(print(s)).toBe(before);
    expect(saveTables(s, ns, 4, { counters: true })).toBe(text);
    expect(saveSet(s, ns, "nets")).toContain("add nets 10.0.0.0/8");
  });

  test("a checkpoint stays as it was while the world goes on", () => {
    const { s, ns } = filled();
    const saved = s.nf.save();
    const text = saveTables(s, ns, 4);
    act(s, { verb: "iptables", ns, family: 4, table: "filter", op: "append", chain: "A", spec: "-j DROP" });
    expect(saveTables(s, ns, 4)).not.toBe(text);
    s.nf.restore(saved);
    expect(saveTables(s, ns, 4)).toBe(text);
  });

  test("the order in which chains were made does not show", () => {
    const one = filled();
    const other = filled();
    for (const chain of ["X", "Y"]) act(one.s, { verb: "iptables", ns: one.ns, family: 4, table: "filter", op: "new-chain", chain });
    for (const chain of ["Y", "X"]) act(other.s, { verb: "iptables", ns: other.ns, family: 4, table: "filter", op: "new-chain", chain });
    expect(print(one.s)).toBe(print(other.s));
  });

  test("hooks stay silent until a table is used, and a namespace that goes takes its rules along", () => {
    const s = makeStack();
    const ns = netns(s, "a");
    expect(s.ns.c.hooks[ns]).toBe(0);
    act(s, { verb: "iptables", ns, family: 4, table: "filter", op: "append", chain: "FORWARD", spec: "-j DROP" });
    expect(s.ns.c.hooks[ns]).toBe(0b1110);
    expect(s.ns.c.tracking[ns]).toBe(0);
    act(s, { verb: "iptables", ns, family: 6, table: "raw", op: "append", chain: "OUTPUT", spec: "-j ACCEPT" });
    expect(s.ns.c.hooks[ns]! >> 8).toBe(0b1001);
    act(s, { verb: "iptables", ns, family: 4, table: "filter", op: "append", chain: "FORWARD", spec: "-m conntrack --ctstate NEW" });
    expect(s.ns.c.tracking[ns]).toBe(1);
    act(s, { verb: "netns-del", ns });
    expect(s.nf.get(ns, 4, 3)).toBeUndefined();
  });
});
