import { describe, expect, test } from "vitest";
import { launch } from "../../../src/linux/sock/app.js";
import { whenText } from "../../../src/models/app/dig.js";
import { dnsNet, RESOLV, runProgram } from "./net.js";

// Screens of dns.md section 8.
const S = "svc.cluster.local";
const SERVER = "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10:53\n\n";
const BIND = "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10#53\n\n";
const nx = (name: string): string => `** server can't find ${name}: NXDOMAIN\n\n`;

describe("busybox nslookup since 1.29", () => {
  const run = (words: string): { text: string; code: number | undefined } => runProgram(dnsNet(), "nslookup", { form: "busybox", words: words.split(" ") });
  test.each([
    [`kubernetes.default.${S}`, `${SERVER}Name:\tkubernetes.default.${S}\nAddress: 10.96.0.1\n\n\n`, 0],
    ["kubernetes.default", `${SERVER}${nx("kubernetes.default")}${nx("kubernetes.default")}`, 1],
    ["10-244-1-5.default.pod.cluster.local", `${SERVER}Name:\t10-244-1-5.default.pod.cluster.local\nAddress: 10.244.1.5\n\n\n`, 0],
    ["kubernetes", `${SERVER}Name:\tkubernetes.default.${S}\nAddress: 10.96.0.1\n\n${nx(`kubernetes.${S}`)}${nx("kubernetes.cluster.local")}\n${nx(`kubernetes.${S}`)}${nx("kubernetes.cluster.local")}`, 1],
    ["10.96.0.10", `${SERVER}10.0.96.10.in-addr.arpa\tname = kube-dns.kube-system.${S}\n\n`, 0],
    [`-type=srv _http._tcp.web.default.${S}`, `${SERVER}_http._tcp.web.default.${S}\tservice = 0 100 80 web.default.${S}\n\n`, 0],
    ["www.example.com", `${SERVER}Non-authoritative answer:\nName:\twww.example.com\nAddress: 93.184.216.34\n\n\n`, 0],
    [`-type=cname outside.default.${S}`, `${SERVER}outside.default.${S}\tcanonical name = www.example.com\n\n`, 0],
    ["kubernetes.default.svc.cluster.local 10.0.0.11", ";; connection timed out; no servers could be reached\n\n", 1],
  ])("nslookup %s", (words, text, code) => {
    const seen = run(words);
    // answers from outside come later than those of the cluster
    expect({ ...seen, text: seen.text.split("\n").sort((a, b) => (a < b ? -1 : 1)) }).toEqual({ text: text.split("\n").sort((a, b) => (a < b ? -1 : 1)), code });
    if (!words.startsWith("www")) expect(seen.text).toBe(text);
  });
});

describe("busybox nslookup to 1.28", () => {
  const run = (words: string): { text: string; code: number | undefined } => runProgram(dnsNet(), "nslookup", { form: "busybox-1.28", words: words.split(" ") });
  test("goes through the search list and says the names of addresses", () => {
    expect(run("kubernetes")).toEqual({ code: 0, text: `Server:    10.0.0.10\nAddress 1: 10.0.0.10\n\nName:      kubernetes\nAddress 1: 10.96.0.1 kubernetes.default.${S}\n` });
    expect(run("kubernetes.default").text).toContain(`Name:      kubernetes.default\nAddress 1: 10.96.0.1 kubernetes.default.${S}\n`);
  });
  test("several addresses are numbered", () => {
    const { text } = run("db");
    expect(text.split("\n").slice(3, 7).map((line) => line.replace(/: .*/, ""))).toEqual(["Name", "Address 1", "Address 2", "Address 3"]);
    expect(text).toContain(`10.244.1.7 db-0.db.default.${S}`);
  });
  test("failure", () => {
    expect(run("nosuch")).toEqual({ code: 1, text: "Server:    10.0.0.10\nAddress 1: 10.0.0.10\n\nnslookup: can't resolve 'nosuch'\n" });
  });
});

describe("BIND's nslookup", () => {
  const run = (words: string): { text: string; code: number | undefined } => runProgram(dnsNet(), "nslookup", { form: "bind", words: words.split(" ") });
  test.each([
    ["kubernetes", `${BIND}Name:\tkubernetes.default.${S}\nAddress: 10.96.0.1\n\n`, 0],
    ["web.other", `${BIND}Name:\tweb.other.${S}\nAddress: 10.96.50.1\n\n`, 0],
    ["dual", `${BIND}Name:\tdual.default.${S}\nAddress: 10.96.7.7\nName:\tdual.default.${S}\nAddress: fd00:10:96::7\n\n`, 0],
    ["nosuch", `${BIND}** server can't find nosuch: NXDOMAIN\n\n`, 1],
    ["10.96.0.10", `${BIND}10.0.96.10.in-addr.arpa\tname = kube-dns.kube-system.${S}.\n\n`, 0],
  ])("nslookup %s", (words, text, code) => {
    expect(run(words)).toEqual({ text, code });
  });
});

