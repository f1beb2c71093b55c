// The judges of a diagram are the tools that draw it: mermaid in a browser, graphviz' dot. They say that the text is one, not
// that the picture is nice.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { createCluster } from "../../src/cluster/cluster.js";
import { topology } from "../../src/observe/topology.js";
import { topologyDot, topologyMermaid, topologyText } from "../../src/observe/topology-diagram.js";
import { walkMermaid } from "../../src/observe/walk-mermaid.js";
import { runInBrowser } from "../support/browser.js";
import { describeWith, needs } from "../support/requires.js";
import { ask, deployment, service, shop } from "../scenarios/proxy/shop.js";

const nasty = 'a "quoted"; #name\nof <two> lines';
const policy = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "deny", namespace: "default" },
  spec: { podSelector: { matchLabels: { app: "db" } }, policyTypes: ["Ingress"] },
};
const cluster = shop([deployment({ name: "web", node: "kind-worker" }), service("web"), deployment({ name: "db", node: "kind-worker2" }), service("db"), policy]);
const seen = topology(cluster.stack, (ns) => cluster.placeOf(ns));
const walks = [ask(cluster, { from: "deploy/db", to: "http://web" }), ask(cluster, { from: "deploy/web", to: "http://db" }), ask(cluster, { from: "deploy/web", to: "http://nobody.example" })];
const strange = { ...walks[1]!, to: { ...walks[1]!.to, asked: nasty } };
const named = { ...seen, namespaces: seen.namespaces.map((each, at) => (at === 0 ? { ...each, devices: each.devices.map((device) => ({ ...device, addresses: [nasty] })) } : each)) };
const mermaids = [topologyMermaid(seen), topologyMermaid(named), ...[...walks, strange].map(walkMermaid)];

describeWith("mermaid", [needs.chromium], () => {
  test("reads every diagram", async () => {
    const program = `import mermaid from "mermaid";
      export async function run(texts) {
        return Promise.all(texts.map(async (text) => {
          try { return (await mermaid.parse(text)).diagramType; } catch (error) { return String(error.message ?? error); }
        }));
      }`;
    const kinds = await runInBrowser<string[]>(program, [...mermaids, "sequenceDiagram\n  p0-"]);
    expect(kinds.slice(0, -1)).toEqual(["flowchart-v2", "flowchart-v2", "sequence", "sequence", "sequence", "sequence"]);
    expect(kinds.at(-1)).toMatch(/error/i);
  }, 120_000);
});

describeWith("graphviz", [needs.graphviz], () => {
  test.each([["a cluster", topologyDot(seen)], ["strange names", topologyDot(named)]])("dot draws %s", (_, text) => {
    const drawn = spawnSync("dot", ["-Tsvg"], { input: text, encoding: "utf8", timeout: 60_000 });
    expect([drawn.status, drawn.stderr]).toEqual([0, ""]);
    expect(drawn.stdout).toContain("flannel.1 (vxlan)");
  });
});

describe("a topology", () => {
  test("has every machine and pod, and each cable once", () => {
    expect(seen.namespaces.map(({ id }) => id)).toEqual(expect.arrayContaining(["fabric", "internet", "kind-control-plane", "kind-worker", "kind-worker2"]));
    const cables = seen.links.filter(({ kind }) => kind === "cable");
    expect(cables.map(({ from, to }) => [from.id, to.id].sort().join(" "))).toEqual(["fabric kind-control-plane", "fabric kind-worker", "fabric kind-worker2"]);
    const pod = cluster.objects("Pod").find(({ metadata }) => metadata.labels?.["app"] === "web")!;
    const space = seen.namespaces.find(({ id }) => id === `kind-worker/default/${pod.metadata.name}`)!;
    expect(space.devices.find(({ name }) => name === "eth0")!.addresses).toContain(`${pod.status!.podIP}/24`);
    expect(topologyText(seen)).toMatch(/kind-worker2\n {2}eth0 +uplink, 172\.18\.0\.4\/16, to port3 of fabric\n/);
  });

  test("an empty cluster is one, too", () => {
    const bare = createCluster({ nodes: 1, dns: false });
    expect(topology(bare.stack, (ns) => bare.placeOf(ns)).namespaces.map(({ id }) => id)).toEqual(["fabric", "internet", "kind-control-plane"]);
  });
});

test("a walk's messages go where its packet went", () => {
  const text = walkMermaid(walks[0]!);
  const moves = text.split("\n").filter((line) => / p\d+-+>>p\d+: \d/.test(line));
  const places = [...new Set(walks[0]!.hops.map(({ node, netns }) => `${node}/${netns}`))];
  expect(text.match(/participant/g)!.length).toBeGreaterThanOrEqual(places.length);
  expect(moves.length).toBeGreaterThan(3);
  expect(walkMermaid(walks[1]!)).toContain("NETFILTER_DROP");
});
