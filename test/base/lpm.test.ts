import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, type Cidr, compareCidr, masked, type Words } from "../../src/base/cidr.js";
import { Lpm4, Lpm6 } from "../../src/base/lpm.js";

/** The plain form: every prefix is looked at. */
class PlainScan {
  private readonly entries: { cidr: Cidr; value: number }[] = [];

  insert(cidr: Cidr, value: number): void {
    this.remove(cidr);
    this.entries.push({ cidr: masked(cidr), value });
  }

  remove(cidr: Cidr): boolean {
    const place = this.entries.findIndex((entry) => compareCidr(entry.cidr, masked(cidr)) === 0);
    if (place >= 0) this.entries.splice(place, 1);
    return place >= 0;
  }

  get(cidr: Cidr): number {
    return this.entries.find((entry) => compareCidr(entry.cidr, masked(cidr)) === 0)?.value ?? 0;
  }

  lookup(words: Words): number {
    let best: { cidr: Cidr; value: number } | undefined;
    for (const entry of this.entries) {
      if (contains(entry.cidr, words) && (best === undefined || entry.cidr.prefix > best.cidr.prefix)) best = entry;
    }
    return best?.value ?? 0;
  }

  get count(): number {
    return this.entries.length;
  }
}

// Few different octets, so that prefixes nest, meet and part at every depth.
const word = fc.oneof(
  fc.tuple(...Array.from({ length: 4 }, () => fc.constantFrom(0, 1, 10, 127, 128, 255))).map(([a, b, c, d]) => (a! << 24) | (b! << 16) | (c! << 8) | d!),
  fc.integer(),
);
const cidr4: fc.Arbitrary<Cidr> = fc
  .tuple(word, fc.oneof(fc.integer({ min: 0, max: 32 }), fc.constantFrom(0, 8, 16, 24, 32)))
  .map(([w, prefix]) => ({ family: 4, words: [w, 0, 0, 0], prefix }));
const words6: fc.Arbitrary<Words> = fc.oneof(
  fc.tuple(fc.constantFrom(0, 0x20010db8, -1), fc.constantFrom(0, 1, -1), fc.constantFrom(0, 0x80000000 | 0, 5), fc.constantFrom(0, 1, 2, 3, -1)),
  fc.tuple(word, word, word, word),
);
const cidr6: fc.Arbitrary<Cidr> = fc
  .tuple(words6, fc.oneof(fc.integer({ min: 0, max: 128 }), fc.constantFrom(0, 31, 32, 33, 48, 64, 96, 127, 128)))
  .map(([words, prefix]) => ({ family: 6, words, prefix }));

interface Step {
  readonly op: "insert" | "insert" | "remove" | "again";
  readonly cidr: Cidr;
  readonly probe: Words;
}

function steps(cidr: fc.Arbitrary<Cidr>, probe: fc.Arbitrary<Words>, most: number): fc.Arbitrary<Step[]> {
  const op = fc.constantFrom("insert", "insert", "insert", "remove", "again");
  return fc.array(fc.record({ op, cidr, probe }) as fc.Arbitrary<Step>, { maxLength: most, size: "max" });
}

interface Matcher {
  readonly count: number;
  insert(cidr: Cidr, value: number): void;
  remove(cidr: Cidr): boolean;
  get(cidr: Cidr): number;
  lookup(words: Words): number;
}

function of4(lpm: Lpm4): Matcher {
  return {
    get count() {
      return lpm.count;
    },
    insert: ({ words, prefix }, value) => lpm.insert(words[0], prefix, value),
    remove: ({ words, prefix }) => lpm.remove(words[0], prefix),
    get: ({ words, prefix }) => lpm.get(words[0], prefix),
    lookup: (words) => lpm.lookup(words[0]),
  };
}

function of6(lpm: Lpm6): Matcher {
  const at = new Int32Array(7);
  return {
    get count() {
      return lpm.count;
    },
    insert: ({ words, prefix }, value) => lpm.insert(...words, prefix, value),
    remove: ({ words, prefix }) => lpm.remove(...words, prefix),
    get: ({ words, prefix }) => lpm.get(...words, prefix),
    lookup: (words) => {
      at.set(words, 3);
      return lpm.lookup(at, 3);
    },
  };
}

function agree(matcher: Matcher, run: readonly Step[]): void {
  const plain = new PlainScan();
  const known: Cidr[] = [];
  run.forEach(({ op, cidr, probe }, i) => {
    // "again" takes out, or puts back, a prefix that was seen before.
    const target = op === "again" && known.length > 0 ? known[i % known.length]! : cidr;
    if (op === "remove" || (op === "again" && i % 3 !== 0)) {
      expect(matcher.remove(target)).toBe(plain.remove(target));
    } else {
      plain.insert(target, i + 1);
      matcher.insert(target, i + 1);
      known.push(target);
    }
    expect(matcher.count).toBe(plain.count);
    expect(matcher.get(cidr)).toBe(plain.get(cidr));
    for (const words of [probe, target.words]) expect(matcher.lookup(words)).toBe(plain.lookup(words));
  });
  for (const { words } of known) expect(matcher.lookup(words)).toBe(plain.lookup(words));
}

describe("Lpm4", () => {
  test("answers as a scan of all prefixes does, through inserts and removes", () => {
    const probe = word.map((w): Words => [w, 0, 0, 0]);
    fc.assert(
      fc.property(steps(cidr4, probe, 150), (run) => agree(of4(new Lpm4()), run)),
      { numRuns: 150 },
    );
  });

  test("answers alike in its widest shape and back in its narrowest", () => {
    const lpm = new Lpm4();
    for (let i = 0; i < 9000; i++) lpm.insert((10 << 24) | (i << 8), 24, i + 1);
    lpm.insert(0, 0, 50_000);
    lpm.insert((10 << 24) | (7 << 8) | 128, 25, 60_000);
    expect(lpm.lookup((10 << 24) | (7 << 8) | 127)).toBe(8);
    expect(lpm.lookup((10 << 24) | (7 << 8) | 129)).toBe(60_000);
    expect(lpm.lookup((11 << 24) | 1)).toBe(50_000);
    for (let i = 0; i < 9000; i++) if (i !== 7) expect(lpm.remove((10 << 24) | (i << 8), 24)).toBe(true);
    expect(lpm.count).toBe(3);
    expect(lpm.lookup((10 << 24) | (7 << 8) | 127)).toBe(8);
    expect(lpm.lookup((10 << 24) | (8 << 8) | 127)).toBe(50_000);
  });

  test("a namespace's few routes take a few hundred bytes", () => {
    const lpm = new Lpm4();
    for (let i = 0; i < 8; i++) lpm.insert(i << 24, 8, 1);
    expect(lpm.bytes).toBeLessThan(200);
  });
});

describe("Lpm6", () => {
  test("answers as a scan of all prefixes does, through inserts and removes", () => {
    fc.assert(
      fc.property(steps(cidr6, words6, 200), (run) => agree(of6(new Lpm6()), run)),
      { numRuns: 200 },
    );
  });

  test("a hundred thousand prefixes take less than 100 bytes each", () => {
    const lpm = new Lpm6();
    for (let i = 0; i < 100_000; i++) lpm.insert(0x20010000 | (Math.imul(i, 40503) & 0xffff), Math.imul(i, 0x9e3779b1), 0, 0, i % 2 === 0 ? 48 : 64, i + 1);
    expect(lpm.bytes / lpm.count).toBeLessThan(100);
  });
});
