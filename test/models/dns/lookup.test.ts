import { describe, expect, test } from "vitest";
import { CLUSTER_ZONE, type ClusterZone, clusterLookup, type DnsAnswer, endpointLabel, reverseAddress } from "../../../src/models/dns/lookup.js";
import { dataText, reverseName, typeNumber } from "../../../src/models/dns/record-text.js";
import type { DnsRecord } from "../../../src/packet/wire/dns-record.js";
import { zoneSource } from "./zone.js";

// dns.md sections 1 and 2: every kind of name, type and mode, as CoreDNS's kubernetes plugin answers.
const SOA = "cluster.local 30 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1761991200 7200 1800 86400 30";
const text = (record: DnsRecord): string => (record.type === "OPT" ? "OPT" : `${record.name} ${record.ttl} ${record.type} ${dataText(record)}`);
const ask = (name: string, type: string, zone: ClusterZone = CLUSTER_ZONE): DnsAnswer | null => clusterLookup(zoneSource, zone, name, typeNumber(type)!);
const S = "svc.cluster.local";

/** "NX": NXDOMAIN with SOA; "ND": no error, no answer, SOA; "NO": not of this zone. */
const rows: readonly (readonly [name: string, type: string, expected: "NX" | "ND" | "NO" | readonly string[]])[] = [
  [`web.default.${S}`, "A", [`web.default.${S} 30 A 10.96.105.12`]],
  [`WEB.Default.${S}`, "A", [`WEB.Default.${S} 30 A 10.96.105.12`]],
  [`web.default.${S}`, "AAAA", "ND"],
  [`web.default.${S}`, "TXT", "ND"],
  [`web.default.${S}`, "MX", "ND"],
  [`dual.default.${S}`, "A", [`dual.default.${S} 30 A 10.96.7.7`]],
  [`dual.default.${S}`, "AAAA", [`dual.default.${S} 30 AAAA fd00:10:96::7`]],
  [`no-endpoints.default.${S}`, "A", [`no-endpoints.default.${S} 30 A 10.96.9.9`]],
  [`nosuch.default.${S}`, "A", "NX"],
  [`web.nosuch.${S}`, "A", "NX"],
  [`default.${S}`, "A", "ND"],
  [`empty.${S}`, "A", "ND"],
  [`nosuch.${S}`, "A", "NX"],
  [S, "A", "ND"],
  ["pod.cluster.local", "A", "ND"],
  ["cluster.local", "A", "ND"],
  ["cluster.local", "SOA", [SOA]],
  ["else.cluster.local", "A", "NX"],
  ["default.else.cluster.local", "A", "NX"],
  ["dns-version.cluster.local", "TXT", ['dns-version.cluster.local 28800 TXT "1.1.0"']],
  ["example.com", "A", "NO"],
  ["notcluster.local", "A", "NO"],
  // headless
  [`db.default.${S}`, "A", [`db.default.${S} 30 A 10.244.1.7`, `db.default.${S} 30 A 10.244.2.7`, `db.default.${S} 30 A 10.244.2.8`]],
  [`six.default.${S}`, "AAAA", [`six.default.${S} 30 AAAA fd00:10:244::5`]],
  [`six.default.${S}`, "A", "ND"],
  [`none-ready.default.${S}`, "A", "NX"],
  [`db-0.db.default.${S}`, "A", [`db-0.db.default.${S} 30 A 10.244.1.7`]],
  [`10-244-2-8.db.default.${S}`, "A", [`10-244-2-8.db.default.${S} 30 A 10.244.2.8`]],
  [`fd00-10-244--5.six.default.${S}`, "AAAA", [`fd00-10-244--5.six.default.${S} 30 AAAA fd00:10:244::5`]],
  [`db-9.db.default.${S}`, "A", "NX"],
  [`10-244-1-7.db.default.${S}`, "A", "NX"],
  [`10-244-1-5.web.default.${S}`, "A", [`10-244-1-5.web.default.${S} 30 A 10.244.1.5`]],
  [`a.b.c.d.default.${S}`, "A", "NX"],
  // SRV
  [`_http._tcp.web.default.${S}`, "SRV", [`_http._tcp.web.default.${S} 30 SRV 0 100 80 web.default.${S}.`]],
  [`http.tcp.web.default.${S}`, "SRV", [`http.tcp.web.default.${S} 30 SRV 0 100 80 web.default.${S}.`]],
  [`_http._TCP.web.default.${S}`, "SRV", [`_http._TCP.web.default.${S} 30 SRV 0 100 80 web.default.${S}.`]],
  [`_http._udp.web.default.${S}`, "SRV", "NX"],
  [`_nosuch._tcp.web.default.${S}`, "SRV", "NX"],
  [`_dns._udp.kube-dns.kube-system.${S}`, "SRV", [`_dns._udp.kube-dns.kube-system.${S} 30 SRV 0 100 53 kube-dns.kube-system.${S}.`]],
  [`kube-dns.kube-system.${S}`, "SRV", [`kube-dns.kube-system.${S} 30 SRV 0 50 53 kube-dns.kube-system.${S}.`]],
  [`_http._tcp.db.default.${S}`, "SRV", ["db-0", "db-1", "10-244-2-8"].map((host) => `_http._tcp.db.default.${S} 30 SRV 0 33 8080 ${host}.db.default.${S}.`)],
  [`_http._tcp.none-ready.default.${S}`, "SRV", "NX"],
  [`portless.default.${S}`, "A", [`portless.default.${S} 30 A 10.244.1.9`]],
  [`portless.default.${S}`, "SRV", "ND"],
  // ExternalName
  [`outside.default.${S}`, "CNAME", [`outside.default.${S} 30 CNAME www.example.com.`]],
  [`outside.default.${S}`, "SRV", "ND"],
  [`x.outside.default.${S}`, "A", "NX"],
  [`inside.default.${S}`, "A", [`inside.default.${S} 30 CNAME web.default.${S}.`, `web.default.${S} 30 A 10.96.105.12`]],
  [`inside.default.${S}`, "AAAA", "ND"],
  [`dangling.default.${S}`, "A", "ND"],
  [`circle.default.${S}`, "A", "ND"],
  // reverse
  ["12.105.96.10.in-addr.arpa", "PTR", [`12.105.96.10.in-addr.arpa 30 PTR web.default.${S}.`]],
  [reverseName("fd00:10:96::7"), "PTR", [`${reverseName("fd00:10:96::7")} 30 PTR dual.default.${S}.`]],
  ["7.1.244.10.in-addr.arpa", "PTR", [`7.1.244.10.in-addr.arpa 30 PTR db-0.db.default.${S}.`]],
  ["8.2.244.10.in-addr.arpa", "PTR", [`8.2.244.10.in-addr.arpa 30 PTR 10-244-2-8.db.default.${S}.`]],
  ["5.1.244.10.in-addr.arpa", "PTR", [`5.1.244.10.in-addr.arpa 30 PTR 10-244-1-5.web.default.${S}.`]],
  ["1.2.3.4.in-addr.arpa", "PTR", "NO"],
  // pods, insecure
  ["10-244-1-5.default.pod.cluster.local", "A", ["10-244-1-5.default.pod.cluster.local 30 A 10.244.1.5"]],
  ["1-2-3-4.default.pod.cluster.local", "A", ["1-2-3-4.default.pod.cluster.local 30 A 1.2.3.4"]],
  ["1-2-3-4.default.pod.cluster.local", "AAAA", "ND"],
  ["fd00-10-244--5.default.pod.cluster.local", "AAAA", ["fd00-10-244--5.default.pod.cluster.local 30 AAAA fd00:10:244::5"]],
  ["1-2-3-4.nosuch.pod.cluster.local", "A", "NX"],
  ["1-2-3-400.default.pod.cluster.local", "A", "NX"],
  ["name.default.pod.cluster.local", "A", "NX"],
  ["default.pod.cluster.local", "A", "ND"],
];

