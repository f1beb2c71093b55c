import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { restoreText } from "../../../src/linux/nf/restore.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import { makeStack, netns } from "../world.js";

// Texts given one after the other to the real iptables-restore 1.8.9 of each flavour, what it said, and `iptables-save -c` afterwards.
interface Case {
  readonly flavour: "nft" | "legacy";
  readonly options: readonly string[];
  readonly input: string;
  readonly said: readonly string[];
  readonly saved: readonly string[];
}

const cases = JSON.parse(readFileSync(new URL("./recorded/restore.json", import.meta.url), "utf8")) as readonly Case[];

describe.each(["nft", "legacy"] as const)("restore as iptables-%s-restore does it", (flavour) => {
  const s = makeStack();
  const ns = netns(s, "a");

  test.each(cases.filter((c) => c.flavour === flavour).map((c, i) => [i, c] as const))("case %i", (_i, c) => {
    const options = { noflush: c.options.includes("--noflush"), counters: c.options.includes("-c"), flavour };
    const refused = restoreText(s, ns, 4, c.input, options);
    const said = c.said.filter((line) => !line.startsWith("# Warning")).join("\n");
    expect(refused === null ? "" : refused.message).toBe(said.replaceAll("iptables-nft-restore", "iptables-restore"));
    expect(saveTables(s, ns, 4, { counters: true, flavour })).toBe(`${c.saved.join("\n")}\n`);
  });
});
