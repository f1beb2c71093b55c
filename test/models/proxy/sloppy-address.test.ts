import { describe, expect, test } from "vitest";
import { readNodePortAddresses } from "../../../src/models/proxy/proxy-node.js";
import { canonicalAddress, networkHolds, readNetwork } from "../../../src/models/proxy/sloppy-address.js";

describe("addresses as Go's sloppy reader takes them", () => {
  const known: readonly (readonly [string, string | null])[] = [
    ["172.30.0.041", "172.30.0.41"],
    ["192.168.099.022", "192.168.99.22"],
    ["10.180.00.001", "10.180.0.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["000.0.0.00", "0.0.0.0"],
    ["1.2.3", null],
    ["1.2.3.256", null],
    ["1.2.3.4.5", null],
    ["1.2.3.-4", null],
    ["", null],
    ["None", null],
    ["FD00:0:0:0::1", "fd00::1"],
    ["fd80:abcd:12:0:1:2:3:4", "fd80:abcd:12:0:1:2:3:4"],
    ["fd00:0:0:1:0:0:0:1", "fd00:0:0:1::1"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["fd00::1::2", null],
  ];
  test.each(known)("%s", (text, canonical) => {
    expect(canonicalAddress(text)?.text ?? null).toBe(canonical);
  });

  test("networks lose their host bits", () => {
    expect(readNetwork("203.0.113.000/025")?.text).toBe("203.0.113.0/25");
    expect(readNetwork("203.0.113.130/25")?.text).toBe("203.0.113.128/25");
    expect(readNetwork("fd00:10::5/64")?.text).toBe("fd00:10::/64");
    expect(readNetwork("10.1.2.3/0")?.text).toBe("0.0.0.0/0");
    for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::/129", "/8"]) expect(readNetwork(text)).toBe(null);
  });

  test("a network holds addresses of its own family", () => {
    const holds = (network: string, address: string): boolean => networkHolds(readNetwork(network)!, canonicalAddress(address)!);
    expect(holds("192.168.0.0/24", "192.168.0.255")).toBe(true);
    expect(holds("192.168.0.0/24", "192.168.1.0")).toBe(false);
    expect(holds("128.0.0.0/1", "255.0.0.1")).toBe(true);
    expect(holds("0.0.0.0/0", "2001:db8::1")).toBe(false);
    expect(holds("2001:db8::/33", "2001:db8:7fff::1")).toBe(true);
    expect(holds("2001:db8::/33", "2001:db8:8000::1")).toBe(false);
  });
});

describe("addresses that answer node ports", () => {
  const own = ["127.0.0.1", "::1", "192.168.0.2", "192.168.1.2", "2001:db8::1", "2001:db8:1::2"].map((text) => canonicalAddress(text)!);
  const read = (list: readonly string[], family: 4 | 6): { all: boolean; loopback: boolean; chosen: string } => {
    const { matchAll, loopback, chosen } = readNodePortAddresses(
      list,
      family,
      canonicalAddress(family === 4 ? "192.168.0.2" : "2001:db8::1"),
      own,
    );
    return { all: matchAll, loopback, chosen: matchAll ? "" : chosen.map((each) => each.text).join(" ") };
  };

  test("all of a family that the list does not name, or names with /0", () => {
    expect(read([], 4)).toEqual({ all: true, loopback: true, chosen: "" });
    expect(read([], 6)).toEqual({ all: true, loopback: false, chosen: "" });
    expect(read(["2001:db8::/64"], 4)).toEqual({ all: true, loopback: true, chosen: "" });
    expect(read(["192.168.0.0/24", "0.0.0.0/0"], 4)).toEqual({ all: true, loopback: true, chosen: "" });
  });

  test("otherwise those inside the networks; loopback only where a network holds its base", () => {
    expect(read(["192.168.0.0/16"], 4)).toEqual({ all: false, loopback: false, chosen: "192.168.0.2 192.168.1.2" });
    expect(read(["192.168.1.0/24", "127.0.0.0/8"], 4)).toEqual({ all: false, loopback: true, chosen: "127.0.0.1 192.168.1.2" });
    expect(read(["192.168.0.0/24", "2001:db8::/64"], 6)).toEqual({ all: false, loopback: false, chosen: "2001:db8::1" });
    expect(read(["primary"], 4)).toEqual({ all: false, loopback: false, chosen: "192.168.0.2" });
    expect(read(["203.0.113.0/24"], 4)).toEqual({ all: false, loopback: false, chosen: "" });
  });
});
