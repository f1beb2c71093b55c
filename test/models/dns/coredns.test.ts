import * as dnsPacket from "dns-packet";
import { describe, expect, test } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { type AppDoor, launch } from "../../../src/linux/sock/app.js";
import { cacheSeconds } from "../../../src/models/dns/dns-cache.js";
import { fitAnswer } from "../../../src/models/dns/dns-reply.js";
import { dnsFrame, takeFrames } from "../../../src/models/dns/tcp-frames.js";
import { decodeDns, type DnsMessage, dnsQuery, encodeDns } from "../../../src/packet/wire/dns.js";
import { probeProgram } from "../../linux/world.js";
import { dnsNet, type Net, type NetOptions } from "./net.js";

interface Heard {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Sends bytes to CoreDNS in one datagram, or over TCP, and keeps the answers. */
function exchange(bytes: Uint8Array, options: NetOptions & { readonly tcp?: boolean; readonly net?: Net; readonly chunk?: number } = {}): readonly Heard[] {
  const heard: Heard[] = [];
  let partial: Uint8Array = new Uint8Array(0);
  const asker = probeProgram("asker", (door: AppDoor, event) => {
    if (event.kind === "start" && options.tcp !== true) door.udpSend(door.udpBind(0, 0), door.addressOf("10.0.0.10"), 53, bytes);
    else if (event.kind === "start") door.tcpConnect(door.addressOf("10.0.0.10"), 53);
    else if (event.kind === "connected") {
      const frame = dnsFrame(bytes);
      const size = options.chunk ?? frame.length;
      for (let at = 0; at < frame.length; at += size) door.tcpSend(event.sock, frame.slice(at, at + size));
    } else if (event.kind === "datagram") heard.push({ at: door.now, bytes: new Uint8Array(door.bytes(event)) });
    else if (event.kind === "data") {
      const taken = takeFrames(partial, door.bytes(event));
      partial = taken.rest;
      for (const message of taken.messages) heard.push({ at: door.now, bytes: message });
    }
  });
  const net = options.net ?? dnsNet({ ...options, programs: [asker] });
  launch(net.s, net.pod, "asker", {});
  net.run(20);
  return heard;
}

const theirs = (name: string, type: "A" | "AAAA" | "SRV" | "PTR" | "TXT" | "CNAME" | "SOA", more: object = {}): Uint8Array =>
  new Uint8Array(dnsPacket.encode({ type: "query", id: 4711, flags: 256, questions: [{ type, name, class: "IN" }], ...more }));
/** What dns-packet makes of our bytes. */
const decode = (bytes: Uint8Array): Readonly<Record<string, unknown>> => dnsPacket.decode(Buffer.from(bytes)) as unknown as Readonly<Record<string, unknown>>;
const S = "svc.cluster.local";

describe("another implementation's bytes, both ways", () => {
  const ask = (name: string, type: Parameters<typeof theirs>[1]): Readonly<Record<string, unknown>> => decode(exchange(theirs(name, type))[0]!.bytes);
  test.each([
    ["A", `web.default.${S}`, [{ type: "A", name: `web.default.${S}`, ttl: 30, data: "10.96.105.12" }]],
    ["AAAA", `dual.default.${S}`, [{ type: "AAAA", ttl: 30, data: "fd00:10:96::7" }]],
    ["SRV", `_http._tcp.web.default.${S}`, [{ type: "SRV", data: { priority: 0, weight: 100, port: 80, target: `web.default.${S}` } }]],
    ["PTR", "12.105.96.10.in-addr.arpa", [{ type: "PTR", data: `web.default.${S}` }]],
    ["CNAME", `outside.default.${S}`, [{ type: "CNAME", data: "www.example.com" }]],
    ["TXT", "dns-version.cluster.local", [{ type: "TXT", ttl: 28800 }]],
    ["A", `outside.default.${S}`, [{ type: "CNAME", data: "www.example.com" }, { type: "A", name: "www.example.com", ttl: 30, data: "93.184.216.34" }]],
    ["A", "www.example.com", [{ type: "A", ttl: 30, data: "93.184.216.34" }]],
    ["A", "alias.example.com", [{ type: "CNAME", ttl: 30, data: "www.example.com" }, { type: "A", ttl: 30, data: "93.184.216.34" }]],
  ] as const)("%s %s", (type, name, answers) => {
    const packet = ask(name, type);
    expect(packet).toMatchObject({ id: 4711, type: "response", questions: [{ name, type }], answers });
    const forwarded = name.endsWith("example.com");
    expect([packet["flag_aa"], packet["flag_ra"], packet["flag_rd"], packet["flag_ad"]]).toEqual([!forwarded, forwarded, true, false]);
  });

  test("a denial carries the zone's SOA", () => {
    expect(ask(`nosuch.default.${S}`, "A")).toMatchObject({ rcode: "NXDOMAIN", flag_aa: true, answers: [], authorities: [{ type: "SOA", name: "cluster.local", ttl: 30, data: { mname: "ns.dns.cluster.local", rname: "hostmaster.cluster.local", serial: 1_761_991_200, refresh: 7200, retry: 1800, expire: 86_400, minimum: 30 } }] });
    expect(ask(`web.default.${S}`, "AAAA")).toMatchObject({ rcode: "NOERROR", answers: [], authorities: [{ type: "SOA" }] });
  });

  test("a denial from outside is the upstream's own, thirty seconds at most", () => {
    expect(ask("nosuch.example", "A")).toMatchObject({ rcode: "NXDOMAIN", flag_aa: false, flag_ra: true, authorities: [{ type: "SOA", name: ".", ttl: 30 }] });
  });
});

describe("sizes", () => {
  const opt = (size: number, cookie = false): object => ({ additionals: [{ type: "OPT", name: ".", udpPayloadSize: size, flags: 0, options: cookie ? [{ code: 10, data: Buffer.from("1f2e3d4c5b6a7988", "hex") }] : [] }] });

  test("what fits is sent uncompressed, with the client's OPT", () => {
    // 12 + question 42 + answer 52 + OPT with cookie 23: the size that dig shows for this name on clusters
    expect(exchange(theirs(`kubernetes.default.${S}`, "A", opt(1232, true)))[0]!.bytes).toHaveLength(129);
    const message = decodeDns(exchange(theirs(`kubernetes.default.${S}`, "A", opt(1232, true)))[0]!.bytes) as DnsMessage;
    expect(message.additionals).toMatchObject([{ type: "OPT", udpSize: 1232, options: [{ code: 10 }] }]);
  });

  test("512 bytes without OPT: compressed, cut and marked", () => {
    const { bytes } = exchange(theirs(`many.default.${S}`, "A"))[0]!;
    expect(bytes.length).toBe(12 + 36 + 29 * 16);
    expect(decode(bytes)).toMatchObject({ flag_tc: true, answers: { length: 29 } });
  });

  test("the client's size with OPT, and all of it over TCP", () => {
    expect(decode(exchange(theirs(`many.default.${S}`, "A", opt(1232)))[0]!.bytes)).toMatchObject({ flag_tc: false, answers: { length: 40 } });
    expect(decode(exchange(theirs(`many.default.${S}`, "A"), { tcp: true })[0]!.bytes)).toMatchObject({ flag_tc: false, answers: { length: 40 } });
  });

  test("a question in pieces over TCP is one question", () => {
    expect(exchange(theirs(`web.default.${S}`, "A"), { tcp: true, chunk: 7 })).toHaveLength(1);
  });

  test("authorities and the rest go before answers do", () => {
    const message: DnsMessage = { ...dnsQuery(1, "a.b", 1), response: true, answers: Array.from({ length: 20 }, (_, i) => ({ type: "A", name: "a.b", class: 1, ttl: 1, address: `10.0.0.${i}` })), additionals: Array.from({ length: 20 }, (_, i) => ({ type: "A", name: "c.d", class: 1, ttl: 1, address: `10.0.1.${i}` })) };
    const cut = decodeDns(fitAnswer(message, 512)) as DnsMessage;
    expect(cut.truncated).toBe(true);
    expect(cut.answers).toHaveLength(20);
    expect(encodeDns(cut).length).toBeLessThanOrEqual(512);
    expect(encodeDns({ ...cut, additionals: [...cut.additionals, message.additionals[0]!] }).length).toBeGreaterThan(512);
  });
});

describe("cache", () => {
  test("counts the TTL down and asks again when it is over", () => {
    const seen: [number, number][] = [];
    const asker = probeProgram("asker", (door: AppDoor, event) => {
      if (event.kind === "start") {
        for (const second of [0, 10, 29, 31]) door.timer(second * SECOND, second);
        door.state = { sock: door.udpBind(0, 0) };
      } else if (event.kind === "timer") door.udpSend(door.state["sock"] as number, door.addressOf("10.0.0.10"), 53, theirs(event.word === 10 ? "WWW.example.com" : "www.example.com", "A"));
      else if (event.kind === "datagram") seen.push([Math.floor(door.now / SECOND), (decodeDns(door.bytes(event)) as DnsMessage).answers[0]!.type === "A" ? ((decodeDns(door.bytes(event)) as DnsMessage).answers[0] as { ttl: number }).ttl : -1]);
    });
    const net = dnsNet({ programs: [asker] });
    launch(net.s, net.pod, "asker", {});
    net.run(40);
    expect(seen).toEqual([[0, 30], [10, 20], [29, 1], [31, 30]]);
    expect(net.counts().upstream).toBe(4);
  });

  test.each([
    [2, 5],
    [300, 30],
    [20, 20],
  ])("an upstream's TTL of %i seconds is kept %i", (ttl, kept) => {
    expect(decode(exchange(theirs("www.example.com", "A"), { ttl })[0]!.bytes)["answers"]).toMatchObject([{ ttl: kept }]);
    expect(cacheSeconds({ ...dnsQuery(1, "a", 1), response: true, answers: [{ type: "A", name: "a", class: 1, ttl, address: "10.0.0.1" }] })).toBe(kept);
  });

  test("what comes from the cache says that it is authoritative, as plugin/cache does for clients that insist on it", () => {
    const heard: boolean[] = [];
    const asker = probeProgram("asker", (door, event) => {
      const send = (): void => void door.udpSend(door.udpBind(0, 0), door.addressOf("10.0.0.10"), 53, theirs("www.example.com", "A"));
      if (event.kind === "start" || event.kind === "timer") send();
      if (event.kind !== "datagram") return;
      heard.push(decode(new Uint8Array(door.bytes(event)))["flag_aa"] as boolean);
      if (heard.length === 1) door.timer(SECOND, 1);
    });
    const net = dnsNet({ programs: [asker] });
    launch(net.s, net.pod, "asker", {});
    net.run();
    expect(heard).toEqual([false, true]);
  });

  test("names of the cluster are answered fresh", () => {
    const answers = exchange(theirs(`web.default.${S}`, "A"));
    expect(decode(answers[0]!.bytes)["answers"]).toMatchObject([{ ttl: 30 }]);
  });
});

describe("forward and loadbalance", () => {
  test("a dead upstream is asked at 0, 2 and 4 seconds, and then it is SERVFAIL", () => {
    const heard = exchange(theirs("www.example.com", "A"), { upstream: false });
    // nothing listens there: the kernel's ICMP answer changes nothing for the resolver
    expect(heard.map(({ at, bytes }) => [Math.floor(at / SECOND), decode(bytes)])).toMatchObject([[6, { rcode: "SERVFAIL", flag_aa: false, questions: [{ name: "www.example.com" }] }]]);
  });

  test("zone transfers are refused, other operations are not implemented", () => {
    expect(decodeDns(exchange(encodeDns(dnsQuery(1, "cluster.local", 252)))[0]!.bytes)).toMatchObject({ rcode: 5 });
    expect(decodeDns(exchange(encodeDns({ ...dnsQuery(1, "cluster.local", 1), opcode: 4 }))[0]!.bytes)).toMatchObject({ rcode: 4 });
  });

  test("addresses come in every order, from every seed the same", () => {
    const order = (seed: number): string => (decode(exchange(theirs(`db.default.${S}`, "A"), { seed })[0]!.bytes)["answers"] as { data: string }[]).map((answer) => answer.data).join(" ");
    const orders = new Set(Array.from({ length: 40 }, (_, seed) => order(seed + 1)));
    expect(orders.size).toBe(6);
    expect(order(3)).toBe(order(3));
  });

  test("garbage is answered by nothing", () => {
    expect(exchange(Uint8Array.of(1, 2, 3))).toEqual([]);
    expect(exchange(encodeDns({ ...dnsQuery(1, "a", 1), response: true }))).toEqual([]);
  });
});

describe("the pages of the plugins", () => {
  // plugin/health, plugin/ready: 200 and OK; Go's ServeMux for any other path.
  const get = (port: number, path: string): string => {
    let heard = "";
    const asker = probeProgram("asker", (door, event) => {
      if (event.kind === "start") door.tcpConnect(door.addressOf("10.0.0.10"), port);
      if (event.kind === "connected") door.tcpSend(event.sock, new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`));
      if (event.kind === "data") heard += door.text(event);
    });
    const net = dnsNet({ programs: [asker] });
    launch(net.s, net.pod, "asker", {});
    net.run(5);
    return heard;
  };
  test.each([
    [8080, "/health", "200 OK", "OK"],
    [8181, "/ready", "200 OK", "OK"],
    [8080, "/ready", "404 Not Found", "404 page not found\n"],
    [8181, "/", "404 Not Found", "404 page not found\n"],
    [9153, "/metrics", "200 OK", ""],
  ] as const)("%i%s: %s", (port, path, status, body) => {
    const [head = "", said] = get(port, path).split("\r\n\r\n");
    expect(head).toContain(`HTTP/1.1 ${status}`);
    expect(said).toBe(body);
  });
});
