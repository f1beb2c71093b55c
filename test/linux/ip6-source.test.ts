import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deviceByName } from "../../src/linux/device.js";
import { selectSource6 } from "../../src/linux/ip6-source.js";
import type { Stack } from "../../src/linux/stack.js";
import { act, makeStack, netns } from "./world.js";

/** A host with one device for each list of addresses: eth0, eth1, ... */
function host(...devices: readonly (readonly string[])[]): { readonly s: Stack; readonly ns: number } {
  const s = makeStack();
  const ns = netns(s, "host");
  const wire = netns(s, "wire");
  devices.forEach((addresses, i) => {
    const name = `eth${i}`;
    act(s, { verb: "link-add", ns, name, kind: "veth", mac: `02:00:00:00:00:0${i + 1}`, peer: { ns: wire, name } });
    act(s, { verb: "link-set", ns, name, up: true });
    act(s, { verb: "link-set", ns: wire, name, up: true });
    for (const addr of addresses) act(s, { verb: "addr-add", ns, dev: name, addr });
  });
  return { s, ns };
}

function chosen({ s, ns }: ReturnType<typeof host>, out: string, dst: string): string {
  return s.book.text(selectSource6(s, ns, deviceByName(s, ns, out), s.book.ofText(dst)));
}

// RFC 6724 section 10.1, with the device's own link-local address where the RFC has fe80::1.
describe("source addresses as in the examples of RFC 6724", () => {
  test.each([
    ["2001:db8:1::1", ["2001:db8:3::1/64"], "2001:db8:3::1", "prefer appropriate scope"],
    ["ff05::1", ["2001:db8:3::1/64"], "2001:db8:3::1", "prefer appropriate scope"],
    ["2001:db8:1::1", ["2001:db8:1::1/64", "2001:db8:2::1/64"], "2001:db8:1::1", "prefer same address"],
    ["fe80::2", ["2001:db8:1::1/64"], "fe80::ff:fe00:1", "prefer appropriate scope"],
    ["2001:db8:1::1", ["2001:db8:1::2/64", "2001:db8:3::2/64"], "2001:db8:1::2", "longest matching prefix"],
    ["2002:c633:6401::1", ["2002:c633:6401::d5e3:7953:13eb:22e8/64", "2001:db8:1::2/64"], "2002:c633:6401:0:d5e3:7953:13eb:22e8", "prefer matching label"],
    ["fd00:7::1", ["2001:db8::2/64", "fd11::2/64"], "fd11::2", "prefer matching label"],
  ])("%s from %j: %s (%s)", (dst, addresses, expected) => {
    expect(chosen(host(addresses), "eth0", dst)).toBe(expected);
  });

  test("the outgoing device before a longer common prefix on another", () => {
    expect(chosen(host(["fd00:1::1/64"], ["fd00:2::1/64"]), "eth0", "fd00:2::9")).toBe("fd00:1::1");
    expect(chosen(host(["fd00:1::1/64"], ["fd00:2::1/64"]), "eth1", "fd00:2::9")).toBe("fd00:2::1");
  });

  test("another device's address where the outgoing one has none of this scope, but never for one link's destinations", () => {
    const h = host([], ["fd00:2::1/64"]);
    expect(chosen(h, "eth0", "fd00:9::1")).toBe("fd00:2::1");
    expect(chosen(h, "eth0", "ff02::1")).toBe("fe80::ff:fe00:1");
  });

  test("of equals, the one that was added last (the kernel's list has the newest first)", () => {
    expect(chosen(host(["fd00:2::2/64", "fd00:2::3/64"]), "eth0", "fd00:2::10")).toBe("fd00:2::3");
  });
});

test("whatever the addresses, an own address is its own best source", () => {
  const part = fc.integer({ min: 1, max: 0xfffe }).map((n) => n.toString(16));
  fc.assert(
    fc.property(fc.uniqueArray(part, { minLength: 1, maxLength: 5 }), fc.nat(), (parts, pick) => {
      const addresses = parts.map((p) => `fd00:${p}::${p}`);
      const own = addresses[pick % addresses.length]!;
      const h = host(addresses.map((a) => `${a}/64`));
      expect(chosen(h, "eth0", own)).toBe(h.s.book.text(h.s.book.ofText(own)));
    }),
    { numRuns: 40 },
  );
});
