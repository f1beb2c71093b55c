import { beforeEach, describe, expect, test } from "vitest";
import { MINUTE, SECOND } from "../../../src/base/time.js";
import { plumb } from "../../../src/linux/plumbing.js";
import { IpvsLab } from "./ipvs-lab.js";

const VIP = "10.96.0.9";
let lab: IpvsLab;

beforeEach(() => {
  lab = new IpvsLab();
  lab.ipvsadm(`-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r 10.2.0.10:8080 -m`, `-a -t ${VIP}:80 -r 10.2.0.11:8080 -m`);
});

describe("a connection of TCP", () => {
  test("is rewritten on its way and back, and followed by its flags", () => {
    const held = lab.open(VIP, 80);
    expect(lab.connections()).toEqual(["TCP 14:59 ESTABLISHED 10.1.0.10:40001 10.96.0.9:80 10.2.0.11:8080"]);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:8080 Masq 1 0 0", "10.2.0.11:8080 Masq 1 1 0"]);
    lab.close(held);
    expect(lab.connections()).toEqual(["TCP 01:59 TIME_WAIT 10.1.0.10:40001 10.96.0.9:80 10.2.0.11:8080"]);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:8080 Masq 1 0 0", "10.2.0.11:8080 Masq 1 0 1"]);
    lab.run(2 * MINUTE);
    expect(lab.connections()).toEqual([]);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:8080 Masq 1 0 0", "10.2.0.11:8080 Masq 1 0 0"]);
  });

  test("that idles for 15 minutes is forgotten with its tracked flow, and the next segment is a stranger's", () => {
    const held = lab.open(VIP, 80);
    lab.run(15 * MINUTE - SECOND);
    expect(lab.sh("r", "conntrack -C")).toBe("1");
    lab.run(2 * SECOND);
    expect([lab.connections(), lab.sh("r", "conntrack -C")]).toEqual([[], "0"]);
    lab.say(held, "x");
    // Nobody listens at the service address itself.
    expect(lab.reset(held)).toBe(true);
  });

  test("lives as long as --set says", () => {
    lab.ipvsadm("--set 60 5 7");
    expect(lab.sh("r", "ipvsadm -L --timeout")).toBe("Timeout (tcp tcpfin udp): 60 5 7");
    lab.open(VIP, 80);
    expect(lab.connections()[0]).toContain("TCP 00:59 ESTABLISHED");
    lab.run(61 * SECOND);
    expect(lab.connections()).toEqual([]);
  });

  test("stays with a server of weight 0, which gets no other", () => {
    const held = lab.open(VIP, 80);
    lab.ipvsadm(`-e -t ${VIP}:80 -r 10.2.0.11:8080 -m -w 0`);
    lab.say(held, "still there");
    expect(lab.heard(held)).toBe("still there");
    lab.open(VIP, 80);
    lab.open(VIP, 80);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:8080 Masq 1 2 0", "10.2.0.11:8080 Masq 0 1 0"]);
  });

  test("of a server that was taken out is dropped, and ends at once where expire_nodest_conn is on", () => {
    const held = lab.open(VIP, 80);
    lab.ipvsadm(`-d -t ${VIP}:80 -r 10.2.0.11:8080`);
    lab.say(held, "a");
    expect(lab.heard(held)).toBe("");
    expect(lab.connections()).toHaveLength(1);
    lab.sysctl("expire_nodest_conn=1");
    lab.run(5 * SECOND);
    expect(lab.connections()).toEqual([]);
  });

  test("finds its server again that is added again: the kernel takes it from its trash", () => {
    const held = lab.open(VIP, 80);
    lab.ipvsadm(`-d -t ${VIP}:80 -r 10.2.0.11:8080`, `-a -t ${VIP}:80 -r 10.2.0.11:8080 -m`);
    expect(lab.listed(VIP)).toContain("10.2.0.11:8080 Masq 1 1 0");
    lab.say(held, "back");
    expect(lab.heard(held)).toBe("back");
  });

  test("of ports that are used again goes to another server once the old one is over", () => {
    lab.close(lab.open(VIP, 80, 40100));
    expect(lab.connections()).toEqual([expect.stringContaining("TIME_WAIT 10.1.0.10:40100 10.96.0.9:80 10.2.0.11:8080")]);
    // The client's own socket waits for a minute, IPVS for two.
    lab.run(MINUTE + SECOND);
    lab.open(VIP, 80, 40100);
    expect(lab.connections()).toEqual([expect.stringContaining("ESTABLISHED 10.1.0.10:40100 10.96.0.9:80 10.2.0.10:8080")]);
    // Connection tracking has begun anew, too; a flow that led to the old server would have cost the first segment.
    expect(lab.drops()).toEqual([]);
  });

  test("to a port that is no virtual server's is for the machine itself", () => {
    expect(lab.probe("a", "tcp", VIP, 81)).toBe("ECONNREFUSED");
    expect(lab.connections()).toEqual([]);
  });

  test("without a server to go to is answered with port unreachable", () => {
    lab.ipvsadm("-A -t 10.96.0.9:82 -s wlc", "-A -t 10.96.0.9:83 -s rr", "-a -t 10.96.0.9:83 -r 10.2.0.10:8080 -m -w 0");
    for (const port of [82, 83]) expect(lab.probe("a", "tcp", VIP, port)).toBe("ECONNREFUSED");
    expect(lab.drops()).toEqual(["NETFILTER_DROP", "NETFILTER_DROP"]);
  });
});

