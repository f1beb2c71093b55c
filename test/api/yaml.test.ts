import { describe, expect, test } from "vitest";
import { readManifests } from "../../src/api/read-manifests.js";
import { plainOf } from "../../src/api/tree.js";
import { parseYaml } from "../../src/api/yaml-text.js";

function read(text: string): unknown {
  const [first] = parseYaml(text);
  if (first === undefined) return undefined;
  return "tree" in first ? plainOf(first.tree) : first.faults.map((fault) => `${fault.line}: ${fault.message}`);
}

// kubernetes-sigs/yaml goyaml.v2 resolve.go, and toolchain.md section 6
const scalars: readonly (readonly [string, unknown])[] = [
  ...["y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"].map((word) => [word, false] as const),
  ...["~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ["yEs", "yEs"],
  ["tRUE", "tRUE"],
  ["nULL", "nULL"],
  ["0", 0],
  ["12", 12],
  ["-7", -7],
  ["+5", 5],
  ["010", 8],
  ["-010", -8],
  ["0o17", 15],
  ["0O17", 15],
  ["0x1F", 31],
  ["0b101", 5],
  ["12_000", 12_000],
  ["1_0.5", 10.5],
  ["08", 8],
  ["1.5", 1.5],
  [".5", 0.5],
  ["1.", 1],
  ["1e3", 1000],
  ["1.5E-1", 0.15],
  ["1e", "1e"],
  ["22:30", "22:30"],
  ["1:20:30", "1:20:30"],
  ["2024-01-02", "2024-01-02"],
  ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"],
  ["10.0.0.1", "10.0.0.1"],
  ["10.0.0.0/8", "10.0.0.0/8"],
  ["fd00::1", "fd00::1"],
  ["1.2.3", "1.2.3"],
  ["0x", "0x"],
  ["_1", "_1"],
  [".", "."],
  ["-", [null]],
  ["'80'", "80"],
  ['"on"', "on"],
  ['"a\\tb"', "a\tb"],
  ["!!str 80", "80"],
  ["!!int '80'", 80],
  ["plain text", "plain text"],
  ["<<", "<<"],
];

describe("plain scalars have the types that kubectl gives them", () => {
  test.each(scalars)("%j", (text, value) => {
    const expected = value === null ? { v: null } : { v: value };
    expect(text === "-" ? read("- ") : read(`v: ${text}`)).toEqual(text === "-" ? value : expected);
  });

  test("not a number and infinities are refused", () => {
    expect(read("v: .nan")).toEqual(["1: error converting YAML to JSON: yaml: line 1: json: unsupported value: .nan"]);
    expect(read("v: -.INF")).toEqual(["1: error converting YAML to JSON: yaml: line 1: json: unsupported value: -.INF"]);
  });
});

describe("documents", () => {
  test("are separated, empty ones skipped", () => {
    expect(parseYaml("---\n---\n# only a comment\n---\na: 1\n---\nnull\n...\n---\nb: 2\n").length).toBe(2);
    expect(parseYaml("").length).toBe(0);
  });

  test("a broken one does not hide the others", () => {
    const documents = parseYaml("a: 1\n---\nb: [\n---\nc: 3\n");
    expect(documents.map((each) => "tree" in each)).toEqual([true, false, true]);
  });

  test.each([
    ["keys become text", "on: 1\n8080: 2\n1.5: 3\n", { true: 1, 8080: 2, 1.5: 3 }],
    ["anchors and aliases", "a: &x {k: 1}\nb: *x\n", { a: { k: 1 }, b: { k: 1 } }],
    ["merge keys do not override", "a: &x {k: 1, m: 2}\nb:\n  <<: *x\n  k: 3\n", { a: { k: 1, m: 2 }, b: { k: 3, m: 2 } }],
    ["merge of a list, first wins", "- &x {k: 1}\n- &y {k: 2, m: 2}\n- {<<: [*x, *y]}\n", [{ k: 1 }, { k: 2, m: 2 }, { k: 1, m: 2 }]],
    ["block text", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", { a: "x\ny\n", b: "x y" }],
    ["JSON with tabs", '\t{\n\t"a": [1, "b\\/c", null]\n\t}', { a: [1, "b/c", null] }],
    ["no prototype is reached", "__proto__: {x: 1}\n", JSON.parse('{"__proto__": {"x": 1}}')],
  ])("%s", (_name, text, value) => {
    expect(read(text)).toEqual(value);
  });

  test.each([
    ["duplicate keys", "a: 1\nb: 2\na: 3\n", '3: error converting YAML to JSON: yaml: line 3: key "a" already set in map'],
    ["an unknown anchor", "a: *x\n", "1: error converting YAML to JSON: yaml: line 1: unknown anchor 'x' referenced"],
    ["a self-containing anchor", "a: &a [*a]\n", "1: error converting YAML to JSON: yaml: line 1: anchor 'a' value contains itself"],
    ["two colons", "a: b: c\n", "1: error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context"],
    ["a null key", "~: 1\n", "1: error converting YAML to JSON: yaml: line 1: invalid map key"],
    ["merging text", "<<: x\n", "1: error converting YAML to JSON: yaml: line 1: map merge requires map or sequence of maps as the value"],
  ])("%s: refused", (_name, text, fault) => {
    expect(read(text)).toContain(fault);
  });

  test("every duplicate key is told", () => {
    expect(read("a: 1\na: 2\nb: {c: 1, c: 2}\n")).toHaveLength(2);
  });
});

describe("hostile text ends soon", () => {
  test("alias bomb", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 12; i += 1) lines.push(`a${i}: &a${i} [${Array(9).fill(`*a${i - 1}`).join(", ")}]`);
    expect(read(lines.join("\n"))).toEqual([expect.stringContaining("document contains excessive aliasing")]);
  });

  test.each([
    ["flow lists", "[".repeat(50_000)],
    ["flow maps", "{a: ".repeat(20_000)],
    ["compact lists", `${"- ".repeat(20_000)}a`],
    ["explicit keys", "? ".repeat(20_000)],
  ])("deep %s", (_name, text) => {
    expect(read(text)).toEqual([expect.stringContaining("exceeded max depth of 200")]);
  });
});

