import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { carryOut, decisive, Lab, readRecorded } from "./lab.js";

// What the real kernel (Linux 6.18) printed to these commands, run by runlab.py; its own group entries are left out.
const transcript = (name: string): string => readFileSync(new URL(`./recorded/${name}.txt`, import.meta.url), "utf8");

describe.each(["bridge", "vxlan", "arp"])("%s, as the real kernel does it", (name) => {
  const lab = new Lab();
  test.each(readRecorded(transcript(name)).map((r, i) => [i, r.command, r] as const))("%i %s", (_i, command, recorded) => {
    const said = carryOut(lab, command);
    if (said !== null) expect(said).toEqual(decisive(recorded));
    else expect(recorded.said).toEqual([]);
  });

  test("every packet has come to an end", () => {
    lab.run(60e9);
    expect(lab.stack.packets.count).toBe(0);
  });
});
