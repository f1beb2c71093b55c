import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { TableName } from "../../../src/linux/nf/table.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import { plumb } from "../../../src/linux/plumbing.js";
import type { Stack } from "../../../src/linux/stack.js";
import { act, makeStack, netns } from "../world.js";

// One rule a row, put into empty tables by the real iptables 1.8.9 (both flavours, kernel 6.18) and read back by its -save.
interface Row {
  readonly family: 4 | 6;
  readonly table: TableName;
  readonly chain: string;
  readonly spec: string;
  readonly both?: Outcome;
  readonly legacy?: Outcome;
  readonly nft?: Outcome;
}

interface Outcome {
  readonly saved?: readonly string[];
  readonly error?: string;
}

const rows = JSON.parse(readFileSync(new URL("./recorded/rules.json", import.meta.url), "utf8")) as readonly Row[];

function world(): { s: Stack; ns: number } {
  const s = makeStack();
  const ns = netns(s, "a");
  act(s, { verb: "ipset", ns, op: "create", name: "ipnet", type: "hash:net" });
  act(s, { verb: "ipset", ns, op: "create", name: "ipport", type: "hash:ip,port" });
  act(s, { verb: "ipset", ns, op: "create", name: "ipto", type: "hash:ip", options: ["timeout", "100"] });
  act(s, { verb: "ipset", ns, op: "create", name: "ipnet6", type: "hash:net", family: 6 });
  for (const family of [4, 6] as const) act(s, { verb: "iptables", ns, family, table: "filter", op: "new-chain", chain: "USER" });
  return { s, ns };
}

/** Rules that the kernel translates into others when nft stores them, or refuses for what it lacks; the other flavour is compared. */
const LEGACY_ALONE = new Set(["! -d 0.0.0.0/0 -j ACCEPT", "-p tcp --sport 1024: ! --dport :1023 -j ACCEPT"]);
/** This kernel has no nfacct (linux-dataplane A13). */
const UNKNOWN_TO_KERNEL = new Set(["-m nfacct --nfacct-name N"]);

function ours(row: Row, flavour: "nft" | "legacy"): { saved?: readonly string[]; error?: string } {
  const { s, ns } = world();
  const refused = plumb(s, { verb: "iptables", ns, family: row.family, table: row.table, op: "append", chain: row.chain, spec: row.spec, flavour });
  if (refused !== null) return { error: refused.message };
  const text = saveTables(s, ns, row.family, { table: row.table });
  return { saved: text.split("\n").filter((line) => line.startsWith(`-A ${row.chain}`)) };
}

describe("a rule is saved as the real iptables-save prints it", () => {
  const compared = rows.filter((row) => !UNKNOWN_TO_KERNEL.has(row.spec));

  test("there are enough rows", () => {
    expect(compared.length).toBeGreaterThan(200);
  });

  test.each(compared.map((row) => [`${row.family} ${row.table} ${row.chain} ${row.spec}`, row] as const))("%s", (_name, row) => {
    for (const flavour of ["nft", "legacy"] as const) {
      const real = row.both ?? row[flavour]!;
      const own = ours(row, flavour);
      if (own.error?.startsWith("not modelled: ") === true) {
        expect(notModelled(row.spec)).toBe(true);
        continue;
      }
      if (flavour === "nft" && LEGACY_ALONE.has(row.spec)) continue;
      if (real.saved !== undefined) expect(own.saved).toEqual(real.saved);
      else expect(`${own.error}\n`).toBe(real.error);
    }
  });

  test("what was saved is saved again the same", () => {
    for (const row of compared) {
      const real = row.both ?? row.legacy!;
      for (const line of real.saved ?? []) {
        const spec = line.slice(`-A ${row.chain} `.length);
        const again = ours({ ...row, spec }, "legacy");
        if (!notModelled(spec)) expect(again.saved).toEqual([line]);
      }
    }
  });
});

/** Extensions that the README's list of models leaves out. */
function notModelled(spec: string): boolean {
  const foreign = /-m (u32|hashlimit|socket|tos|dscp|owner|pkttype|string|connlimit|bpf|cgroup|time|ecn|helper) |-j (TPROXY|CHECKSUM|DSCP|TOS|TTL|NFQUEUE|CLASSIFY)|--chunk-types/;
  return foreign.test(spec);
}