describe("dig", () => {
  const EPOCH = 1_761_991_200;
  const run = (words: string, net = dnsNet()): { text: string; code: number | undefined } => runProgram(net, "dig", { words: words.split(" "), epoch: EPOCH });
  const masked = (text: string): string => text.replace(/id: \d+/, "id: 41523").replace(/COOKIE: [0-9a-f]{16}/, "COOKIE: 1f2e3d4c5b6a7988").replace(/time: \d+/, "time: 0");

  test("the page of an answer", () => {
    expect(masked(run(`web.default.${S}`).text)).toBe(
      [
        "",
        `; <<>> DiG 9.18.28 <<>> web.default.${S}`,
        ";; global options: +cmd",
        ";; Got answer:",
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 41523",
        ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1",
        ";; WARNING: recursion requested but not available",
        "",
        ";; OPT PSEUDOSECTION:",
        "; EDNS: version: 0, flags:; udp: 1232",
        "; COOKIE: 1f2e3d4c5b6a7988 (echoed)",
        ";; QUESTION SECTION:",
        `;web.default.${S}.\tIN\tA`,
        "",
        ";; ANSWER SECTION:",
        `web.default.${S}. 30 IN\tA\t10.96.105.12`,
        "",
        ";; Query time: 0 msec",
        ";; SERVER: 10.0.0.10#53(10.0.0.10) (UDP)",
        ";; WHEN: Sat Nov 01 10:00:00 UTC 2025",
        ";; MSG SIZE  rcvd: 115",
        "",
        "",
      ].join("\n"),
    );
  });

  test("a denial shows the SOA, columns by tabs", () => {
    const { text } = run(`nosuch.default.${S} AAAA`);
    expect(text).toContain("status: NXDOMAIN");
    expect(text).toContain("ANSWER: 0, AUTHORITY: 1");
    expect(text).toContain("\n;; AUTHORITY SECTION:\ncluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. 1761991200 7200 1800 86400 30\n");
    expect(text).toContain(`;nosuch.default.${S}. IN\tAAAA\n`);
  });

  test("short forms, types, servers, reverse names and the search list", () => {
    expect(run(`+short web.default.${S}`).text).toBe("10.96.105.12\n");
    expect(run("+short -x 10.96.0.10").text).toBe(`kube-dns.kube-system.${S}.\n`);
    expect(run(`+short SRV _http._tcp.web.default.${S}`).text).toBe(`0 100 80 web.default.${S}.\n`);
    expect(run(`@10.0.0.10 +short outside.default.${S}`).text).toBe("www.example.com.\n93.184.216.34\n");
    expect(run("web").text).toContain("status: NXDOMAIN");
    expect(run("+search +short web").text).toBe("10.96.105.12\n");
    expect(run("www.example.com").text).toContain(";; flags: qr rd ra; QUERY: 1, ANSWER: 1");
    expect(run("www.example.com").text).toContain("\nwww.example.com.\t30\tIN\tA\t93.184.216.34\n");
  });

  test("a truncated answer is asked for by TCP", () => {
    const { text } = run(`+noedns many.default.${S}`);
    expect(text.startsWith(";; Truncated, retrying in TCP mode.\n")).toBe(true);
    expect(text).toContain("ANSWER: 40,");
    expect(text).toContain(";; SERVER: 10.0.0.10#53(10.0.0.10) (TCP)\n");
  });

  test("nobody there", () => {
    expect(run("@10.0.0.11 x")).toEqual({ code: 9, text: `${";; communications error to 10.0.0.11#53: timed out\n".repeat(3)}\n; <<>> DiG 9.18.28 <<>> @10.0.0.11 x\n;; global options: +cmd\n;; no servers could be reached\n\n` });
  });

  test("dates", () => {
    expect(whenText(0)).toBe("Thu Jan 01 00:00:00 UTC 1970");
    expect(whenText(951_827_696)).toBe("Tue Feb 29 12:34:56 UTC 2000");
  });
});

describe("busybox wget", () => {
  const run = (words: string): { text: string; code: number | undefined } => {
    const net = dnsNet();
    launch(net.s, net.dns, "server", { pod: "web-1", ports: [{ port: 8088, protocol: "TCP" }] });
    return runProgram(net, "wget", { words: words.split(" "), resolv: RESOLV });
  };
  test.each([
    ["-qO- http://10.0.0.10:8088/", /^web-1 10\.0\.0\.2:\d+\n$/, 0],
    ["-O- 10.0.0.10:8088", /^Connecting to 10\.0\.0\.10:8088\nwriting to stdout\nweb-1 10\.0\.0\.2:\d+\nwritten to stdout\n$/, 0],
    ["--spider -T 2 10.0.0.10:8088", /^Connecting to 10\.0\.0\.10:8088\nremote file exists\n$/, 0],
    ["-qO- http://10.0.0.10:81/", /^wget: can't connect to remote host \(10\.0\.0\.10\): Connection refused\n$/, 1],
    ["-qO- http://nosuch/", /^wget: bad address 'nosuch'\n$/, 1],
    ["-q -T 1 -O - 10.0.0.99", /^wget: (download timed out|can't connect .*)\n$/, 1],
  ])("wget %s", (words, text, code) => {
    const seen = run(words);
    expect(seen.text).toMatch(text);
    expect(seen.code).toBe(code);
  });
});