function judge(answer: DnsAnswer | null, expected: (typeof rows)[number][2]): void {
  if (expected === "NO") expect(answer).toBeNull();
  else {
    expect(answer).not.toBeNull();
    expect(answer!.rcode).toBe(expected === "NX" ? 3 : 0);
    expect(answer!.answers.map(text)).toEqual(typeof expected === "string" ? [] : expected);
    expect(answer!.authorities.map(text)).toEqual(typeof expected === "string" ? [SOA] : []);
  }
}

describe("names of the cluster", () => {
  test.each(rows)("%s %s", (name, type, expected) => judge(ask(name, type), expected));

  test("an alias out of the zone is to be followed by whoever answers", () => {
    expect(ask(`outside.default.${S}`, "A")!.follow).toBe("www.example.com");
    expect(ask(`inside.default.${S}`, "A")!.follow).toBeUndefined();
  });

  test("SRV brings the addresses of its targets", () => {
    expect(ask(`_http._tcp.db.default.${S}`, "SRV")!.additionals.map(text)).toEqual([`db-0.db.default.${S} 30 A 10.244.1.7`, `db-1.db.default.${S} 30 A 10.244.2.7`, `10-244-2-8.db.default.${S} 30 A 10.244.2.8`]);
  });

  test("the plugin's ttl rules answers and denials alike, at most 300 for the SOA", () => {
    const zone: ClusterZone = { ...CLUSTER_ZONE, ttl: 600 };
    expect(ask(`web.default.${S}`, "A", zone)!.answers).toMatchObject([{ ttl: 600 }]);
    expect(ask(`web.default.${S}`, "AAAA", zone)!.authorities).toMatchObject([{ ttl: 300, minimum: 600 }]);
  });

  test.each([
    ["verified", "10-244-1-5.default.pod.cluster.local", 0],
    ["verified", "1-2-3-4.default.pod.cluster.local", 3],
    ["verified", "10-244-1-5.other.pod.cluster.local", 3],
    ["disabled", "10-244-1-5.default.pod.cluster.local", 3],
  ] as const)("pods %s: %s has code %i", (pods, name, rcode) => {
    expect(ask(name, "A", { ...CLUSTER_ZONE, pods })!.rcode).toBe(rcode);
  });

  test("labels of endpoints", () => {
    expect(endpointLabel({ address: "fd00:10:244::", ports: [] })).toBe("fd00-10-244--0");
    expect(endpointLabel({ address: "10.0.0.1", hostname: "web-0", ports: [] })).toBe("web-0");
  });

  test("addresses of reverse names", () => {
    expect(reverseAddress(reverseName("2001:db8::1"))).toBe("2001:db8::1");
    expect(reverseAddress("1.0.0.in-addr.arpa")).toBeNull();
  });
});
