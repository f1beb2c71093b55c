import { describe, expect, test } from "vitest";
import type { ResolvConf } from "../../../src/models/dns/resolv-conf.js";
import { dnsNet, RESOLV, resolve } from "./net.js";

// dns.md section 6, the table: ndots:5, three cluster suffixes, A and AAAA over UDP, one server.
const counted: readonly (readonly [name: string, candidates: number, packets: number, upstream: number])[] = [
  ["web", 1, 4, 0],
  ["web.other", 2, 8, 0],
  ["web.other.svc", 3, 12, 0],
  ["web.other.svc.cluster.local", 4, 16, 0],
  ["web.other.svc.cluster.local.", 1, 4, 0],
  ["www.example.com", 4, 16, 4],
  ["www.example.com.", 1, 4, 4],
  ["nosuch", 4, 16, 4],
];

describe("packets of a lookup", () => {
  test.each(counted)("%s: %i names, %i packets, %i to the upstream", (name, candidates, packets, upstream) => {
    const seen = resolve(dnsNet(), name);
    expect(seen.result.lookups).toHaveLength(candidates);
    expect(seen).toMatchObject({ pod: packets, upstream });
    expect(seen.result.address).toBe(name.startsWith("nosuch") ? "" : name.startsWith("www") ? "93.184.216.34" : name === "web" ? "10.96.105.12" : "10.96.50.1");
  });

  test("a cached name asks the upstream once", () => {
    const net = dnsNet();
    expect(resolve(net, "www.example.com.")).toMatchObject({ pod: 4, upstream: 4 });
    expect(resolve({ ...net, run: () => net.run(5) }, "www.example.com.").upstream).toBe(4); // a minute later: older than 30 seconds
    expect(resolve({ ...net, run: () => net.run(5) }, "www.example.com.").upstream).toBe(0); // five seconds later
  });

  test("a domain of the node's search list is one name more", () => {
    const resolv = { ...RESOLV, search: [...RESOLV.search, "corp.example"] };
    expect(resolve(dnsNet(), "www.example.com", { resolv })).toMatchObject({ pod: 20, upstream: 8, result: { address: "93.184.216.34" } });
  });

  test("single-request asks one after the other, with the same packets", () => {
    const resolv: ResolvConf = { ...RESOLV, options: { ndots: "5", "single-request": "" } };
    expect(resolve(dnsNet(), "web.other", { resolv })).toMatchObject({ pod: 8, result: { address: "10.96.50.1" } });
  });
});

describe("glibc and musl", () => {
  test("a name with enough dots: glibc goes on to the search list, musl does not", () => {
    const resolv = { ...RESOLV, options: { ndots: "1" } };
    expect(resolve(dnsNet(), "web.other", { resolv })).toMatchObject({ result: { address: "10.96.50.1" }, pod: 12 });
    expect(resolve(dnsNet(), "web.other", { resolv, resolver: "musl" })).toMatchObject({ result: { outcome: "unresolved", errno: "EAI_NONAME" }, pod: 4 });
  });

  test("no data for both: glibc tries the next name, musl stops", () => {
    const names = (resolver: "glibc" | "musl"): string[] => resolve(dnsNet(), "default.svc.cluster.local", { resolver, resolv: { ...RESOLV, search: ["cluster.local"], options: { ndots: "1" } } }).result.lookups.map((lookup) => lookup.name);
    expect(names("glibc")).toEqual(["default.svc.cluster.local", "default.svc.cluster.local.cluster.local"]);
    expect(names("musl")).toEqual(["default.svc.cluster.local"]);
  });

  test("without a server: glibc asks twice for five seconds, musl twice in five seconds", () => {
    const took = (resolver: "glibc" | "musl"): { seconds: number; packets: number; errno: string } => {
      const net = dnsNet({ coredns: false });
      let seconds = 0;
      const step = { ...net, run: () => { for (; seconds < 30; seconds += 0.5) { net.run(0.5); if ([...net.s.app.apps.values()].some((app) => app.exit !== undefined)) break; } } };
      const { pod, result } = resolve(step, "web.", { resolver, resolv: { ...RESOLV, nameservers: ["10.0.0.11"] } });
      return { seconds: seconds + 0.5, packets: pod, errno: result.errno };
    };
    expect(took("glibc")).toMatchObject({ seconds: 10, errno: "EAI_AGAIN" });
    expect(took("musl")).toMatchObject({ seconds: 5, errno: "EAI_AGAIN" });
  });

  test("a truncated answer is asked for again over TCP, but not by an old musl", () => {
    const lookup = (resolver: "glibc" | "musl" | "musl-1.2.3"): number => resolve(dnsNet(), "many", { resolver }).result.lookups[0]!.addresses.length;
    expect(lookup("glibc")).toBe(40);
    expect(lookup("musl")).toBe(40);
    expect(lookup("musl-1.2.3")).toBe(29); // 12 + 36 + 16 each in 512 bytes
  });

  test("over TCP CoreDNS asks its upstream by TCP", () => {
    const { result } = resolve(dnsNet(), "big.example.com.");
    expect(result.lookups[0]!.addresses).toHaveLength(40);
  });

  test("two servers: glibc turns to the second after five seconds, musl has asked both", () => {
    const resolv = { ...RESOLV, nameservers: ["10.0.0.99", "10.0.0.10"] };
    expect(resolve(dnsNet(), "web.", { resolv }).result.outcome).toBe("unresolved");
    expect(resolve(dnsNet(), "web", { resolv }).result.address).toBe("10.96.105.12");
    expect(resolve(dnsNet(), "web", { resolv, resolver: "musl" }).result.address).toBe("10.96.105.12");
  });
});
