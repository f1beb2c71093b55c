/** Labs of tools that print how long something took: as the real tools printed them, with these times left out. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { expect, test } from "vitest";
import { runLab } from "../../src/shell/lab/run-lab.js";
import { normal } from "../kernel/normal.js";
import { describeWith, needs } from "../support/requires.js";
import { root, shared } from "../support/shared.js";

const folder = resolve(root, "test/shell/labs");
const labs = readdirSync(folder)
  .filter((name) => name.endsWith(".lab"))
  .sort((a, b) => (a < b ? -1 : 1))
  .map((name) => [name, resolve(folder, name)] as const);

/** Without how long answers took and flows have left, and without the order of the kernel's hash of flows. */
function untimed(text: string): string {
  const blocks = normal(text)
    .replace(/(?<= {2})[0-9.]+(?= ?ms)/g, "T")
    .replace(/^((?:ipv[46] +\d+ )?(?:icmp|icmpv6|tcp|udp) +\d+) \d+(?= )/gm, "$1 T")
    .split(/^(?=\$ )/m);
  return blocks.map((block) => (/^\$ .*conntrack -/.test(block) ? block.split("\n").sort((a, b) => (a < b ? -1 : 1)).join("\n") : block)).join("");
}

function simulated(path: string): string {
  const result = runLab(readFileSync(path, "utf8"), basename(path));
  expect(result.problem ?? "").toBe("");
  return untimed(result.output);
}

test.each(labs)("%s as the tools were recorded", (_, path) => {
  expect(simulated(path)).toBe(untimed(readFileSync(path.replace(/\.lab$/, ".expected"), "utf8")));
});

/** A reply may be late on a busy machine. */
const TRIES = 3;

describeWith("timed labs on this machine's kernel", [needs.shared, needs.netfilter], () => {
  test.each(labs)("%s", { timeout: 200_000 }, (_, path) => {
    const ours = simulated(path);
    let theirs = "";
    for (let n = 0; n < TRIES && theirs !== ours; n++) theirs = untimed(spawnSync("python3", [resolve(shared ?? "", "oracle/runlab.py"), path], { encoding: "utf8", timeout: 60_000 }).stdout);
    expect(ours).toBe(theirs);
  });
});