test("a datagram's connection lives for 5 minutes, and counts as inactive", () => {
  lab.ipvsadm(`-A -u ${VIP}:53 -s rr`, `-a -u ${VIP}:53 -r 10.2.0.10:5353 -m`);
  expect(lab.probe("a", "udp", VIP, 53)).toBe("ok b 10.1.0.10");
  expect(lab.connections()).toEqual([expect.stringMatching(/^UDP 0[45]:\d\d UDP 10\.1\.0\.10:\d+ 10\.96\.0\.9:53 10\.2\.0\.10:5353$/)]);
  expect(lab.listed(VIP, "-u", 53)).toEqual(["10.2.0.10:5353 Masq 1 0 1"]);
  lab.run(5 * MINUTE);
  expect(lab.connections()).toEqual([]);
});

describe("persistence", () => {
  const server = (): string => lab.connections().filter((line) => !line.includes(":0 ")).at(-1)!.split(" ").at(-1)!;

  beforeEach(() => lab.ipvsadm(`-E -t ${VIP}:80 -s rr -p 600`));

  test("a client keeps its server until 600 s after its last new connection", () => {
    lab.close(lab.open(VIP, 80));
    expect(server()).toBe("10.2.0.11:8080");
    expect(lab.connections()[0]).toBe("TCP 09:59 ASSURED 10.1.0.10:0 10.96.0.9:80 10.2.0.11:8080");
    lab.run(598 * SECOND);
    lab.close(lab.open(VIP, 80));
    expect(server()).toBe("10.2.0.11:8080");
    lab.run(601 * SECOND);
    expect(lab.connections()).toEqual([]);
    lab.close(lab.open(VIP, 80));
    expect(server()).toBe("10.2.0.10:8080");
  });

  test("a template does not end before the connections that it made", () => {
    lab.ipvsadm(`-E -t ${VIP}:80 -s rr -p 60`);
    const held = lab.open(VIP, 80);
    lab.run(5 * MINUTE);
    expect(lab.connections()).toHaveLength(2);
    lab.close(held);
    lab.run(3 * MINUTE + SECOND);
    expect(lab.connections()).toEqual([]);
  });

  test("a server of weight 0 keeps its clients, but not where expire_quiescent_template is on", () => {
    lab.close(lab.open(VIP, 80));
    lab.ipvsadm(`-e -t ${VIP}:80 -r 10.2.0.11:8080 -m -w 0`);
    lab.close(lab.open(VIP, 80));
    expect(server()).toBe("10.2.0.11:8080");
    lab.sysctl("expire_quiescent_template=1");
    lab.close(lab.open(VIP, 80));
    expect(server()).toBe("10.2.0.10:8080");
  });

  test("a netmask makes neighbours one client, and port 0 every port of an address", () => {
    lab.ipvsadm("-C", `-A -t ${VIP}:0 -s rr -p 60 -M 255.255.255.0`, `-a -t ${VIP}:0 -r 10.2.0.10:0 -m`, `-a -t ${VIP}:0 -r 10.2.0.11:0 -m`);
    lab.open(VIP, 8080);
    expect(lab.connections()).toEqual(["TCP 00:59 ASSURED 10.1.0.0:0 10.96.0.9:0 10.2.0.11:0", expect.stringContaining("10.96.0.9:8080 10.2.0.11:8080")]);
  });
});

describe("connection tracking", () => {
  test("expects the real server's answer with vs.conntrack, and sees nothing without", () => {
    lab.open(VIP, 80);
    expect(lab.sh("r", "conntrack -L")).toContain("src=10.1.0.10 dst=10.96.0.9 sport=40001 dport=80 src=10.2.0.11 dst=10.1.0.10 sport=8080 dport=40001");
    lab.sysctl("conntrack=0");
    const other = lab.open(VIP, 80);
    lab.say(other, "seen by nobody");
    expect(lab.heard(other)).toBe("seen by nobody");
    expect(lab.sh("r", "conntrack -C")).toBe("1");
  });
});

