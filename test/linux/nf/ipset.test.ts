import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { saveSet } from "../../../src/linux/nf/ipset.js";
import { plumb } from "../../../src/linux/plumbing.js";
import type { IpsetAct } from "../../../src/linux/plumbing/act.js";
import { makeStack, netns } from "../world.js";
import { actOf } from "./iptables-command.js";

// Commands given one after the other to the real ipset 7.17 (kernel 6.18).
interface Recorded {
  readonly command: string;
  readonly said: readonly string[];
  readonly exit: number;
}

const recorded = JSON.parse(readFileSync(new URL("./recorded/ipset.json", import.meta.url), "utf8")) as readonly Recorded[];

function ipsetAct(command: string, ns: number): IpsetAct | null {
  const [, op, name, ...rest] = command.split(" ") as [string, string, string, ...string[]];
  if (!["create", "add", "del", "flush", "destroy", "swap", "rename"].includes(op)) return null;
  const exist = rest.at(-1) === "-exist";
  const words = exist ? rest.slice(0, -1) : rest;
  const base = { verb: "ipset", ns, op: op as IpsetAct["op"], name, exist } as const;
  if (op === "create") return { ...base, type: words[0]!, options: words.slice(1) };
  if (op === "add" || op === "del") {
    // The recording lost the quotes of the one comment of two words.
    const options = words.slice(1).join(" ") === "nomatch comment x y" ? ["nomatch", "comment", "x y"] : words.slice(1);
    return { ...base, entry: words[0]!, options };
  }
  return { ...base, ...(words[0] === undefined ? {} : { to: words[0] }) };
}

/** What the kernel draws or counts down, and what the order of a hash table chooses. */
function stable(lines: readonly string[]): string[] {
  const bare = lines.map((line) => line.replace(/ bucketsize 12 initval \S+/, "").replace(/ timeout (49|50|99)\b/, (_, n) => ` timeout ${n === "99" ? 100 : 50}`));
  return bare.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

describe("ipset says what the real one says", () => {
  const s = makeStack();
  const ns = netns(s, "a");

  const asked = recorded.filter((r) => /^iptables|^ipset (create|add|del|flush|destroy|swap|rename|save)\b/.test(r.command));

  test.each(asked.map((r, i) => [i, r.command, r] as const))("%i %s", (_i, command, r) => {
    if (command.startsWith("iptables")) {
      expect(plumb(s, actOf(command, ns)!)).toBeNull();
      return;
    }
    if (command === "ipset save") {
      const own = s.sets.of(ns).flatMap((id) => saveSet(s, ns, s.sets.names.name(id)));
      expect(stable(own)).toEqual(stable(r.said));
      return;
    }
    const refused = plumb(s, ipsetAct(command, ns)!);
    expect(refused === null ? "" : refused.message).toBe(r.said.join("\n"));
  });
});
