import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../support/shared.js";

// The committed figures keep the shape that readers outside rely on. No figure is judged here: machines differ.

const file = join(root, "bench/results.json");
const rate = expect.any(Number) as number;
const figure = { name: expect.any(String) as string, value: rate };

describe("bench/results.json", () => {
  const jobs = readdirSync(join(root, "bench/jobs")).map((name) => name.replace(/\.ts$/, ""));

  test("is there, and every job has its figures", () => {
    expect(existsSync(file)).toBe(true);
    const results = JSON.parse(readFileSync(file, "utf8")) as { job: string; size: number }[];
    expect([...new Set(results.map((r) => r.job))]).toEqual([...jobs].sort((x, y) => (x < y ? -1 : 1)));
    expect(new Set(results.map((r) => `${r.job} ${r.size}`)).size).toBe(results.length);
  });

  test("has the shape of the contract", () => {
    for (const result of JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>[]) {
      expect(result).toEqual({
        job: expect.any(String) as string,
        size: expect.any(Number) as number,
        ours: rate,
        plain: result["plain"] === null ? null : rate,
        peer: result["peer"] === null ? null : figure,
        floor: result["floor"] === null ? null : figure,
        memory: rate,
      });
      expect(Number.isInteger(result["size"])).toBe(true);
      expect(result["ours"]).toBeGreaterThan(0);
    }
  });
});
