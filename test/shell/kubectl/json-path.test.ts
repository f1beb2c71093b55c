/** JSONPath as the Kubernetes documentation shows it (reference/kubectl/jsonpath), maps written as JSON as kubectl 1.33 does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Ended } from "../../../src/shell/output.js";
import { jsonPathText } from "../../../src/shell/kubectl/output/json-path.js";

const LIST = {
  kind: "List",
  items: [
    {
      kind: "None",
      metadata: { name: "127.0.0.1", labels: { "kubernetes.io/hostname": "127.0.0.1" } },
      status: { capacity: { cpu: "4" }, addresses: [{ type: "LegacyHostIP", address: "127.0.0.1" }] },
    },
    {
      kind: "None",
      metadata: { name: "127.0.0.2" },
      status: {
        capacity: { cpu: "8" },
        addresses: [
          { type: "LegacyHostIP", address: "127.0.0.2" },
          { type: "another", address: "127.0.0.3" },
        ],
      },
    },
  ],
  users: [
    { name: "myself", user: {} },
    { name: "e2e", user: { username: "admin", password: "secret" } },
  ],
};

test.each([
  ["kind is {.kind}", "kind is List"],
  ["{.kind}", "List"],
  ["{['kind']}", "List"],
  ["{.items[*].metadata.name}", "127.0.0.1 127.0.0.2"],
  ["{$.items[*].metadata.name}", "127.0.0.1 127.0.0.2"],
  ["{.users[0].name}", "myself"],
  ["{.users[-1].name}", "e2e"],
  ["{.users[-2:].name}", "myself e2e"],
  ["{.items[0:1].metadata.name}", "127.0.0.1"],
  ["{.items[*]['metadata.name', 'status.capacity']}", '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}'],
  ['{.users[?(@.name=="e2e")].user.password}', "secret"],
  ["{.users[?(@.name!='e2e')].name}", "myself"],
  ["{..password}", "secret"],
  ["{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}", '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] '],
  ['{range .items[*]}{.metadata.name}{"\\t"}{.status.capacity.cpu}{"\\n"}{end}', "127.0.0.1\t4\n127.0.0.2\t8\n"],
  ['{.items[*].status.addresses[?(@.type=="another")].address}', "127.0.0.3"],
  ["{.items[0].metadata.labels.kubernetes\\.io/hostname}", "127.0.0.1"],
  ["{.items[*].metadata.nothing}", ""],
  ["{.users[*].user}", '{} {"password":"secret","username":"admin"}'],
  ["no braces", "no braces"],
])("%s", (template, expected) => {
  expect(jsonPathText(template, LIST)).toBe(expected);
});

test("what is no template is refused with a word", () => {
  for (const template of ["{.a", "{range .a}", "{end}", "{.a[}", "{.[?(]}"]) expect(() => jsonPathText(template, LIST)).toThrow(Ended);
});

test("any text is a template, or refused", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom("{", "}", ".", "[", "]", "*", "range ", "end", "items", "..", "?(", "@", ")", "==", "'", '"', "\\", ":", "-1", "$"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        expect(typeof jsonPathText(pieces.join(""), LIST)).toBe("string");
      } catch (fault) {
        expect(fault).toBeInstanceOf(Ended);
      }
    }),
    { numRuns: 500 },
  );
});
