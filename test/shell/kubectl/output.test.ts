import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { jsonText } from "../../../src/shell/kubectl/output/json.js";
import { TabWriter } from "../../../src/shell/kubectl/output/tab-writer.js";
import { ageText, mailTime, plainTime, secondsOf, spanText } from "../../../src/shell/kubectl/output/time.js";
import { yamlText } from "../../../src/shell/kubectl/output/yaml.js";

// `kubectl annotate --local -o yaml` and `-o json` (v1.32.4) of the same objects: strings of every shape that quoting and folding know.
const recorded = (name: string): string => readFileSync(fileURLToPath(new URL(`./recorded/${name}`, import.meta.url)), "utf8");

describe("objects as kubectl prints them", () => {
  test.each(["strings", "pod"])("%s as YAML", (name) => {
    expect(yamlText(JSON.parse(recorded(`${name}.json`))).split("\n")).toEqual(recorded(`${name}.yaml`).split("\n"));
  });

  test.each(["strings", "pod"])("%s as JSON", (name) => {
    expect(jsonText(JSON.parse(recorded(`${name}.json`)))).toBe(recorded(`${name}.json`));
  });

  test("an empty list", () => {
    expect(yamlText({ apiVersion: "v1", items: [], kind: "List", metadata: { resourceVersion: "" } })).toBe(
      'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n',
    );
  });
});

describe("columns", () => {
  test("a line without a tab begins a new block", () => {
    const writer = new TabWriter(0, 2);
    writer.write("a:\tx\nlonger:\ty\nno tab\nb:\tz\n");
    expect(writer.result()).toBe("a:       x\nlonger:  y\nno tab\nb:  z\n");
  });

  test("empty cells at the end of a line leave blanks", () => {
    const writer = new TabWriter(0, 2);
    writer.write("  host\t\nwide cell here\tx\n");
    expect(writer.result()).toBe("  host          \nwide cell here  x\n");
  });
});

describe("times", () => {
  test.each([
    [-2, "<invalid>"],
    [-1, "0s"],
    [0, "0s"],
    [119, "119s"],
    [120, "2m"],
    [125, "2m5s"],
    [599, "9m59s"],
    [600, "10m"],
    [10_799, "179m"],
    [10_800, "3h"],
    [10_860, "3h1m"],
    [28_799, "7h59m"],
    [28_800, "8h"],
    [172_799, "47h"],
    [172_800, "2d"],
    [176_400, "2d1h"],
    [691_199, "7d23h"],
    [691_200, "8d"],
    [63_071_999, "729d"],
    [63_072_000, "2y"],
    [63_158_400, "2y1d"],
    [252_287_999, "7y364d"],
    [252_288_000, "8y"],
  ])("%i seconds are %s", (seconds, text) => {
    expect(spanText(seconds)).toBe(text);
  });

  test("of objects", () => {
    expect(secondsOf("1970-01-01T00:00:00Z")).toBe(0);
    expect(secondsOf("2000-03-01T00:00:00Z")).toBe(951_868_800);
    expect(secondsOf("2025-11-01T12:00:00.500000+02:00")).toBe(1_761_991_200.5);
    expect(secondsOf("nonsense")).toBeUndefined();
    expect(ageText(0, undefined)).toBe("<unknown>");
    expect(mailTime("2025-11-01T10:00:00Z")).toBe("Sat, 01 Nov 2025 10:00:00 +0000");
    expect(mailTime("2024-02-29T23:59:59Z")).toBe("Thu, 29 Feb 2024 23:59:59 +0000");
    expect(plainTime("2025-11-01T10:00:00Z")).toBe("2025-11-01 10:00:00 +0000 UTC");
  });
});
