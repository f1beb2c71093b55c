/** A run is a pure function of version, options, seed and commands: here, again, and in a browser. */
import { describe, expect, it } from "vitest";
import { walk } from "../../src/ask/walk.js";
import { runInBrowser, runInNode } from "../support/browser.js";
import { describeWith, needs } from "../support/requires.js";
import { shop, shopFiles } from "../support/shop.js";

const QUERY = { from: "shop/deploy/frontend", to: "http://api" } as const;

const PROGRAM = `
import { createCluster, walk } from "podwire";
export function run({ files, query }) {
  const cluster = createCluster();
  cluster.settle();
  cluster.apply(files);
  cluster.settle();
  const answer = cluster.ask(walk(query));
  return { fingerprint: cluster.fingerprint(), walk: answer };
}`;

describe("the same run twice", () => {
  it("has the same fingerprint, the same walk and the same addresses", () => {
    const [a, b] = [shop(), shop()];
    expect(b.fingerprint()).toBe(a.fingerprint());
    expect(b.ask(walk(QUERY))).toEqual(a.ask(walk(QUERY)));
    expect(b.objects("Pod")).toEqual(a.objects("Pod"));
  });

  it("has another fingerprint with another seed, and with one more command", () => {
    const plain = shop().fingerprint();
    expect(shop({ seed: 2 }).fingerprint()).not.toBe(plain);
    const more = shop();
    more.delete("NetworkPolicy", "shop", "db-only-from-api");
    more.settle();
    expect(more.fingerprint()).not.toBe(plain);
  });
});

describeWith("the same run in headless Chromium", [needs.chromium], () => {
  it("has the fingerprint and the walk that it has in Node", { timeout: 180_000 }, async () => {
    const input = { files: shopFiles(), query: QUERY };
    const here = await runInNode(PROGRAM, input);
    const there = await runInBrowser(PROGRAM, input);
    expect(there).toEqual(here);
    expect((here as { fingerprint: string }).fingerprint).toBe(shop().fingerprint());
  });
});
