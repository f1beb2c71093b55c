import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Event, KubeObject } from "../../../src/api/index.js";
import { Kubectl } from "../../../src/shell/kubectl/index.js";
import { sourceOf } from "./fixture.js";

// Pages of kubectl v1.32.4 about objects with every field that a page shows, served to it by a plain HTTP server.
const recorded = (name: string): string => readFileSync(fileURLToPath(new URL(`./recorded/${name}`, import.meta.url)), "utf8");
const { now, objects } = JSON.parse(recorded("described.json")) as { readonly now: number; readonly objects: readonly KubeObject[] };
const pages = recorded("described.txt")
  .split(/^\$ kubectl /m)
  .slice(1)
  .map((page) => ({ command: page.slice(0, page.indexOf("\n")), text: page.slice(page.indexOf("\n") + 1) }));

describe("pages with every field", () => {
  test("there are pages", () => {
    expect(pages).toHaveLength(12);
  });

  test.each(pages)("$command", ({ command, text }) => {
    const events = objects.filter((object): object is Event => object.kind === "Event");
    expect(new Kubectl(sourceOf(objects, events, now)).run(command)).toEqual({ text, code: 0 });
  });
});
