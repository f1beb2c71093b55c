import { describe, expect, test } from "vitest";
import { saveSet } from "../../../src/linux/nf/ipset.js";
import type { RestoreDoc } from "../../../src/linux/nf/restore-doc.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import { act, makeStack, netns } from "../world.js";

// What namespaces have in common is one record; what one of them does is seen by none of the others.

describe("rules of one document in two namespaces", () => {
  const line = { chain: "WEB", spec: "-s 10.0.0.1/32 -j ACCEPT" };
  const doc = { tables: [{ name: "filter", chains: [{ name: "WEB", policy: "-" }], rules: [line, { chain: "WEB", spec: "-j DROP" }] }] } satisfies RestoreDoc;
  const both = (): { readonly s: ReturnType<typeof makeStack>; readonly a: number; readonly b: number } => {
    const s = makeStack();
    const [a, b] = [netns(s, "a"), netns(s, "b", 2)];
    for (const ns of [a, b]) act(s, { verb: "iptables-restore", ns, family: 4, doc, noflush: true });
    return { s, a, b };
  };
  const chain = (s: ReturnType<typeof makeStack>, ns: number): unknown => s.nf.get(ns, 4, 3)!.chains.get(s.nf.names.find("WEB"));

  test("are the same chain until one changes it", () => {
    const { s, a, b } = both();
    expect(chain(s, a)).toBe(chain(s, b));
    act(s, { verb: "iptables", ns: a, family: 4, table: "filter", op: "delete", chain: "WEB", at: 1 });
    expect(saveTables(s, a, 4, {})).not.toContain("10.0.0.1");
    expect(saveTables(s, b, 4, {})).toContain("-A WEB -s 10.0.0.1/32 -j ACCEPT\n-A WEB -j DROP");
  });

  test("a line whose words were changed in place is read again", () => {
    const { s, a, b } = both();
    const lines = { ...line };
    const given: RestoreDoc = { tables: [{ name: "filter", chains: [{ name: "WEB", policy: "-" }], rules: [lines] }] };
    act(s, { verb: "iptables-restore", ns: a, family: 4, doc: given, noflush: true });
    lines.spec = "-s 10.0.0.2/32 -j ACCEPT";
    act(s, { verb: "iptables-restore", ns: b, family: 4, doc: given, noflush: true });
    expect(saveTables(s, a, 4, {})).toContain("-A WEB -s 10.0.0.1/32 -j ACCEPT\n");
    expect(saveTables(s, b, 4, {})).toContain("-A WEB -s 10.0.0.2/32 -j ACCEPT\n");
  });
});

test("elements of two sets are the same records, and either set is its own", () => {
  const s = makeStack();
  const [a, b] = [netns(s, "a"), netns(s, "b", 2)];
  for (const ns of [a, b]) {
    act(s, { verb: "ipset", ns, op: "create", name: "pods", type: "hash:ip", family: 4 });
    for (const entry of ["10.0.0.1", "10.0.0.2"]) act(s, { verb: "ipset", ns, op: "add", name: "pods", entry });
  }
  const entries = (ns: number): ReadonlyMap<string, unknown> => s.sets.get(ns, s.sets.names.find("pods"))!.entries;
  expect(entries(a).get("10.0.0.1")).toBe(entries(b).get("10.0.0.1"));
  act(s, { verb: "ipset", ns: a, op: "del", name: "pods", entry: "10.0.0.1" });
  expect(saveSet(s, a, "pods")).toHaveLength(2);
  expect(saveSet(s, b, "pods")).toHaveLength(3);
});

test("routes of one prefix share its words, those of one device its way out", () => {
  const s = makeStack();
  const [a, b] = [netns(s, "a"), netns(s, "b", 2)];
  const routes = (ns: number): readonly { readonly words: unknown; readonly hops: unknown }[] =>
    s.fib.keys.get(ns)!.flatMap((key) => [...s.fib.tables.get(key)!.values()].flat());
  const [inA, inB] = [routes(a), routes(b)];
  expect(inA.length).toBeGreaterThan(1);
  inA.forEach((route, i) => expect(inB[i]!.words).toBe(route.words));
  expect(new Set(inA.map((route) => route.hops)).size).toBe(1);
  expect(inB[0]!.hops).not.toBe(inA[0]!.hops);
});
