import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Act } from "../../../src/linux/plumbing/act.js";
import { chainsInOrder, saveTables } from "../../../src/linux/nf/save.js";
import { saveSet } from "../../../src/linux/nf/ipset.js";
import { policyChains } from "../../../src/models/enforce/policy-chains.js";
import type { PodInput, PolicyInput } from "../../../src/policy/input.js";
import { plainCluster } from "../../policy/arbitraries.js";
import { describeWith, needs, type Requirement } from "../../support/requires.js";
import { NODES, TwoNodes } from "./two-nodes.js";

const ipset: Requirement = {
  name: "ipset",
  installable: true,
  missing: () => (spawnSync("unshare", ["-n", "ipset", "list"], { stdio: "ignore" }).status === 0 ? null : "ipset is not installed, or this kernel has none"),
};

type Flavour = "legacy" | "nft";
const toolOf = (family: 4 | 6, flavour: Flavour): string => `${family === 4 ? "iptables" : "ip6tables"}-${flavour}`;

/** A cluster that has come to its present state over another one, all pods on the first node, in both families. */
const history = fc.tuple(plainCluster, plainCluster).map((both) => both.map((input): PolicyInput => ({ ...input, pods: input.pods.map(placed) })));

function placed(pod: PodInput, i: number): PodInput {
  return { ...pod, node: "n1", ips: pod.hostNetwork ? [] : [`10.0.0.${i + 1}`, `fd00::${i + 1}`] };
}

/** The acts as a person would type them, for the real tools. */
function typed(act: Act, flavour: Flavour): string {
  if (act.verb === "ipset") {
    const words = [act.op, act.name, act.type, act.entry, act.to].filter((word) => word !== undefined);
    if (act.op === "create") words.push("family", act.family === 6 ? "inet6" : "inet");
    return ["ipset", ...words, ...(act.options ?? []), ...(act.exist === true ? ["-exist"] : [])].join(" ");
  }
  if (act.verb === "iptables-restore") {
    const lines = act.doc.tables.flatMap(({ name, chains, rules, deletes = [] }) => [
      `*${name}`,
      ...chains.map((chain) => `:${chain.name} ${chain.policy} [0:0]`),
      ...rules.map((rule) => `-A ${rule.chain} ${rule.spec}`),
      ...deletes.map((chain) => `-X ${chain}`),
      "COMMIT",
    ]);
    return `${toolOf(act.family, flavour)}-restore --noflush <<'EOF'\n${lines.join("\n")}\nEOF`;
  }
  if (act.verb !== "iptables") throw new Error(`not an act of a policy dataplane: ${act.verb}`);
  const op = act.op === "insert" ? `-I ${act.chain} ${act.spec}` : `-D ${act.chain} ${act.at}`;
  return `${toolOf(act.family, flavour)} ${op}`;
}

/** What does not depend on the moment or on the order of a hash table. */
function settled(text: string): readonly string[] {
  const lines = text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/ bucketsize \d+ initval \w+/, "").replace(/\[\d+:\d+\]/, "[0:0]").replace(/hashsize \d+/, "hashsize N"));
  const sets = lines.filter((line) => /^(create|add) /.test(line)).sort();
  const chains = lines.filter((line) => line.startsWith(":")).sort();
  const rules = lines.filter((line) => line.startsWith("-A ")).map((line, i) => ({ line, i, chain: line.split(" ")[1]! }));
  rules.sort((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.i - b.i));
  return [...sets, ...chains, ...rules.map(({ line }) => line)];
}

describeWith("the real kernel", [needs.netfilter, ipset], () => {
  test.each(["legacy", "nft"] as const)("takes every act of a history by iptables-%s, and holds in the end what ours holds", (flavour) => {
    fc.assert(
      fc.property(history, (moments) => {
        const world = new TwoNodes(policyChains());
        const door = world.door("n1");
        world.model.nodeUp(door);
        for (const input of moments) world.sync({ ...input, nodes: NODES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null })) });
        const mine = world.acts.filter((act) => "ns" in act && act.ns === door.ns);
        const script = ["set -e", ...mine.map((act) => typed(act, flavour)), ...([4, 6] as const).flatMap((f) => [`echo family ${f}`, `${toolOf(f, flavour)}-save -t filter`]), "echo sets", "ipset save"].join("\n");
        const run = spawnSync("unshare", ["-n", "sh"], { input: script, encoding: "utf8", timeout: 60_000 });
        expect(run.stderr).toBe("");
        expect(run.status).toBe(0);
        const { s } = world;
        const [, four, six, sets] = run.stdout.split(/^(?:family \d|sets)$/m) as [string, string, string, string];
        expect(settled(four)).toEqual(settled(saveTables(s, door.ns, 4, { table: "filter" })));
        // A family that nobody speaks has no table here, and an empty one there.
        if (s.nf.get(door.ns, 6, 3) !== undefined) expect(settled(six)).toEqual(settled(saveTables(s, door.ns, 6, { table: "filter" })));
        expect(settled(sets)).toEqual(settled(s.sets.of(door.ns).flatMap((id) => saveSet(s, door.ns, s.sets.names.name(id))).join("\n")));
        expect(chainsInOrder(s.nf.get(door.ns, 4, 3)!).every(({ name }) => name.length <= 28)).toBe(true);
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});
