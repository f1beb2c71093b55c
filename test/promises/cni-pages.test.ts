import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { cniPage, PAGES } from "../models/cni/pages.js";
import { root } from "../support/shared.js";

describe("docs/cni", () => {
  test.each(PAGES.map((page) => [page.name, page] as const))("%s.md is what the simulator does; -u writes it anew", async (name, page) => {
    await expect(cniPage(page)).toMatchFileSnapshot(resolve(root, `docs/cni/${name}.md`));
  });

  test("has a page for each CNI and no other", () => {
    const folder = resolve(root, "docs/cni");
    expect(existsSync(folder) ? readdirSync(folder).sort() : []).toEqual(PAGES.map(({ name }) => `${name}.md`).sort());
  });
});