describe("readManifests", () => {
  const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: i}]}\n";

  test("List and typed lists are unfolded, items get kind and version", () => {
    const text = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PodList
  items:
  - metadata: {name: a}
  - metadata: {name: b}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicyList
  items: [{metadata: {name: p, namespace: shop}}]
`;
    const { objects, problems } = readManifests([{ name: "l.yaml", text }]);
    expect(problems).toEqual([]);
    expect(objects.map(({ object, source }) => [object.kind, object.apiVersion, object.metadata.namespace, object.metadata.name, source.line])).toEqual([
      ["Pod", "v1", "default", "a", 7],
      ["Pod", "v1", "default", "b", 8],
      ["NetworkPolicy", "networking.k8s.io/v1", "shop", "p", 11],
    ]);
  });

  test("unknown kinds are notes and passed over; onlyKinds passes over silently", () => {
    const text = `apiVersion: example.com/v1\nkind: Widget\n---\napiVersion: extensions/v1beta1\nkind: Deployment\n---\n${pod}`;
    const { objects, problems } = readManifests([{ name: "f.yaml", text }]);
    expect(objects).toHaveLength(1);
    expect(problems.map(({ severity, message, line, fix }) => [severity, message, line, fix])).toEqual([
      ["note", 'no matches for kind "Widget" in version "example.com/v1": not modelled, passed over', 1, undefined],
      ["note", 'no matches for kind "Deployment" in version "extensions/v1beta1": not modelled, passed over', 4, "write apiVersion: apps/v1"],
    ]);
    expect(readManifests([{ name: "f.yaml", text }], { onlyKinds: ["Service"] })).toEqual({ objects: [], problems: [] });
  });

  test("unknown fields are warnings, errors when strict, with the field that was meant", () => {
    const text = pod.replace("containers", "nodename: x, containers");
    const loose = readManifests([{ name: "f.yaml", text }]);
    expect(loose.objects).toHaveLength(1);
    expect(loose.problems).toEqual([
      { code: "unknown-field", severity: "warning", path: "spec.nodename", message: 'unknown field "spec.nodename"', object: "Pod default/a", file: "f.yaml", line: 4, column: 8, fix: "write nodeName" },
    ]);
    const strict = readManifests([{ name: "f.yaml", text }], { strict: true });
    expect([strict.objects.length, strict.problems[0]?.severity]).toEqual([0, "error"]);
  });

  test("status and managedFields are carried and not judged", () => {
    const text = `${pod}status: {podIP: 10.0.0.9, phase: 7, odd: {x: 1}}\n`.replace("name: a", "name: a, managedFields: [{odd: 1}]");
    const { objects, problems } = readManifests([{ name: "f.yaml", text }], { strict: true });
    expect(problems).toEqual([]);
    expect(objects[0]?.object).toMatchObject({ metadata: { managedFields: [{ odd: 1 }] }, status: { podIP: "10.0.0.9", odd: { x: 1 } } });
    expect(objects[0]?.object).not.toHaveProperty("status.phase");
  });

  test("the later of two definitions wins, with a warning that names both places", () => {
    const later = pod.replace("image: i", "image: j");
    const { objects, problems } = readManifests([{ name: "a.yaml", text: pod }, { name: "b.yaml", text: later }]);
    expect(objects.map(({ object }) => object.kind === "Pod" && object.spec.containers[0]?.image)).toEqual(["j"]);
    expect(problems).toMatchObject([
      { severity: "warning", file: "b.yaml", line: 1, message: "Pod default/a is defined more than once, first at a.yaml:1; the later one wins" },
    ]);
  });

  test("objects are frozen through and through", () => {
    const { objects } = readManifests([{ name: "f.yaml", text: pod }]);
    const object = objects[0]?.object;
    expect(Object.isFrozen(object)).toBe(true);
    expect(object?.kind === "Pod" && Object.isFrozen(object.spec.containers[0])).toBe(true);
  });

  test("every field keeps its place", () => {
    const text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\nspec:\n  ports:\n  - port: 80\n    targetPort: http\n  selector:\n    app.kubernetes.io/name: web\n";
    const { objects } = readManifests([{ name: "f.yaml", text }]);
    expect(objects[0]?.source.places).toMatchObject({
      spec: [5, 1],
      "spec.ports": [6, 3],
      "spec.ports[0]": [7, 5],
      "spec.ports[0].targetPort": [8, 5],
      "spec.selector[app.kubernetes.io/name]": [10, 5],
    });
  });
});
