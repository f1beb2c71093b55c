/** Blocks and addresses: no address twice, none lost, the stated words where there is none, and one order for one history. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, parseAddress, parseCidr } from "../../../src/base/cidr.js";
import { CALICO_DEFAULTS, type CalicoOptions } from "../../../src/models/cni/calico/calico-options.js";
import { affineBlocks, assignAddress, blockOf, borrowedBy, type CalicoDatastore, releaseHandle, releaseNode } from "../../../src/models/cni/calico/ipam.js";
import "../../support/chance.js";

const MINUTE = 60_000_000_000;
const small = (more: Partial<CalicoOptions> = {}): CalicoOptions => ({ ...CALICO_DEFAULTS, pool: "10.9.0.0/26", blockSize: 29, ...more });

function give(store: CalicoDatastore, options: CalicoOptions, node: string, handle: string, now = 0): string {
  const given = assignAddress(store, options, node, handle, now);
  return "refused" in given ? `refused: ${given.refused}` : given.address;
}

describe("one node", () => {
  test("takes a block's addresses in order, its first too, and a freed one last", () => {
    const store: CalicoDatastore = new Map();
    const first = Array.from({ length: 7 }, (_, i) => give(store, small(), "n", `h${i}`));
    const block = parseCidr(affineBlocks(store, "n")[0]!)!;
    const last = (address: string): number => parseAddress(address)!.words[0] - block.words[0];
    expect(first.map(last)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    releaseHandle(store, "h2", 0);
    expect([give(store, small(), "n", "a"), give(store, small(), "n", "b")].map(last)).toEqual([7, 2]);
  });

  test("claims another block where its own are full, up to its limit", () => {
    const store: CalicoDatastore = new Map();
    const options = small({ maxBlocksPerHost: 2 });
    const all = Array.from({ length: 17 }, (_, i) => give(store, options, "n", `h${i}`));
    expect(affineBlocks(store, "n")).toHaveLength(2);
    expect(all.at(-1)).toBe("refused: cannot allocate new block due to per host block limit");
  });
});

describe("a pool that is used up", () => {
  const fill = (store: CalicoDatastore, options: CalicoOptions): void => {
    for (let i = 0; i < 60; i++) give(store, options, "a", `a${i}`);
  };

  test("lends single addresses of other nodes' blocks", () => {
    const store: CalicoDatastore = new Map();
    fill(store, small());
    const address = give(store, small(), "b", "b0");
    expect(borrowedBy(store, "b")).toEqual([`${address}/32`]);
    expect(affineBlocks(store, "b")).toEqual([]);
    releaseHandle(store, "b0", 0);
    expect(borrowedBy(store, "b")).toEqual([]);
  });

  test("says so in Calico's words", () => {
    const store: CalicoDatastore = new Map();
    for (let i = 0; i < 64; i++) give(store, small(), "a", `a${i}`);
    expect(give(store, small(), "b", "b0")).toBe("refused: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.9.0.0/26]");
    const strict: CalicoDatastore = new Map();
    fill(strict, small({ strictAffinity: true }));
    expect(give(strict, small({ strictAffinity: true }), "b", "b0")).toBe("refused: Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled");
  });

  test("hands on a block that has been empty for a minute, not sooner", () => {
    const store: CalicoDatastore = new Map();
    fill(store, small({ strictAffinity: true }));
    for (let i = 0; i < 60; i++) releaseHandle(store, `a${i}`, MINUTE);
    expect(give(store, small({ strictAffinity: true }), "b", "b0", 2 * MINUTE - 1)).toContain("No more free affine blocks");
    expect(give(store, small({ strictAffinity: true }), "b", "b0", 2 * MINUTE)).not.toContain("refused");
    expect(affineBlocks(store, "b")).toHaveLength(1);
    expect(affineBlocks(store, "a")).toHaveLength(7);
  });
});

/** What becomes of a pool: nodes ask, give back, and go. */
const history = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ verb: fc.constant("give" as const), node: fc.nat(3) }) },
    { weight: 4, arbitrary: fc.record({ verb: fc.constant("free" as const), which: fc.nat(200) }) },
    { weight: 1, arbitrary: fc.record({ verb: fc.constant("gone" as const), node: fc.nat(3) }) },
  ),
  { maxLength: 120 },
);

interface Held {
  readonly handle: string;
  readonly node: string;
  readonly address: string;
}

function run(steps: readonly (typeof history extends fc.Arbitrary<infer T> ? T : never)[number][], options: CalicoOptions): { readonly store: CalicoDatastore; readonly held: readonly Held[]; readonly log: readonly string[] } {
  const store: CalicoDatastore = new Map();
  const log: string[] = [];
  let held: Held[] = [];
  steps.forEach((step, i) => {
    const now = i * 10_000_000_000;
    if (step.verb === "give") {
      const node = `n${step.node}`;
      const address = give(store, options, node, `h${i}`, now);
      log.push(address);
      if (!address.startsWith("refused")) held.push({ handle: `h${i}`, node, address });
      else if (!options.strictAffinity && options.maxBlocksPerHost > 8) expect(held).toHaveLength(64);
    } else if (step.verb === "free" && held.length > 0) {
      const [one] = held.splice(step.which % held.length, 1);
      releaseHandle(store, one!.handle, now);
    } else if (step.verb === "gone") {
      releaseNode(store, `n${step.node}`, now);
      held = held.filter(({ node }) => node !== `n${step.node}`);
    }
  });
  return { store, held, log };
}

describe("whatever nodes do", () => {
  const options = fc.record({ strictAffinity: fc.boolean(), maxBlocksPerHost: fc.constantFrom(1, 3, 20) }).map(small);

  test("no address is held twice, all lie in blocks of the pool, and none is lost", () => {
    fc.assert(
      fc.property(history, options, (steps, option) => {
        const { store, held } = run(steps, option);
        expect(new Set(held.map(({ address }) => address)).size).toBe(held.length);
        const blocks = [...store.keys()].filter((key) => key.startsWith("block/")).map((key) => key.slice("block/".length));
        const holders = blocks.flatMap((cidr) => Object.values(blockOf(store, cidr)!.owners));
        expect([...holders].sort()).toEqual(held.map(({ handle }) => handle).sort());
        for (const cidr of blocks) {
          const { owners, free, affinity } = blockOf(store, cidr)!;
          expect([...Object.keys(owners).map(Number), ...free].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
          if (affinity !== "") expect(affineBlocks(store, affinity)).toContain(cidr);
        }
        for (const { node, address } of held) {
          const own = affineBlocks(store, node).some((cidr) => contains(parseCidr(cidr)!, parseAddress(address)!.words));
          if (option.strictAffinity) expect(own).toBe(true);
          expect(own || borrowedBy(store, node).includes(`${address}/32`)).toBe(true);
        }
        for (const { handle } of held) releaseHandle(store, handle, 0);
        expect([...store.keys()].filter((key) => /^(handle|borrowed|borrows)\//.test(key))).toEqual([]);
      }),
    );
  });

  test("one history has one outcome", () => {
    fc.assert(
      fc.property(history, options, (steps, option) => {
        expect(run(steps, option)).toEqual(run(steps, option));
      }),
    );
  });
});
