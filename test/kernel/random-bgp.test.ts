/**
 * Random networks of routing daemons, ours and bird 2's. A lab whose real runs differ from each other is set aside. PODWIRE_PROVE=1
 * runs a hundred from a seed that moves; PODWIRE_BGP_SEED sets it.
 */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, needs, type Requirement } from "../support/requires.js";
import { anyOrder, bgpLab, bgpLabText } from "./random/bgp-lab.js";
import { compareLab, differences, type Outcome } from "./random/compare.js";

const PROVE = process.env["PODWIRE_PROVE"] === "1";
const asked = process.env["PODWIRE_BGP_SEED"] ?? (PROVE ? "moving" : "20261120");
const seed = asked === "moving" ? Date.now() & 0x3fffffff : Number(asked);
const LABS = PROVE ? 100 : 6;
/** No lab is begun after this. */
const BUDGET_MS = PROVE ? 60 * 60_000 : 40_000;
/** Labs under way at once; they mostly sleep. */
const LANES = 3;
/** Above this share of labs set aside the generator would be wrong. */
const ASIDE = 0.25;

const bird: Requirement = {
  name: "bird",
  installable: true,
  missing: () => (spawnSync("bird", ["--version"], { stdio: "ignore" }).status === 0 ? null : "bird 2 is not installed"),
};

describeWith("random networks of routing daemons", [needs.shared, needs.netfilter, bird], () => {
  test(`seed ${seed}: no difference in any table`, { timeout: BUDGET_MS + 120_000 }, async () => {
    const texts = fc.sample(bgpLab, { seed, numRuns: LABS }).map(bgpLabText);
    const until = Date.now() + BUDGET_MS;
    const tried: Outcome[] = [];
    const found: string[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < texts.length && Date.now() < until) {
        const index = next++;
        const outcome = await compareLab(texts[index]!, anyOrder);
        tried.push(outcome);
        if (outcome.kind === "different") found.push(`lab ${index}:\n${texts[index]}\n${differences(outcome.real, outcome.ours)}`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const aside = tried.filter((one) => one.kind === "aside").length;
    const said = `seed ${seed}: ${tried.length} labs, ${aside} set aside, ${found.length} differing`;
    process.stdout.write(`random BGP, ${said}\n`);
    if (found.length > 0) expect.fail(`${said}; the first:\n${found[0]}`);
    expect(tried.length).toBeGreaterThan(0);
    expect(aside, said).toBeLessThanOrEqual(Math.max(2, tried.length * ASIDE));
  });
});
