import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import * as policy from "../../src/policy/index.js";
import { describeWith, needs } from "../support/requires.js";
import { root, shared } from "../support/shared.js";

// docs/guides/policy.md shows what these answers print. UPDATE_GUIDE=1 writes them anew; read them before you commit.

const page = resolve(root, "docs/guides/policy.md");
const expectations = `- name: the frontend fills the cart
  from: frontend
  to: cartservice
  port: 7070
  expect: allow
- name: only the cart reaches its store
  from: ["*", "!cartservice"]
  to: redis-cart
  expect: deny
- name: the shop is open to the world
  from: internet
  to: frontend
  port: 8080
  expect: allow
- name: checkout charges cards
  from: checkoutservice
  to: paymentservice
  port: 50052
  expect: allow
`;

function read(files: readonly policy.ManifestFile[]): policy.PolicyModel {
  const { objects, problems } = policy.admitManifests(files);
  expect(problems.filter((each) => each.severity === "error")).toEqual([]);
  return policy.readModel(objects);
}

function head(text: string, lines: number): string {
  const all = text.split("\n");
  return all.length <= lines ? text : [...all.slice(0, lines), `... ${all.length - lines} more lines`].join("\n");
}

/** The first lines and the last, which counts. */
function ends(text: string, lines: number): string {
  return `${head(text.slice(0, text.lastIndexOf("\n")), lines)}${text.slice(text.lastIndexOf("\n"))}`;
}

function outputs(): Readonly<Record<string, string>> {
  const folder = resolve(shared!, "cases/real/online-boutique");
  const file = (name: string): policy.ManifestFile => ({ name, text: readFileSync(resolve(folder, name), "utf8") });
  const app = [file("app.yaml")];
  const policies = readdirSync(resolve(folder, "network-policies")).sort((a, b) => (a < b ? -1 : 1)).map((name) => file(`network-policies/${name}`));
  const model = read([...app, ...policies]);
  const why = (from: string, to: string, port: number): string => {
    const query = policy.readQuery(model, { from, to, port });
    if ("code" in query) throw new Error(query.message);
    return policy.whyText(policy.why(model, query));
  };
  const slips = policies.map(({ name, text }) => {
    if (name.endsWith("adservice.yaml")) return { name, text: text.replace("app: frontend", "app: frontned") };
    if (name.endsWith("redis.yaml")) return { name, text: text.replace("port: 6379", "port: 80") };
    return { name, text: name.endsWith("emailservice.yaml") ? text.replace("- {}", "- ports:\n    - port: 25") : text };
  });
  const { expectations: wanted } = policy.readExpectations([{ name: "expect.yaml", text: expectations }]);
    return {
    reach: ends(policy.reachText(policy.reach(model)), 16),
    matrix: policy.reachMarkdown(policy.reach(model, { external: false })).replaceAll("default/", "").replaceAll("[Deployment]", ""),
    "why-allowed": why("frontend", "cartservice", 7070),
    "why-denied": why("loadgenerator", "cartservice", 7070),
    "why-port": why("frontend", "checkoutservice", 8080),
    diff: ends(policy.diffText(policy.diff(read(app), model)), 22),
    expectations: expectations.trimEnd(),
    check: policy.checkText(policy.check(model, wanted)),
    coverage: ends(policy.coverageText(policy.coverage(model, policy.queriesOf(model, wanted))), 8),
    mutations: ends(policy.mutationText(policy.mutationCoverage(model, wanted)), 8),
    lint: policy.lintText(policy.lint(model)),
    "lint-slips": policy.lintText(policy.lint(read([...app, ...slips]))),
    exposure: head(policy.exposureText(policy.exposure(model)), 14),
  };
}

/** The page with each marked block holding `made`'s text. */
function filled(text: string, made: Readonly<Record<string, string>>): string {
  return text.replace(/(<!-- output: ([\w-]+) -->\n```\w+\n)[\s\S]*?(```)/g, (_, open: string, name: string, close: string) => `${open}${made[name]}\n${close}`);
}

describeWith("the guide to policy", [needs.shared], () => {
  test("shows what is really printed, each block once", () => {
    const made = outputs();
    const text = readFileSync(page, "utf8");
    const marked = [...text.matchAll(/<!-- output: ([\w-]+) -->/g)].map((match) => match[1]!);
    expect(marked).toEqual(Object.keys(made));
    if (process.env["UPDATE_GUIDE"] === "1") writeFileSync(page, filled(text, made));
    expect(readFileSync(page, "utf8")).toBe(filled(text, made));
  });
});
