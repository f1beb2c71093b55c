import { expect, test } from "vitest";
import type { NftChain, NftCommand, NftSet } from "../../../../src/linux/nf/nft/nft-doc.js";
import { listNftTable } from "../../../../src/linux/nf/nft/nft-list.js";
import { plumb } from "../../../../src/linux/plumbing.js";
import type { Stack } from "../../../../src/linux/stack.js";
import { makeStack, netns } from "../../world.js";

const chain = (name: string, base: NftChain["base"] = null): NftCommand => ({ verb: "addChain", chain: { name, base, comment: "", rules: [] } });
const rule = (at: string, text: string): NftCommand => ({ verb: "addRule", chain: at, rule: { text, comment: "", cause: 0 } });
const verdicts: NftSet = { name: "m", kind: "map", type: "inet_proto . inet_service : verdict", comment: "", timeout: 0, elements: [] };
const element = (verb: "addElement" | "deleteElement", key: string, value: string): NftCommand => ({ verb, set: "m", element: { key, comment: "", value, cause: 0 } });

function machine(): { readonly s: Stack; readonly nft: (...commands: readonly NftCommand[]) => string | null; readonly listed: () => unknown } {
  const s = makeStack();
  const ns = netns(s, "n");
  return {
    s,
    nft: (...commands) => plumb(s, { verb: "nft", ns, family: "ip", table: "t", commands })?.errno ?? null,
    listed: () => {
      const table = listNftTable(s, ns, 4, "t");
      return table === undefined ? null : [table.chains.map(({ name, rules }) => [name, ...rules.map(({ text }) => text)]), table.sets.map(({ name, elements }) => [name, ...elements.map(({ key }) => key)])];
    },
  };
}

test("a transaction is taken whole or not at all", () => {
  const { nft, listed } = machine();
  expect(nft({ verb: "addTable" }, chain("a"), rule("a", "drop"))).toBeNull();
  const before = listed();
  expect(before).toEqual([[["a", "drop"]], []]);
  expect(nft(rule("a", "accept"), rule("nowhere", "drop"))).toBe("ENOENT");
  expect(nft(rule("a", "accept"), rule("a", "jump nowhere"))).toBe("ENOENT");
  expect(nft(rule("a", "accept"), rule("a", "frobnicate"))).toBe("EINVAL");
  expect(nft({ verb: "flushChain", name: "a" }, { verb: "deleteChain", name: "b" })).toBe("ENOENT");
  expect(listed()).toEqual(before);
});

test("a table must be there, or be made by the transaction", () => {
  expect(machine().nft(chain("a"))).toBe("ENOENT");
});

test("what a rule or a map leads to cannot be deleted", () => {
  const { nft, listed } = machine();
  expect(nft({ verb: "addTable" }, chain("a"), chain("b"), chain("c"), rule("a", "jump b"), { verb: "addSet", set: verdicts }, element("addElement", "tcp . 80", "goto c"))).toBeNull();
  expect(nft({ verb: "deleteChain", name: "b" })).toBe("EBUSY");
  expect(nft({ verb: "deleteChain", name: "c" })).toBe("EBUSY");
  expect(nft(rule("a", "meta l4proto . th dport vmap @m"))).toBeNull();
  expect(nft({ verb: "deleteSet", kind: "map", name: "m" })).toBe("EBUSY");
  expect(nft(element("deleteElement", "tcp . 80", ""), { verb: "deleteChain", name: "c" }, { verb: "flushChain", name: "a" }, { verb: "deleteChain", name: "b" })).toBeNull();
  expect(listed()).toEqual([[["a"]], [["m"]]]);
});

test("an element may be added again as it is, not with another verdict; one that is not there cannot be deleted", () => {
  const { nft } = machine();
  expect(nft({ verb: "addTable" }, { verb: "addSet", set: verdicts }, element("addElement", "tcp . 80", "drop"))).toBeNull();
  expect(nft(element("addElement", "tcp . 80", "drop"))).toBeNull();
  expect(nft(element("addElement", "tcp . 80", "accept"))).toBe("EEXIST");
  expect(nft(element("deleteElement", "tcp . 81", ""))).toBe("ENOENT");
});