test("errors go both ways through the virtual address", () => {
  lab.ipvsadm(`-A -u ${VIP}:54 -s rr`, `-a -u ${VIP}:54 -r 10.2.0.10:9 -m`, `-A -u ${VIP}:53 -s rr`, `-a -u ${VIP}:53 -r 10.2.0.10:5353 -m`);
  // The real server's own machine says that nobody listens there; the client is told so by whom it has asked.
  lab.shout("a", VIP, 54, 41000);
  expect(lab.errors("a")).toEqual([`${VIP} > 10.1.0.10 3/3 about 10.1.0.10:41000 > ${VIP}:54`]);
  // A client's machine that refuses the answer tells the real server.
  lab.shout("a", VIP, 53, 41001);
  expect(lab.errors("b")).toEqual(["10.1.0.10 > 10.2.0.10 3/3 about 10.2.0.10:5353 > 10.1.0.10:41001"]);
});

test("a machine with IPVS counts as a router: the TTL is one less, or its end is told", () => {
  lab.syn(VIP, 80, 64);
  expect(lab.ttls("b", 8080)[0]).toBe(63);
  lab.syn(VIP, 80, 1);
  expect(lab.errors("a")).toEqual([`${VIP} > 10.1.0.10 11/0 about 10.1.0.10:40002 > ${VIP}:80`]);
  expect(lab.drops()).toEqual(["TTL_EXPIRED"]);
});

test("a server on the machine itself is reached without leaving it", () => {
  lab.ipvsadm("-A -t 10.96.0.9:90 -s rr", "-a -t 10.96.0.9:90 -r 10.1.0.1:9090 -m");
  lab.serve("r", 9090);
  const held = lab.open(VIP, 90);
  lab.say(held, "here");
  expect(lab.heard(held)).toBe("here");
  const own = lab.open(VIP, 90, 0, "r");
  lab.say(own, "and from here");
  expect(lab.heard(own)).toBe("and from here");
});

test("packets chosen by their mark go to one virtual server, whatever their address", () => {
  lab.ipvsadm("-C", "-A -f 7 -s rr", "-a -f 7 -r 10.2.0.10:8080 -m");
  lab.sh("r", "iptables-legacy -t mangle -A PREROUTING -d 10.96.0.9 -p tcp --dport 1000:2000 -j MARK --set-mark 7");
  const held = lab.open(VIP, 1234);
  lab.say(held, "marked");
  expect(lab.heard(held)).toBe("marked");
});

test("IPv6 is balanced as IPv4 is", () => {
  lab.ipvsadm("-A -t [fd00:96::9]:80 -s rr", "-a -t [fd00:96::9]:80 -r [fd00:2::10]:8080 -m");
  const held = lab.open("fd00:96::9", 80);
  lab.say(held, "six");
  expect(lab.heard(held)).toBe("six");
  expect(lab.connections()).toEqual(["TCP 14:59 ESTABLISHED [fd00:1::10]:40001 [fd00:96::9]:80 [fd00:2::10]:8080"]);
  lab.ipvsadm("-A -t [fd00:96::9]:81 -s rr");
  lab.probe("a", "tcp", "fd00:96::9", 81);
  expect(lab.errors("a")[0]).toBe("fd00:96::9 > fd00:1::10 1/4 about fd00:1::10:40002 > fd00:96::9:81");
});

describe("as state of the world", () => {
  test("connections, turns and timers are saved, taken back and folded", () => {
    const { checkpoints } = lab.world;
    lab.ipvsadm(`-E -t ${VIP}:80 -s rr -p 60`);
    const held = lab.open(VIP, 80);
    const saved = structuredClone(checkpoints.checkpoint());
    const goOn = (): readonly unknown[] => {
      lab.say(held, "on");
      lab.open(VIP, 80, 40500);
      lab.run(MINUTE);
      return [checkpoints.fingerprint(), lab.connections(), lab.listed(VIP)];
    };
    const before = checkpoints.fingerprint();
    const first = goOn();
    checkpoints.restore(saved);
    expect(checkpoints.fingerprint()).toBe(before);
    expect(goOn()).toEqual(first);
  });

  test("go with their namespace, and leave no event behind", () => {
    lab.open(VIP, 80);
    expect(plumb(lab.stack, { verb: "netns-del", ns: lab.ns("r") })).toBeNull();
    expect(lab.stack.ipvs.connections.count + lab.stack.ipvs.reals.count + lab.stack.ipvs.servers.count).toBe(0);
    lab.run(30 * MINUTE);
  });
});
