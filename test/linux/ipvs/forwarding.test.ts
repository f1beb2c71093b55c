/** Direct routing and tunnels: net/netfilter/ipvs/ip_vs_xmit.c (ip_vs_dr_xmit, ip_vs_tunnel_xmit), and the states of a connection whose answers go another way. */
import { beforeEach, describe, expect, test } from "vitest";
import { MINUTE } from "../../../src/base/time.js";
import { IpvsLab } from "./ipvs-lab.js";

const VIP = "10.96.0.9";
let lab: IpvsLab;

/** What the echo behind the virtual server says back. */
function said(what: string): string {
  const held = lab.open(VIP, 80);
  lab.say(held, what);
  const heard = lab.heard(held);
  lab.close(held);
  return heard;
}

/** Real servers have the virtual address, do not answer ARP for it, and know a way of their own to the client. */
beforeEach(() => {
  lab = new IpvsLab();
  for (const command of [
    "ip -n a link add eth1 type veth peer name eth1 netns b", "ip -n a link set eth1 up", "ip -n b link set eth1 up",
    "ip -n a addr add 10.3.0.1/24 dev eth1", "ip -n b addr add 10.3.0.2/24 dev eth1", "ip -n b route add 10.1.0.10/32 via 10.3.0.1 dev eth1",
  ]) expect(lab.root(command)).toBe("");
  lab.serve("b", 80);
  lab.ipvsadm(`-A -t ${VIP}:80 -s rr`);
});

describe("direct routing", () => {
  beforeEach(() => {
    expect(lab.sh("b", `ip addr add ${VIP}/32 dev lo`)).toBe("");
    lab.sh("b", "sysctl -w net.ipv4.conf.all.arp_ignore=1");
    lab.ipvsadm(`-a -t ${VIP}:80 -r 10.2.0.10 -g`);
  });

  test("brings a packet to the real server's MAC as it came, and the answer goes round", () => {
    lab.sh("b", `iptables -A INPUT -i eth0 -d ${VIP} -p tcp --dport 80`);
    expect(said("hello")).toBe("hello");
    expect(Number(/^ +([0-9]+)/m.exec(lab.sh("b", "iptables -L INPUT -vn").split("\n")[2]!)![1])).toBeGreaterThan(2);
    expect(lab.sh("r", "ip -s link show dev vb")).not.toContain("dropped 1");
    const [counted] = lab.sh("r", `ipvsadm -Ln --stats -t ${VIP}:80`).split("\n").slice(-1);
    // Nothing of the answers was seen.
    expect(counted!.trim().split(/ +/).slice(2)).toEqual(["1", expect.stringMatching(/^[1-9]/), "0", expect.stringMatching(/^[1-9]/), "0"]);
  });

  test("follows the client's flags alone", () => {
    const held = lab.open(VIP, 80);
    expect(lab.connections()).toEqual([`TCP 14:59 ESTABLISHED 10.1.0.10:40001 ${VIP}:80 10.2.0.10:80`]);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:80 Route 1 1 0"]);
    lab.close(held);
    expect(lab.connections()).toEqual([`TCP 01:59 FIN_WAIT 10.1.0.10:40001 ${VIP}:80 10.2.0.10:80`]);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:80 Route 1 0 1"]);
    lab.run(2 * MINUTE);
    expect(lab.connections()).toEqual([]);
  });

  test("a real server without the virtual address drops what is not its own", () => {
    lab.sh("b", `ip addr del ${VIP}/32 dev lo`);
    expect(said("hello")).toBe("");
  });
});

describe("tunnels", () => {
  beforeEach(() => {
    expect(lab.sh("b", "ip link add tun1 type ipip local 10.2.0.10 remote 10.2.0.99")).toBe("");
    for (const command of ["ip link set tunl0 up", `ip addr add ${VIP}/32 dev tunl0`]) expect(lab.sh("b", command)).toBe("");
    lab.sh("b", "sysctl -w net.ipv4.conf.all.arp_ignore=1");
    lab.ipvsadm(`-a -t ${VIP}:80 -r 10.2.0.10 -i`);
  });

  test("wrap a packet for the real server, which answers round the director", () => {
    lab.sh("b", "iptables -A INPUT -i eth0 -s 10.2.0.1 -d 10.2.0.10 -p ipencap");
    lab.sh("b", `iptables -A INPUT -i tunl0 -s 10.1.0.10 -d ${VIP} -p tcp --dport 80`);
    expect(said("hello")).toBe("hello");
    const [outer, inner] = lab.sh("b", "iptables -L INPUT -vnx").split("\n").slice(2).map((line) => line.trim().split(/ +/).slice(0, 2).map(Number));
    expect(outer![0]).toBeGreaterThan(2);
    expect(inner![0]).toBe(outer![0]);
    // An outer header for each packet.
    expect(outer![1]! - inner![1]!).toBe(20 * outer![0]!);
    expect(lab.listed(VIP)).toEqual(["10.2.0.10:80 Tunnel 1 0 1"]);
  });

  test("have twenty bytes less, of which the client is told", () => {
    lab.sh("r", "ip link set vb mtu 1000");
    lab.sh("a", `ping -c1 -W1 -M do -s 1000 ${VIP}`);
    const held = lab.open(VIP, 80);
    lab.say(held, "x".repeat(1400));
    expect(lab.errors("a").some((line) => line.includes(" 3/4 "))).toBe(true);
  });

  test("of IPv6 are refused", () => {
    lab.ipvsadm("-A -t [fd00:96::9]:80 -s rr");
    expect(lab.sh("r", "ipvsadm -a -t [fd00:96::9]:80 -r [fd00:2::10] -i")).toContain("not modelled");
  });
});
