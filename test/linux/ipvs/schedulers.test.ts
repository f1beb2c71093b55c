import { describe, expect, test } from "vitest";
import { schedule } from "../../../src/linux/ipvs/schedule.js";
import { sipHash13 } from "../../../src/linux/ipvs/siphash.js";
import { hashBucket } from "../../../src/linux/ipvs/buckets.js";
import type { Stack } from "../../../src/linux/stack.js";
import { Shell } from "../../../src/shell/shell.js";
import { makeStack, netns } from "../world.js";

const VIP = "172.30.0.43";

/** A virtual server whose real ones are the letters, added in their order, "A2" with weight 2. */
class Balanced {
  readonly s: Stack = makeStack();
  private readonly shell = new Shell(this.s, netns(this.s, "r"));
  private readonly ns = this.s.nsByName.get("1/r")!;

  constructor(scheduler: string, reals: readonly string[], flags = "") {
    this.run(`-A -t ${VIP}:80 -s ${scheduler} ${flags}`);
    for (const real of reals) this.add(real);
  }

  run(words: string): void {
    const { text } = this.shell.run(`ipvsadm ${words}`);
    if (text !== "") throw new Error(text);
  }

  add(real: string): void {
    this.run(`-a -t ${VIP}:80 -r ${address(real[0]!)}:80 -m -w ${real.slice(1) === "" ? 1 : real.slice(1)}`);
  }

  weigh(real: string): void {
    this.run(`-e -t ${VIP}:80 -r ${address(real[0]!)}:80 -m -w ${real.slice(1)}`);
  }

  remove(letter: string): void {
    this.run(`-d -t ${VIP}:80 -r ${address(letter)}:80`);
  }

  /** Pretends that a real server has so many connections. */
  load(letter: string, active: number, inactive = 0): void {
    const { reals } = this.s.ipvs;
    for (let row = 1; row < reals.top; row++) {
      if (this.s.book.text(reals.c.addr[row]!) !== address(letter)) continue;
      reals.c.active[row] = active;
      reals.c.inactive[row] = inactive;
    }
  }

  /** The server that a client's next connection gets, "-" for none. */
  choose(client = "203.0.113.2", port = 40000, dst = VIP): string {
    const p = this.s.packets.alloc();
    const c = this.s.packets.c;
    c.src[p] = this.s.book.ofText(client);
    c.dst[p] = this.s.book.ofText(dst);
    c.sport[p] = port;
    c.dport[p] = 80;
    const real = schedule(this.s, this.s.ipvs.of(this.ns)[0]!, p);
    this.s.packets.release(p);
    return real === 0 ? "-" : String.fromCharCode(62 + Number(this.s.book.text(this.s.ipvs.reals.c.addr[real]!).split(".")[3]));
  }

  /** Lets seconds pass. */
  wait(seconds: number): void {
    this.s.engine.run(this.s.engine.now + seconds * 1e9);
  }

  sysctl(setting: string): void {
    this.shell.run(`sysctl -w net.ipv4.vs.${setting}`);
  }

  row(count: number): string {
    return Array.from({ length: count }, () => this.choose()).join("");
  }
}

/** A is 10.180.0.3, B 10.180.0.4, ... */
const address = (letter: string): string => `10.180.0.${letter.charCodeAt(0) - 62}`;

describe("rr", () => {
  test("goes round the list, which begins with the server added last", () => {
    expect(new Balanced("rr", ["A", "B"]).row(5)).toBe("BABAB");
    expect(new Balanced("rr", ["A", "B", "C"]).row(7)).toBe("CBACBAC");
  });

  test("passes by what weighs nothing, and gives nothing where nothing weighs", () => {
    expect(new Balanced("rr", ["A", "B0", "C"]).row(4)).toBe("CACA");
    expect(new Balanced("rr", ["A0"]).choose()).toBe("-");
    expect(new Balanced("rr", []).choose()).toBe("-");
  });

  test("goes on from where it was: a new server waits, one that goes hands on to the one before it", () => {
    const b = new Balanced("rr", ["A", "B", "C"]);
    expect(b.row(2)).toBe("CB");
    b.add("D");
    expect(b.row(3)).toBe("ADC");
    b.remove("C");
    expect(b.row(3)).toBe("BAD");
  });
});

