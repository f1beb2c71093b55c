/**
 * Random labs on both kernels. A lab whose real runs differ from each other is set aside and counted. PODWIRE_PROVE=1 runs a
 * thousand from a seed that moves from run to run and is printed; PODWIRE_LAB_SEED sets it, or says `moving`. Every day's seed
 * moves from commit to commit.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { describeWith, needs } from "../support/requires.js";
import { commitSeed } from "./random/commit-seed.js";
import { compareLab, differences, type Outcome } from "./random/compare.js";
import { labText, type RandomLab, randomLab } from "./random/lab.js";

const PROVE = process.env["PODWIRE_PROVE"] === "1";
const asked = process.env["PODWIRE_LAB_SEED"] ?? (PROVE ? "moving" : "");
/** 30 bits: what fast-check takes as a seed whatever the clock says. */
const seed = asked === "moving" ? Date.now() & 0x3fffffff : asked === "" ? commitSeed() : Number(asked);
const LABS = PROVE ? 1000 : 20;
/** No lab is begun after this, and nothing is made smaller. */
const BUDGET_MS = PROVE ? 90 * 60_000 : 70_000;
const SHRINK_MS = PROVE ? 20 * 60_000 : 120_000;
/** Labs under way at once; each is two real runs, which mostly wait. */
const LANES = PROVE ? 6 : 2;
/** Above this share of labs set aside the generator would be wrong. */
const ASIDE = 0.2;

interface Tried {
  readonly index: number;
  readonly outcome: Outcome;
}

async function runAll(labs: readonly RandomLab[], until: number): Promise<Tried[]> {
  const tried: Tried[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < labs.length && Date.now() < until && !tried.some((one) => one.outcome.kind === "different" && !PROVE)) {
      const index = next++;
      const outcome = await compareLab(labText(labs[index]!));
      tried.push({ index, outcome });
      if (PROVE && outcome.kind === "different") process.stdout.write(`seed ${seed}, lab ${index} differs:\n${differences(outcome.real, outcome.ours)}\n`);
      else if (PROVE && tried.length % 50 === 0) process.stdout.write(`${tried.length} labs\n`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return tried;
}

/** The smallest lab that shrinking `index` of the sequence finds to differ still, and how; "" if that lab itself differs no more. */
async function smallest(index: number, until: number): Promise<string> {
  let found = "";
  const differs = fc.asyncProperty(randomLab, async (lab) => {
    const text = labText(lab);
    const outcome = await compareLab(text);
    if (outcome.kind !== "different") return;
    found = `${text}\n${differences(outcome.real, outcome.ours)}`;
    throw new Error("differs");
  });
  await fc.check(differs, { seed, path: String(index), numRuns: 1, interruptAfterTimeLimit: Math.max(1, until - Date.now()) });
  return found;
}

describeWith("random labs on this machine's kernel", [needs.shared, needs.netfilter], () => {
  test(`seed ${seed}: no difference in output, frames, traces and counters`, { timeout: BUDGET_MS + SHRINK_MS + 120_000 }, async () => {
    const labs = fc.sample(randomLab, { seed, numRuns: LABS });
    const tried = await runAll(labs, Date.now() + BUDGET_MS);
    if (PROVE) {
      const count = (kind: Outcome["kind"]): number => tried.filter((one) => one.outcome.kind === kind).length;
      process.stdout.write(`${tried.length} labs, ${count("aside")} set aside, ${count("different")} to be looked at again\n`);
    }
    const until = Date.now() + SHRINK_MS;
    const different: number[] = [];
    let aside = tried.filter((one) => one.outcome.kind === "aside").length;
    let text = "";
    for (const { index, outcome } of tried) {
      if (outcome.kind !== "different") continue;
      // Until one has been made smaller; a lab that differs no more when it is looked at again is one of two minds.
      const found = text === "" ? await smallest(index, until) : text;
      if (found === "") aside++;
      else different.push(index);
      text = found;
    }
    const said = `seed ${seed}: ${tried.length} labs, ${aside} set aside, ${different.length} differing`;
    process.stdout.write(`random labs, ${said}\n`);
    if (different.length > 0) expect.fail(`${said} (${different.join(", ")}); the smallest found from the first:\n${text}`);
    expect(tried.length).toBeGreaterThan(0);
    // Few labs say little of a share: two of seven may be chance.
    expect(aside, said).toBeLessThanOrEqual(Math.max(4, tried.length * ASIDE));
  });
});
