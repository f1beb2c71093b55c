import { beforeEach, describe, expect, test } from "vitest";
import { SECOND } from "../../src/base/time.js";
import { Lab } from "./lab.js";

// Fact E4: linux-dataplane.md, measured on the node's cni0 with proxy_delay = 0.
let lab: Lab;
beforeEach(() => {
  lab = new Lab();
  for (const name of ["node", "host"]) lab.act({ verb: "netns-add", node: 1, name });
  const ns = lab.ns("node");
  lab.act({ verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" });
  lab.act({ verb: "link-add", ns, name: "cni0", kind: "bridge", mac: "02:42:0a:f4:01:01", up: true });
  lab.act({ verb: "link-add", ns, name: "veth0", kind: "veth", peer: { ns: lab.ns("host"), name: "eth0", mac: "02:00:00:00:00:0b" }, up: true });
  lab.act({ verb: "link-set", ns, name: "veth0", master: "cni0" });
  lab.act({ verb: "link-add", ns, name: "eth0", kind: "dummy", up: true });
  lab.act({ verb: "addr-add", ns, dev: "cni0", addr: "10.244.1.1/24" });
  lab.act({ verb: "addr-add", ns, dev: "eth0", addr: "192.168.100.11/24" });
});

/** Who-has `target` (hexadecimal) from 10.244.1.11; the answers seen at the asker. */
function ask(target: string): string[] {
  lab.inject("host", "eth0", `ffffffffffff02000000000b0806000108000604000102000000000b0af4010b000000000000${target}`);
  return lab.captured().filter((line) => line.startsWith("host eth0 in")).map((line) => line.replace(/^\S+ \S+ \S+ \S+ /, ""));
}
const sysctl = (key: string, value: string): void => lab.act({ verb: "sysctl", ns: lab.ns("node"), key, value });
const OTHER_DEVICE = "c0a8640b"; // 192.168.100.11
const ROUTED = "c0a86463"; // 192.168.100.99
const SAME_DEVICE = "0af40137"; // 10.244.1.55

describe("who answers", () => {
  test("any local address at any device, unless arp_ignore is 1", () => {
    expect(ask(OTHER_DEVICE)).toEqual(["ARP 192.168.100.11 is-at 02:42:0a:f4:01:01 to 10.244.1.11"]);
    sysctl("net.ipv4.conf.all.arp_ignore", "1");
    expect(ask(OTHER_DEVICE)).toEqual([]);
    expect(ask("0af40101")).toEqual(["ARP 10.244.1.1 is-at 02:42:0a:f4:01:01 to 10.244.1.11"]);
  });

  test("proxy_arp: for what is routed by another device, not for the same one", () => {
    expect(ask(ROUTED)).toEqual([]);
    sysctl("net.ipv4.conf.cni0.proxy_arp", "1");
    lab.run(SECOND);
    lab.captured();
    ask(ROUTED);
    lab.run(SECOND);
    expect(lab.captured().filter((line) => line.startsWith("host eth0 in"))).toEqual([
      "host eth0 in 02:42:0a:f4:01:01>02:00:00:00:00:0b ARP 192.168.100.99 is-at 02:42:0a:f4:01:01 to 10.244.1.11",
    ]);
    ask(SAME_DEVICE);
    lab.run(SECOND);
    expect(lab.captured().filter((line) => line.startsWith("host eth0 in"))).toEqual([]);
    expect(lab.stack.packets.count).toBe(0);
  });

  test("a proxied answer may be too late for a device that has gone", () => {
    sysctl("net.ipv4.conf.cni0.proxy_arp", "1");
    ask(ROUTED);
    lab.act({ verb: "link-del", ns: lab.ns("node"), name: "cni0" });
    lab.run(SECOND);
    expect(lab.stack.packets.count).toBe(0);
  });
});
