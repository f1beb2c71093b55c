/** What the README shows is what the command prints. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { podwire } from "../support/command.js";
import { root } from "../support/shared.js";

const text = readFileSync(resolve(root, "README.md"), "utf8");
const shown = [...text.matchAll(/```sh\nnpx podwire ([^\n]+)\n```\n\n```\n([\s\S]*?)```/g)].map(([, words, output]) => ({ words: words!, output: output! }));

describe("the README", () => {
  it("shows at least one command with its output", () => {
    expect(shown.length).toBeGreaterThan(0);
  });

  it.each(shown)("$words prints what is shown", ({ words, output }) => {
    expect(podwire(words.split(" ")).stdout).toBe(output);
  });

  it("fits a screen or two, and links to what exists", () => {
    expect(text.split("\n").length).toBeLessThan(110);
    for (const [, path] of text.matchAll(/\]\((?!http)([^)#]+)\)/g)) expect(() => readFileSync(resolve(root, path!, path!.includes(".") || path === "CHANGELOG" || path === "LICENSE" ? "" : "."))).not.toThrow(/ENOENT/);
  });
});
