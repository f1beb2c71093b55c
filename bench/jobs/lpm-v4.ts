// Longest-prefix match, IPv4: the address comes as a number, `size` prefixes are in the table.
import { Lpm4 } from "../../src/base/lpm.js";
import { fold, xorshift32 } from "../chance.js";
import type { FloorWork, Job, Work } from "../job.js";
import { ObjectTrie, prefixes, QUESTIONS, questions } from "../prefixes.js";

function ours(size: number): Work {
  const table = prefixes(size, 1);
  const lpm = new Lpm4();
  table.lengths.forEach((length, row) => lpm.insert(table.words[row]!, length, row + 1));
  const asked = questions(table, 1);
  let q = 0;
  let last = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) last ^= lpm.lookup(asked[q++ & (QUESTIONS - 1)]!);
      if (last < 0) throw new Error("a value is negative");
    },
    check: () => asked.reduce((digest, word) => fold(digest, lpm.lookup(word)), 0),
  };
}

function plain(size: number): Work {
  const table = prefixes(size, 1);
  const trie = new ObjectTrie();
  table.lengths.forEach((length, row) => trie.insert(table.words, row, length, row + 1));
  const asked = questions(table, 1);
  let q = 0;
  let last = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) last ^= trie.lookup(asked, q++ & (QUESTIONS - 1));
      if (last < 0) throw new Error("a value is negative");
    },
    check: () => asked.reduce((digest, _, at) => fold(digest, trie.lookup(asked, at)), 0),
  };
}

/** One load that waits for no other, from a table of 64 MiB: one entry for each /24. */
function load(): FloorWork {
  const draw = xorshift32(5);
  const table = new Int32Array(1 << 24).map((_, at) => at);
  const asked = Int32Array.from({ length: QUESTIONS }, () => draw() | 0);
  let q = 0;
  let last = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) last ^= table[asked[q++ & (QUESTIONS - 1)]! >>> 8]!;
      if (last < 0) throw new Error("a value is negative");
    },
  };
}

export const job: Job = {
  sizes: [1000, 10_000, 1_000_000],
  quickSizes: [1000, 10_000],
  contenders: { ours, plain, floor: { name: "one load of 64 MiB", make: load } },
};
