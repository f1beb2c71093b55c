/**
 * Felix's chains in the real iptables: every restore of a history is taken by both flavours, and what they print in the end, with
 * the sets, is what ours prints.
 */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { saveSet } from "../../../src/linux/nf/ipset.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import type { Act } from "../../../src/linux/plumbing/act.js";
import type { GlobalNetworkPolicy } from "../../../src/api/calico-api.js";
import type { CalicoObject, EnforceView } from "../../../src/models/enforce/enforce-model.js";
import type { PodInput, PolicyInput } from "../../../src/policy/input.js";
import { plainCluster } from "../../policy/arbitraries.js";
import "../../support/chance.js";
import { describeWith, needs, type Requirement } from "../../support/requires.js";
import { CalicoNodes, PLACES } from "./calico-nodes.js";

const ipset: Requirement = {
  name: "ipset",
  installable: true,
  missing: () => (spawnSync("unshare", ["-n", "ipset", "list"], { stdio: "ignore" }).status === 0 ? null : "ipset is not installed, or this kernel has none"),
};

/** One restore document as text. */
function restoreText({ doc }: Act & { readonly verb: "iptables-restore" }): string {
  return doc.tables
    .flatMap(({ name, chains, rules, deletes = [] }) => [
      `*${name}`,
      ...chains.map((chain) => `:${chain.name} ${chain.policy} [0:0]`),
      ...rules.map(({ chain, op = "A", at, spec }) => `-${op} ${chain}${at === undefined ? "" : ` ${at}`}${spec === "" ? "" : ` ${spec}`}`),
      ...deletes.map((chain) => `-X ${chain}`),
      "COMMIT",
    ])
    .join("\n");
}

function typed(act: Act, flavour: string): string {
  if (act.verb === "iptables-restore") return `iptables-${flavour}-restore --noflush <<'EOF'\n${restoreText(act)}\nEOF`;
  if (act.verb !== "ipset") throw new Error(`not an act of Felix: ${act.verb}`);
  const words = [act.op, act.name, act.type, act.entry, act.to].filter((word) => word !== undefined);
  if (act.op === "create") words.push("family", "inet");
  return ["ipset", ...words, ...(act.options ?? []), ...(act.exist === true ? ["-exist"] : [])].join(" ");
}

/** What does not depend on the moment or on the order of a hash table. */
function settled(text: string): readonly string[] {
  const lines = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/ bucketsize \d+ initval \w+/, "").replace(/\[\d+:\d+\]/, "[0:0]").replace(/hashsize \d+/, "hashsize N"));
  const sorted = (begin: RegExp): string[] => lines.filter((line) => begin.test(line)).sort();
  const rules = lines.filter((line) => line.startsWith("-A ")).map((line, i) => ({ line, i, chain: line.split(" ")[1]! }));
  rules.sort((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.i - b.i));
  return [...sorted(/^(create|add) /), ...sorted(/^:cali/), ...rules.map(({ line }) => line)];
}

const TABLES = ["raw", "mangle", "nat", "filter"] as const;

/** Syncs one moment after the other, lets the real tools do what that did, and compares what both kernels hold. */
function compare(world: CalicoNodes, moments: readonly EnforceView[], flavour: "legacy" | "nft"): void {
  for (const moment of moments) world.sync(moment);
  const mine = world.acts.filter(({ node, act }) => node === "n1" && (act.verb === "iptables-restore" || act.verb === "ipset"));
  const script = ["set -e", ...mine.map(({ act }) => typed(act, flavour)), ...TABLES.flatMap((table) => [`echo table ${table}`, `iptables-${flavour}-save -t ${table}`]), "echo table sets", "ipset save"].join("\n");
  const ran = spawnSync("unshare", ["-n", "sh"], { input: script, encoding: "utf8", timeout: 60_000 });
  expect(ran.stderr).toBe("");
  expect(ran.status).toBe(0);
  const [, ...printed] = ran.stdout.split(/^table \w+$/m);
  const { s } = world;
  const ns = world.roots.get("n1")!;
  expect(settled(printed[3]!).length).toBeGreaterThan(30);
  TABLES.forEach((table, i) => expect(settled(printed[i]!)).toEqual(settled(saveTables(s, ns, 4, { table, flavour }))));
  expect(settled(printed[4]!)).toEqual(settled(s.sets.of(ns).flatMap((id) => saveSet(s, ns, s.sets.names.name(id))).join("\n")));
}

describeWith("the real kernel", [needs.netfilter, ipset], () => {
  test.each(["legacy", "nft"] as const)("takes Felix's history by iptables-%s, and prints in the end what ours prints", { timeout: 120_000 }, (flavour) => {
    fc.assert(
      fc.property(fc.tuple(plainCluster, plainCluster), (both) => {
        const world = new CalicoNodes("VXLAN");
        const given = new Map<string, string>();
        const place = (pod: PodInput): PodInput => {
          const id = `${pod.namespace}/${pod.name}`;
          if (!pod.hostNetwork && !given.has(id)) given.set(id, `10.0.0.${given.size + 1}`);
          return { ...pod, node: "n1", ips: pod.hostNetwork ? [] : [given.get(id)!] };
        };
        const nodes = PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null }));
        const moments = both.map((input): PolicyInput => ({ ...input, nodes, pods: input.pods.map(place) }));
        compare(world, moments, flavour);
      }),
      { numRuns: 6 },
    );
  });

  test.each(["legacy", "nft"] as const)("takes host endpoints in every table by iptables-%s", { timeout: 60_000 }, (flavour) => {
    const world = new CalicoNodes("VXLAN");
    const nodes = PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null }));
    const policy = (name: string, spec: GlobalNetworkPolicy["spec"]): GlobalNetworkPolicy => ({ apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy", metadata: { name }, spec: { selector: "all()", applyOnForward: true, ...spec } });
    const rules = [{ action: "Log" }, { action: "Allow", protocol: "TCP", source: { nets: ["10.0.0.0/8", "192.168.0.0/16"], selector: "has(role)" }, destination: { ports: ["22:25", 80, "web"] } }, { action: "Deny" }];
    const calico: readonly CalicoObject[] = [
      { apiVersion: "projectcalico.org/v3", kind: "HostEndpoint", metadata: { name: "one", labels: { role: "edge" } }, spec: { node: "n1", interfaceName: "eth0", expectedIPs: ["192.168.0.1"], profiles: ["projectcalico-default-allow"], ports: [{ name: "web", protocol: "TCP", port: 8080 }] } },
      { apiVersion: "projectcalico.org/v3", kind: "HostEndpoint", metadata: { name: "rest" }, spec: { node: "n1", interfaceName: "*" } },
      policy("normal", { types: ["Ingress", "Egress"], ingress: rules, egress: rules }),
      policy("early", { preDNAT: true, types: ["Ingress"], ingress: rules }),
      policy("untracked", { doNotTrack: true, types: ["Ingress", "Egress"], ingress: rules, egress: rules }),
    ];
    const view: EnforceView = { pods: [], namespaces: [], nodes, policies: [] };
    compare(world, [view, { ...view, calico: calico.map((object) => ({ object, source: null })) }], flavour);
    compare(new CalicoNodes("VXLAN"), [{ ...view, calico: calico.map((object) => ({ object, source: null })) }, view], flavour);
  });
});
