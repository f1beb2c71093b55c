import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Event, KubeObject } from "../../../src/api/index.js";
import { Kubectl } from "../../../src/shell/kubectl/index.js";
import { sourceOf } from "./fixture.js";

// Pages of kubectl v1.32.4 (described) and v1.33.1 (workloads; the order of a map's keys, which is random there, taken where it is sorted), about
// objects with every field that a page shows, served to it by a plain HTTP server.
const recorded = (name: string): string => readFileSync(fileURLToPath(new URL(`./recorded/${name}`, import.meta.url)), "utf8");

interface Page {
  readonly command: string;
  readonly text: string;
}

function pagesOf(name: string): readonly Page[] {
  return recorded(`${name}.txt`)
    .split(/^\$ kubectl /m)
    .slice(1)
    .map((page) => ({ command: page.slice(0, page.indexOf("\n")), text: page.slice(page.indexOf("\n") + 1) }));
}

describe.each([
  ["described", 12],
  ["workloads", 12],
])("pages about %s objects", (name, count) => {
  const { now, objects } = JSON.parse(recorded(`${name}.json`)) as { readonly now: number; readonly objects: readonly KubeObject[] };
  const pages = pagesOf(name);

  test("there are pages", () => {
    expect(pages).toHaveLength(count);
  });

  test.each(pages)("$command", ({ command, text }) => {
    const events = objects.filter((object): object is Event => object.kind === "Event");
    expect(new Kubectl(sourceOf(objects, events, now)).run(command)).toEqual({ text, code: 0 });
  });
});
