import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chainsInOrder } from "../../../src/linux/nf/save.js";
import { TABLE } from "../../../src/linux/nf/table.js";
import { plumb } from "../../../src/linux/plumbing.js";
import type { Stack } from "../../../src/linux/stack.js";
import { makeStack, netns } from "../world.js";
import { actOf } from "./iptables-command.js";

// Commands given one after the other to the real iptables 1.8.9, first nft, then legacy, each with empty tables at first.
interface Recorded {
  readonly command: string;
  readonly said: readonly string[];
  readonly exit: number;
}

const recorded = JSON.parse(readFileSync(new URL("./recorded/errors.json", import.meta.url), "utf8")) as readonly Recorded[];

/** Answered by podwire as not modelled, or by the real kernel as something it lacks (linux-dataplane A13). */
const APART = /-m (u32|nfacct)/;
/** The legacy kernel wants a test for SYN in the rule, nf_tables does not. */
const SYN_WANTED = /legacy.* TCPMSS/;

function list(s: Stack, ns: number): string[] {
  const chains = chainsInOrder(s.nf.get(ns, 4, TABLE.filter)!);
  const heads = chains.map((chain) => (chain.policy === 0 ? `-N ${chain.name}` : `-P ${chain.name} ${chain.policy === 2 ? "DROP" : "ACCEPT"}`));
  return [...heads, ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name} ${rule.text}`.trimEnd()))];
}

describe.each(["nft", "legacy"])("commands that fail say what iptables-%s says", (flavour) => {
  const s = makeStack();
  const ns = netns(s, "a");
  const mine = recorded.filter((r) => r.command.startsWith("iptables-legacy") === (flavour === "legacy"));

  test.each(mine.filter((r) => !APART.test(r.command) && !SYN_WANTED.test(r.command)).map((r, i) => [i, r.command, r] as const))("%i %s", (_i, command, r) => {
    const asked = actOf(command, ns);
    if (asked === null) {
      expect(list(s, ns).filter((line) => !line.includes("TCPMSS"))).toEqual(r.said.filter((line) => !line.includes("TCPMSS")));
      return;
    }
    const refused = plumb(s, asked);
    expect(refused === null ? "" : refused.message).toBe(r.said.join("\n"));
  });
});