describe("wrr", () => {
  test("gives each its weight in a round", () => {
    // ip_vs_wrr_dest_changed keeps the level at which the first server left it, 1: every server has a turn before the rounds begin.
    expect(new Balanced("wrr", ["A1", "B3"]).row(10)).toBe("BABBBABBBA");
    expect(new Balanced("wrr", ["A4", "B2"]).row(8)).toBe("BAABAABA");
    expect(new Balanced("wrr", ["A", "B", "C"]).row(6)).toBe("CBACBA");
    expect(new Balanced("wrr", ["A0", "B0"]).choose()).toBe("-");
  });

  test("begins at the head after any change", () => {
    const b = new Balanced("wrr", ["A", "B", "C"]);
    expect(b.row(1)).toBe("C");
    b.weigh("A1");
    expect(b.row(2)).toBe("CB");
  });
});

test("lc counts 256 for an active connection and 1 for another; the first in the list wins ties", () => {
  const b = new Balanced("lc", ["A", "B"]);
  expect(b.choose()).toBe("B");
  b.load("A", 2, 1);
  b.load("B", 2, 0);
  expect(b.choose()).toBe("B");
  b.load("B", 2, 2);
  expect(b.choose()).toBe("A");
  b.weigh("A0");
  expect(b.choose()).toBe("B");
});

test("wlc and sed weigh the load", () => {
  const b = new Balanced("wlc", ["A3", "B1"]);
  b.load("A", 2);
  b.load("B", 1);
  expect(b.choose()).toBe("A");
  b.load("A", 3);
  expect(b.choose()).toBe("B");
  const sed = new Balanced("sed", ["A", "B"]);
  sed.load("A", 1);
  expect(sed.choose()).toBe("B");
  const heavy = new Balanced("sed", ["A5", "B1"]);
  heavy.load("A", 3);
  expect(heavy.choose()).toBe("A");
});

describe("lblc", () => {
  test("keeps an address with a server until that has more connections than it weighs and another less than half", () => {
    const b = new Balanced("lblc", ["A", "B"]);
    expect(b.choose()).toBe("B");
    b.load("B", 1);
    expect(b.choose()).toBe("B");
    b.load("B", 2);
    expect(b.choose()).toBe("A");
    b.load("A", 2);
    // Both have too many, and nobody has few.
    expect(b.choose()).toBe("A");
    b.load("B", 0);
    expect(b.choose()).toBe("B");
  });

  test("leaves a server that weighs nothing or is gone; without any there is none", () => {
    const b = new Balanced("lblc", ["A", "B", "C"]);
    expect(b.choose()).toBe("C");
    b.weigh("C0");
    expect(b.choose()).toBe("B");
    b.remove("B");
    expect(b.choose()).toBe("A");
    b.add("B");
    expect(b.choose()).toBe("A");
    b.remove("A");
    b.weigh("B0");
    expect(b.choose()).toBe("-");
  });

  test("forgets at the full look of each half hour what was not used for the expiration", () => {
    const b = new Balanced("lblc", ["A", "B"]);
    b.sysctl("lblc_expiration=600");
    expect(b.choose()).toBe("B");
    b.load("B", 1);
    b.wait(1790);
    // Stale for long, and still kept: the look at 1800 s is to come.
    expect(b.choose()).toBe("B");
    b.wait(20);
    expect(b.choose()).toBe("B");
    b.wait(1791);
    // Used at 1810 s, looked at at 3600 s: least loaded is the other one now.
    expect(b.choose()).toBe("A");
  });

  test("lasts a day by itself", () => {
    const b = new Balanced("lblc", ["A", "B"]);
    expect(b.choose()).toBe("B");
    b.load("B", 1);
    b.wait(86_399);
    expect(b.choose()).toBe("B");
    b.wait(86_401 + 1800);
    expect(b.choose()).toBe("A");
  });
});

describe("lblcr", () => {
  test("adds a server when the least loaded one of the address has too many, and drops the busiest after the expiration", () => {
    const b = new Balanced("lblcr", ["A", "B", "C"]);
    b.sysctl("lblcr_expiration=100");
    expect(b.choose()).toBe("C");
    b.load("C", 2);
    expect(b.choose()).toBe("B");
    // Of the two that it has: the least loaded.
    b.load("B", 1);
    b.load("C", 0);
    expect(b.choose()).toBe("C");
    b.load("C", 1, 5);
    b.wait(100);
    expect(b.choose()).toBe("B");
    // The set last changed at 0 s; now its busiest, C, is dropped after B was chosen.
    b.wait(1);
    expect(b.choose()).toBe("B");
    b.load("C", 0);
    expect(b.choose()).toBe("B");
  });

  test("keeps every address apart", () => {
    const b = new Balanced("lblcr", ["A", "B"]);
    expect(b.choose("203.0.113.2", 1, VIP)).toBe("B");
    b.load("B", 1);
    expect(b.choose("203.0.113.2", 1, "172.30.0.44")).toBe("A");
    expect(b.choose("203.0.113.2", 1, VIP)).toBe("B");
  });
});

