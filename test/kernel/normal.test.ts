import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { describeWith, needs } from "../support/requires.js";
import { shared } from "../support/shared.js";
import { normal } from "./normal.js";

const python = { name: "python3", installable: true, missing: () => (spawnSync("python3", ["--version"]).status === 0 ? null : "python3 is not installed") };

describeWith("our normaliser against the harness's", [needs.shared, python], () => {
  const oracle = resolve(shared ?? "", "oracle");
  const labs = readdirSync(resolve(oracle, "labs")).filter((name) => name.endsWith(".expected"));
  test.each(labs)("%s", (name) => {
    const text = readFileSync(resolve(oracle, "labs", name), "utf8");
    const theirs = spawnSync("python3", [resolve(oracle, "normal.py")], { input: text, encoding: "utf8" });
    expect(normal(text)).toBe(theirs.stdout);
  });
});
