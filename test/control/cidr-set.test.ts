import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { overlaps, parseCidr } from "../../src/base/cidr.js";
import { CidrSet, clusterCidrFault } from "../../src/control/cidr-set.js";

// Expected values: kubernetes pkg/controller/nodeipam/ipam/cidrset, as facts/cni.md section 3 tells it.

const set = (cluster: string, mask: number): CidrSet => CidrSet.of(cluster, mask)!;

describe("node CIDRs", () => {
  test("the first node gets the first part, the next the next", () => {
    const cidrs = set("10.244.0.0/16", 24);
    expect([cidrs.allocate(), cidrs.allocate(), cidrs.allocate()]).toEqual(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
  });

  test("a freed part is handed out only after the pointer has come round", () => {
    const cidrs = set("10.0.0.0/22", 24);
    expect(cidrs.allocate()).toBe("10.0.0.0/24");
    expect(cidrs.allocate()).toBe("10.0.1.0/24");
    cidrs.release("10.0.0.0/24");
    expect([cidrs.allocate(), cidrs.allocate(), cidrs.allocate(), cidrs.allocate()]).toEqual([
      "10.0.2.0/24",
      "10.0.3.0/24",
      "10.0.0.0/24",
      null,
    ]);
  });

  test("a CIDR on a node, a larger one and the Services' own are left out, and the pointer stays", () => {
    const cidrs = set("10.0.0.0/21", 24);
    expect(cidrs.occupy("10.0.0.0/24")).toBe(true);
    expect(cidrs.occupy("10.0.2.0/23")).toBe(true);
    expect(cidrs.occupy("192.168.0.0/24")).toBe(false);
    expect([cidrs.allocate(), cidrs.allocate()]).toEqual(["10.0.1.0/24", "10.0.4.0/24"]);
    const covered = set("10.0.0.0/24", 26);
    expect(covered.occupy("10.0.0.0/8")).toBe(true);
    expect(covered.allocate()).toBeNull();
  });

  test("IPv6 parts are /64 of a cluster CIDR that is at most 16 bits shorter", () => {
    expect(set("fd00:10:244::/56", 64).allocate()).toBe("fd00:10:244::/64");
    expect(CidrSet.of("fd00::/40", 64)).toBeNull();
    expect(CidrSet.of("10.244.0.0/16", 8)).toBeNull();
    expect(clusterCidrFault("fd00::/40", 64)).toBe("New CIDR set failed; the node CIDR size is too big");
    expect(clusterCidrFault("10.244.0.0/26", 24)).toMatch(/^Controller: Invalid --cluster-cidr, mask size/);
    expect(clusterCidrFault("10.244.0.0/24", 24)).toBeNull();
  });

  test("no two parts overlap, exhaustion is exact, what is released comes back", () => {
    const step = fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 2, arbitrary: fc.nat(40) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), fc.array(step, { maxLength: 120 }), (bits, steps) => {
        const cidrs = set(`10.8.0.0/${24 - bits}`, 24);
        const held: string[] = [];
        let copy = cidrs.save();
        for (const each of steps) {
          if (each < 0) {
            const cidr = cidrs.allocate();
            expect(cidr === null).toBe(held.length === 2 ** bits);
            if (cidr === null) continue;
            expect(held.some((other) => overlaps(parseCidr(other)!, parseCidr(cidr)!))).toBe(false);
            held.push(cidr);
          } else if (held.length > 0) {
            expect(cidrs.release(held.splice(each % held.length, 1)[0]!)).toBe(true);
          }
          copy = cidrs.save();
          cidrs.restore(structuredClone(copy));
        }
        for (let left = 2 ** bits - held.length; left > 0; left--) expect(cidrs.allocate()).not.toBeNull();
        expect(cidrs.allocate()).toBeNull();
      }),
    );
  });
});
