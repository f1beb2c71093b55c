// Longest-prefix match, IPv6: the address comes as four words, `size` prefixes are in the table.
import { Lpm6 } from "../../src/base/lpm.js";
import { fold, xorshift32 } from "../chance.js";
import type { FloorWork, Job, Work } from "../job.js";
import { ObjectTrie, prefixes, QUESTIONS, questions } from "../prefixes.js";

function worked(asked: Int32Array, lookup: (at: number) => number): Work {
  let q = 0;
  let last = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) last ^= lookup((q++ & (QUESTIONS - 1)) << 2);
      if (last < 0) throw new Error("a value is negative");
    },
    check() {
      let digest = 0;
      for (let at = 0; at < asked.length; at += 4) digest = fold(digest, lookup(at));
      return digest;
    },
  };
}

function ours(size: number): Work {
  const table = prefixes(size, 4);
  const w = table.words;
  const lpm = new Lpm6();
  table.lengths.forEach((length, row) => lpm.insert(w[4 * row]!, w[4 * row + 1]!, w[4 * row + 2]!, w[4 * row + 3]!, length, row + 1));
  const asked = questions(table, 4);
  return worked(asked, (at) => lpm.lookup(asked, at));
}

function plain(size: number): Work {
  const table = prefixes(size, 4);
  const trie = new ObjectTrie();
  table.lengths.forEach((length, row) => trie.insert(table.words, 4 * row, length, row + 1));
  const asked = questions(table, 4);
  return worked(asked, (at) => trie.lookup(asked, at));
}

/** One load that waits for no other, from a table of 64 MiB. */
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
