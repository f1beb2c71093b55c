/**
 * Random Services and endpoints, their rules loaded by the real tools into the real kernel and by simulated ones into ours: what the
 * tool prints of them is the same, and so is where connections end. Few each day, five hundred with PODWIRE_PROVE=1.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, needs } from "../support/requires.js";
import { compareLab, differences } from "./random/compare.js";
import { proxyLabOf, proxyLabText, type ProxyTool } from "./random/proxy-lab.js";

const PROVE = process.env["PODWIRE_PROVE"] === "1";
const TOOLS: readonly ProxyTool[] = ["legacy", "nft-restore", "nft"];
const LABS = PROVE ? Math.ceil(500 / TOOLS.length) : 5;
/** No lab is begun after this. */
const BUDGET_MS = PROVE ? 60 * 60_000 : 45_000;
/** Above this share of labs whose real runs differ from each other the generator would be wrong. */
const ASIDE = 0.2;

/** The port that a client was given is the kernel's choice. */
const plain = (output: string): string => output.replace(/^(ok \S+ \S+):\d+$/gm, "$1");

describeWith("kube-proxy's rules on this machine's kernel", [needs.shared, needs.netfilter], () => {
  test.each(TOOLS)("%s: the same rules, the same ends", { timeout: BUDGET_MS + 240_000 }, async (tool) => {
    const labs = fc.sample(proxyLabOf(tool), { numRuns: LABS, seed: fc.readConfigureGlobal()?.seed ?? Date.now() & 0x3fffffff });
    const until = Date.now() + BUDGET_MS;
    let tried = 0;
    let aside = 0;
    const different: string[] = [];
    for (const lab of labs) {
      if (Date.now() > until) break;
      tried++;
      const text = proxyLabText(lab);
      const outcome = await compareLab(text, plain);
      if (outcome.kind === "aside") aside++;
      if (outcome.kind === "different") different.push(`${text}\n${differences(outcome.real, outcome.ours)}`);
    }
    process.stdout.write(`random proxy labs, ${tool}: ${tried} labs, ${aside} set aside, ${different.length} differing\n`);
    expect(different[0] ?? "").toBe("");
    expect(tried).toBeGreaterThan(0);
    expect(aside).toBeLessThanOrEqual(Math.max(2, tried * ASIDE));
  });
});
