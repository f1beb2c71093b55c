/** What is done to bundled files for V8's sake (.config/tuned.mjs) changes no meaning. */
import { describe, expect, test } from "vitest";
import { tuned } from "../../.config/tuned.mjs";

describe("tuned", () => {
  test.each([
    ["gives constants back", "var a = {};\nf(a);", "const a = {};\nf(a);"],
    ["but not to what is assigned, counted, or filled by a loop", "var a = 1, b = 2;\na = 3; var c = 1; c++; var d = 1; for (d of []) ;", "var a = 1, b = 2;\na = 3; var c = 1; c++; var d = 1; for (d of []) ;"],
    ["nor to what a pattern assigns", "var a = 1; [a] = [2]; var b = {}; ({ x: b } = {});", "var a = 1; [a] = [2]; var b = {}; ({ x: b } = {});"],
    ["puts numbers where they are used", "var N = 7;\nx[N] = N + 1;", "const N = 7;\nx[(7)] = (7) + 1;"],
    ["negative ones too, and in shorthand", "var N = -7;\nf({ N }, y - N);", "const N = -7;\nf({ N: -7 }, y - (-7));"],
    ["but leaves properties, exports and labels of the name", "var N = 7;\nx.N = { N: 1 };\nexport { N };", "const N = 7;\nx.N = { N: 1 };\nexport { N };"],
    ["and a name that is declared elsewhere too", "var N = 7;\nfunction f(N) { return N; }\nf(N);", "const N = 7;\nfunction f(N) { return N; }\nf(N);"],
  ])("%s", (_, code, expected) => {
    expect(tuned(code)).toBe(expected);
  });
});
