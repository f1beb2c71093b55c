import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../src/policy/check.js";
import { readExpectations } from "../../src/policy/check-expectation.js";
import { diff } from "../../src/policy/diff.js";
import { exposure } from "../../src/policy/exposure.js";
import { lint } from "../../src/policy/lint.js";
import { buildModel } from "../../src/policy/model.js";
import { readQuery } from "../../src/policy/query.js";
import { reach } from "../../src/policy/reach.js";
import * as show from "../../src/policy/show/index.js";
import { why } from "../../src/policy/why.js";
import { cluster } from "./arbitraries.js";
import { model, pod, policy } from "./build.js";

const open = model({ pods: [pod("x/web"), pod("x/db")] });
const m = model({
  pods: [pod("x/web"), pod("x/db")],
  policies: [policy("x/db", { podSelector: { matchLabels: { app: "db" } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }], ports: [{ port: 5432 }, { port: 9000, endPort: 9010 }, { protocol: "UDP" }] }] })],
});

describe("ports in words", () => {
  test.each([
    [{}, "nothing"],
    [{ TCP: [[80, 80]], UDP: [[53, 54]] }, "TCP 80; UDP 53-54"],
    [{ TCP: [[1, 65535]] }, "TCP all"],
    [{ TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 65535]] }, "all"],
    [{ TCP: [[1, 65535]], UDP: [[1, 65535]], SCTP: [[1, 9]] }, "TCP all; UDP all; SCTP 1-9"],
  ] as [object, string][])("%j is %s", (ports, words) => {
    expect(show.portsText(ports)).toBe(words);
  });
});

describe("reach as text", () => {
  const answer = reach(m, { external: false });

  test("lines", () => {
    expect(show.reachText(answer)).toBe("x/db[Pod]   ->  x/web[Pod]:  all\nx/web[Pod]  ->  x/db[Pod]:   TCP 5432, 9000-9010; UDP all\n\n2 connections among 2 workloads and the outside");
  });

  test("CSV has a line for each range", () => {
    expect(show.reachCsv(answer).split("\n")).toEqual([
      "from,to,protocol,first,last",
      "x/db[Pod],x/web[Pod],TCP,1,65535",
      "x/db[Pod],x/web[Pod],UDP,1,65535",
      "x/db[Pod],x/web[Pod],SCTP,1,65535",
      "x/web[Pod],x/db[Pod],TCP,5432,5432",
      "x/web[Pod],x/db[Pod],TCP,9000,9010",
      "x/web[Pod],x/db[Pod],UDP,1,65535",
    ]);
  });

  test("a Markdown matrix", () => {
    expect(show.reachMarkdown(answer)).toBe("| from \\ to | x/web[Pod] | x/db[Pod] |\n| --- | --- | --- |\n| x/db[Pod] | all | - |\n| x/web[Pod] | - | TCP 5432, 9000-9010; UDP all |");
  });

  test("DOT groups by namespace, Mermaid numbers its nodes; both quote every name", () => {
    expect(show.reachDot(answer)).toContain('  "x/web[Pod]" -> "x/db[Pod]" [label="TCP 5432, 9000-9010; UDP all"];');
    expect(show.reachDot(answer)).toContain('subgraph "cluster_x"');
    expect(show.reachMermaid(answer).split("\n")).toEqual(["flowchart LR", '  n0["x/db[Pod]"]', '  n1["x/web[Pod]"]', '  n0 -->|"all"| n1', '  n1 -->|"TCP 5432, 9000-9010; UDP all"| n0']);
    expect(show.reachDot(reach(m))).toContain('"0.0.0.0-255.255.255.255" [shape=ellipse, label="all IPv4"];');
  });
});

test("diff: opened, closed and changed", () => {
  expect(show.diffText(diff(open, m)).split("\n")[0]).toBe("~  x/web[Pod]  ->  x/db[Pod]:  all => TCP 5432, 9000-9010; UDP all");
  expect(show.diffText(diff(open, m))).toMatch(/0 opened, 2 closed, 1 changed$/);
  expect(show.diffText(diff(m, m))).toBe("no connection changes");
  expect(show.diffCsv(diff(open, m)).split("\n")[1]).toBe('x/web[Pod],x/db[Pod],all,"TCP 5432, 9000-9010; UDP all"');
  expect(show.diffMarkdown(diff(open, m))).toContain("| - | all IPv4 | x/db[Pod] | all | nothing |");
  const gone = model({ pods: [pod("x/web")] });
  expect(show.diffText(diff(m, gone))).toContain("- workload x/db[Pod]");
});

test("why: the verdict first, then each end with its reasons", () => {
  const query = readQuery(m, { from: "x/web", to: "x/db", port: 5433 });
  if ("code" in query) throw new Error(query.message);
  const lines = show.whyText(why(m, query)).split("\n");
  expect(lines[0]).toBe("x/web -> x/db:5433/TCP: denied");
  expect(lines).toContain("smallest change that allows it:");
  expect(lines.slice(-2)).toEqual(["    - port: 5433", "      protocol: TCP"]);
  expect(show.whyMarkdown([why(m, query)])).toContain("| x/web | x/db:5433/TCP | **denied** | allowed | **denied** by NetworkPolicy x/db `spec.podSelector` |");
  expect(show.whyCsv([why(m, query)])).toContain("x/web,x/db,5433,TCP,denied,allowed,denied,,NetworkPolicy x/db spec.podSelector");
});

test("check and lint say how many", () => {
  const { expectations } = readExpectations([{ name: "e.yaml", text: "- {from: x/web, to: x/db, port: 5432, expect: allow}\n- {name: shut, from: x/web, to: x/db, expect: deny}" }]);
  expect(show.checkText(check(m, expectations))).toMatch(/^e.yaml:2: FAILED shut: expected deny: 1 of 1 connections open\n {2}x\/web -> x\/db:5432\/TCP is allowed: .*\n1 passed, 1 failed$/);
  expect(show.lintText(lint(open))).toBe("nothing found");
  expect(show.lintText(lint(m))).toMatch(/note: isolates x\/db for ingress only.*\[open-in-one-direction\]\n {2}NetworkPolicy x\/db spec.podSelector\n {2}fix: .*\n1 finding$/);
});

test("whatever the cluster: every CSV line has as many cells as its head, every Markdown row too, and JSON reads back", () => {
  const commas = (line: string): number => line.replace(/"(?:[^"]|"")*"/g, "").split(",").length;
  fc.assert(
    fc.property(cluster, cluster, (a, b) => {
      const [one, other] = [buildModel(a), buildModel(b)];
      for (const text of [show.reachCsv(reach(one)), show.diffCsv(diff(one, other)), show.lintCsv(lint(one)), show.exposureCsv(exposure(one))]) {
        const [head, ...rest] = text.split("\n");
        for (const line of rest) expect(commas(line)).toBe(commas(head!));
      }
      for (const table of [show.reachMarkdown(reach(one)), show.diffMarkdown(diff(one, other)), show.lintMarkdown(lint(one)), show.exposureMarkdown(exposure(one))]) {
        const counts = table.split("\n").map((line) => line.replaceAll("\\|", "").split("|").length);
        expect(new Set(counts).size).toBe(1);
      }
      expect(JSON.parse(show.jsonText(reach(one)))).toEqual(JSON.parse(JSON.stringify(reach(one))));
    }),
    { numRuns: 30 },
  );
});
