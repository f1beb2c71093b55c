/** Tunnels as `ip` prints them: the lines of tunl0 and of others as they are on machines that have them, from iproute2's link_iptnl.c. */
import { expect, test } from "vitest";
import { Shell } from "../../src/shell/shell.js";
import { act, makeStack, netns } from "../linux/world.js";

const TAIL = "addrgenmode eui64 numtxqueues 1 numrxqueues 1 gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536";

test("ipip devices", () => {
  const s = makeStack();
  const ns = netns(s, "a");
  const shell = new Shell(s, ns);
  const lines = (command: string): string[] => shell.run(command).text.split("\n").map((line) => line.trimEnd()).filter((line) => line !== "");
  shell.run("ip link add flannel.ipip type ipip local 192.168.9.1 nopmtudisc");
  shell.run("ip link add to-b type ipip local 192.168.9.1 remote 192.168.9.2 ttl 64 tos inherit");
  act(s, { verb: "link-set", ns, name: "flannel.ipip", up: true });
  expect(lines("ip -d link show tunl0")).toEqual([
    "2: tunl0@NONE: <NOARP> mtu 1480 qdisc noop state DOWN mode DEFAULT group default qlen 1000",
    "    link/ipip 0.0.0.0 brd 0.0.0.0 promiscuity 0  allmulti 0 minmtu 0 maxmtu 0",
    `    ipip any remote any local any ttl inherit nopmtudisc ${TAIL}`,
  ]);
  expect(lines("ip -d link show flannel.ipip")).toEqual([
    "3: flannel.ipip@NONE: <NOARP,UP,LOWER_UP> mtu 1480 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000",
    "    link/ipip 192.168.9.1 brd 0.0.0.0 promiscuity 0  allmulti 0 minmtu 0 maxmtu 0",
    `    ipip ipip remote any local 192.168.9.1 ttl inherit nopmtudisc ${TAIL}`,
  ]);
  expect(lines("ip -d link show to-b").slice(0, 3)).toEqual([
    "4: to-b@NONE: <POINTOPOINT,NOARP> mtu 1480 qdisc noop state DOWN mode DEFAULT group default qlen 1000",
    "    link/ipip 192.168.9.1 peer 192.168.9.2 promiscuity 0  allmulti 0 minmtu 0 maxmtu 0",
    `    ipip ipip remote 192.168.9.2 local 192.168.9.1 ttl 64 tos inherit pmtudisc ${TAIL}`,
  ]);
  expect(shell.run("ip link add again type ipip local 192.168.9.1").text.trim()).toBe("RTNETLINK answers: File exists");
});

test("a WireGuard device", () => {
  const s = makeStack();
  const ns = netns(s, "a");
  const shell = new Shell(s, ns);
  shell.run("ip link add wg0 type wireguard");
  expect(shell.run("ip link show wg0").text.split("\n").map((line) => line.trimEnd())).toEqual(["2: wg0: <POINTOPOINT,NOARP> mtu 1420 qdisc noop state DOWN mode DEFAULT group default qlen 1000", "    link/none"]);
});