test("nq gives to who is idle, else as sed", () => {
  const b = new Balanced("nq", ["A1", "B9"]);
  b.load("B", 1);
  expect(b.choose()).toBe("A");
  b.load("A", 1);
  expect(b.choose()).toBe("B");
});

test("fo takes the heaviest, ovf goes on to the next where that has more connections than weight", () => {
  expect(new Balanced("fo", ["A5", "B3", "C5"]).choose()).toBe("C");
  expect(new Balanced("fo", ["A0"]).choose()).toBe("-");
  const b = new Balanced("ovf", ["A2", "B1"]);
  expect(b.choose()).toBe("A");
  b.load("A", 3);
  expect(b.choose()).toBe("B");
  b.load("B", 2);
  expect(b.choose()).toBe("-");
});

describe("hashing", () => {
  test.each([
    ["10.96.0.10", 242], ["10.96.0.11", 84], ["203.0.113.2", 147], ["203.0.113.3", 245], ["10.244.1.5", 115], ["10.244.1.6", 212], ["192.168.0.2", 34],
  ])("%s is in bucket %i of 256", (text, bucket) => {
    const s = makeStack();
    expect(hashBucket(s, s.book.ofText(text), 0)).toBe(bucket);
  });

  test("sh: even buckets are the head's, odd ones the other's; weights take buckets in a row", () => {
    const clients = ["203.0.113.2", "203.0.113.3", "10.244.1.6", "10.244.1.5"];
    const ends = (b: Balanced): string => clients.map((client) => b.choose(client, 41000)).join("");
    expect(ends(new Balanced("sh", ["A", "B"]))).toBe("AABA");
    expect(ends(new Balanced("sh", ["B", "A"]))).toBe("BBAB");
    // B B B A B B B A ...: buckets 147, 245, 212, 115.
    expect(ends(new Balanced("sh", ["A", "B3"]))).toBe("ABBA");
  });

  test("sh: a server that weighs nothing leaves its clients without, unless it may fall back", () => {
    const b = new Balanced("sh", ["A", "B"]);
    b.weigh("A0");
    // A weight of 0 fills one bucket at a time, as 1 does.
    expect(b.choose("203.0.113.2")).toBe("-");
    const falls = new Balanced("sh", ["A", "B"], "-b sh-fallback");
    falls.weigh("A0");
    expect(falls.choose("203.0.113.2")).toBe("B");
  });

  test("dh: every client of an address gets the same server", () => {
    const b = new Balanced("dh", ["A", "B"]);
    expect(new Set(Array.from({ length: 20 }, (_, i) => b.choose(`203.0.113.${i + 1}`))).size).toBe(1);
  });

  test("SipHash-1-3 is that of the kernel's own test (lib/siphash_kunit.c, four bytes 0 1 2 3)", () => {
    expect(sipHash13([0x0706050403020100n, 0x0f0e0d0c0b0a0908n], 0x03020100)).toBe(0x88d38328);
  });

  test("mh shares out its 4093 slots by weight, and a server that goes moves hardly anybody else's", () => {
    const letters = ["A", "B", "C", "D"];
    const b = new Balanced("mh", letters, "-b mh-port");
    const clients = Array.from({ length: 400 }, (_, i) => [`10.1.${i % 7}.${i % 251}`, 1024 + i * 17] as const);
    const before = clients.map(([client, port]) => b.choose(client, port));
    for (const letter of letters) expect(before.filter((end) => end === letter).length).toBeGreaterThan(60);
    const counts = (of: Balanced): number[] => {
      const taken = new Map<number, number>();
      for (const real of [...of.s.ipvs.buckets.values()][0]!) taken.set(real, (taken.get(real) ?? 0) + 1);
      return [...taken.values()];
    };
    for (const count of counts(b)) expect(Math.abs(count - 4093 / 4)).toBeLessThan(1);
    b.remove("B");
    const after = clients.map(([client, port]) => b.choose(client, port));
    const moved = before.filter((end, i) => end !== "B" && end !== after[i]).length;
    expect(moved).toBeLessThan(40);
    expect(after).not.toContain("B");

    const heavy = new Balanced("mh", ["A3", "B1"]);
    heavy.choose();
    const [most, least] = counts(heavy).sort((x, y) => y - x);
    expect(most! / least!).toBeGreaterThan(2.9);
  });
});
