/** host-local over any history of attachments: one owner for an address, nothing lost, round robin, and an error only where all are taken. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contains, parseAddress, parseCidr } from "../../../src/base/cidr.js";
import { isCniError } from "../../../src/models/cni/cni-errors.js";
import { hostLocalAdd, hostLocalDel, type IpamCall } from "../../../src/models/cni/host-local.js";
import type { NodeDoor } from "../../../src/models/node-door.js";
import { soloDoor } from "../../../src/models/solo-door.js";
import { makeStack, netns } from "../../linux/world.js";

interface Step {
  readonly verb: "add" | "del";
  readonly id: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(fc.record({ verb: fc.constantFrom("add" as const, "add" as const, "del" as const), id: fc.nat(20) }), { maxLength: 80 });

/** Prefix length 26 to 30: at most 61 addresses. */
const prefixes = fc.integer({ min: 26, max: 30 });

function machine(): NodeDoor {
  const s = makeStack();
  return soloDoor(s, netns(s, "host"), "host");
}

const callOf = (subnets: readonly string[], id: number): IpamCall => ({ network: "net", ipam: { type: "host-local", ranges: subnets.map((subnet) => [{ subnet }]) }, containerId: `c${id}`, ifname: "eth0" });

/** Every address that a pod may get: all but the network's, the gateway's and the broadcast address. */
function usable(subnet: string): string[] {
  const size = 2 ** (32 - Number(subnet.split("/")[1]));
  return Array.from({ length: size - 3 }, (_, i) => `10.1.0.${i + 2}`);
}

describe("one range", () => {
  test("an address has one owner, a free one is found while there is one, and the next one after the last is first", () => {
    fc.assert(
      fc.property(prefixes, steps, (prefix, history) => {
        const subnet = `10.1.0.0/${prefix}`;
        const door = machine();
        const all = usable(subnet);
        const owners = new Map<number, string>();
        let last = -1;
        for (const { verb, id } of history) {
          const call = callOf([subnet], id);
          if (verb === "del") {
            hostLocalDel(door, call);
            owners.delete(id);
            continue;
          }
          const given = hostLocalAdd(door, call);
          const taken = new Set(owners.values());
          if (owners.has(id)) expect(given).toEqual({ code: 999, msg: `failed to allocate for range 0: ${owners.get(id)!} has been allocated to c${id}, duplicate allocation is not allowed` });
          else if (taken.size === all.length) expect(given).toEqual({ code: 999, msg: `failed to allocate for range 0: no IP addresses available in range set: 10.1.0.1-10.1.0.${all.length + 1}` });
          else {
            const turn = Array.from({ length: all.length }, (_, i) => (last + 1 + i) % all.length).find((i) => !taken.has(all[i]!))!;
            expect(given).toEqual([{ address: `${all[turn]!}/${prefix}`, gateway: "10.1.0.1" }]);
            owners.set(id, all[turn]!);
            last = turn;
          }
        }
        // Nothing leaks: with everybody gone the machine remembers no owner, and all addresses can be had.
        for (const id of owners.keys()) hostLocalDel(door, callOf([subnet], id));
        expect([...door.memory.keys()].filter((key) => !key.includes("last_reserved_ip"))).toEqual([]);
        const again = all.map((_, i) => hostLocalAdd(door, callOf([subnet], 100 + i)));
        expect(again.some(isCniError)).toBe(false);
      }),
    );
  });
});

describe("two range sets", () => {
  test("an attachment has an address of each or of none", () => {
    fc.assert(
      fc.property(prefixes, prefixes, steps, (one, two, history) => {
        const subnets = [`10.1.0.0/${one}`, `10.2.0.0/${two}`];
        const door = machine();
        const held = new Map<number, readonly string[]>();
        for (const { verb, id } of history) {
          const call = callOf(subnets, id);
          if (verb === "del") {
            hostLocalDel(door, call);
            held.delete(id);
            continue;
          }
          const given = hostLocalAdd(door, call);
          if (isCniError(given)) {
            const full = subnets.some((subnet) => held.size === usable(subnet).length);
            expect(held.has(id) || full).toBe(true);
            continue;
          }
          expect(given.map(({ address }, i) => contains(parseCidr(subnets[i]!)!, parseAddress(address.split("/")[0]!)!.words))).toEqual([true, true]);
          held.set(id, given.map(({ address }) => address));
        }
        const all = [...held.values()].flat();
        expect(new Set(all).size).toBe(all.length);
        const kept = [...door.memory.keys()].filter((key) => /^host-local\/net\/10\.\d+\.0\.\d+$/.test(key));
        expect(kept).toHaveLength(all.length);
      }),
    );
  });
});
