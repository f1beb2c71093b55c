/** Debian's containernetworking-plugins, given the same configurations in namespaces: the same devices, addresses, routes and rules, and the same words. */
import { describe, expect, test } from "vitest";
import { describeWith, needs } from "../support/requires.js";
import { play, type PluginCallSpec, type PluginMachine, realMachine, settled, simulatedMachine } from "./cni-plugins.js";

const SUBNET = { type: "host-local", ranges: [[{ subnet: "10.244.1.0/24" }]], routes: [{ dst: "10.244.0.0/16" }] };
const BRIDGE = { type: "bridge", mtu: 1450, hairpinMode: true, isGateway: true, isDefaultGateway: true, ipMasq: true, ipam: SUBNET };
const PTP = { type: "ptp", mtu: 1480, ipMasq: true, ipam: { ...SUBNET, routes: [{ dst: "0.0.0.0/0", gw: "10.244.1.1" }] } };
const PORTS = [
  { hostPort: 8080, containerPort: 80, protocol: "tcp" },
  { hostPort: 8081, containerPort: 81, protocol: "tcp", hostIP: "10.244.1.1" },
  { hostPort: 5353, containerPort: 53, protocol: "udp", hostIP: "0.0.0.0" },
];
const portmap = (portMappings: readonly object[], more: object = {}): PluginCallSpec["conf"] => ({ type: "portmap", runtimeConfig: { portMappings }, ...more });

/** Calls in order; what the machine shows is compared after the last. */
const SCENES: Readonly<Record<string, readonly PluginCallSpec[]>> = {
  "a bridge with a gateway, translation, ports and tuning": [
    { command: "ADD", conf: { type: "loopback" }, ifname: "lo" },
    { command: "ADD", conf: BRIDGE },
    { command: "ADD", conf: portmap(PORTS), prev: 1 },
    { command: "ADD", conf: { type: "tuning", mac: "c2:11:22:33:44:55", mtu: 1400, promisc: true, sysctl: { "net.ipv4.conf.IFNAME.rp_filter": "2" } }, prev: 2 },
    { command: "CHECK", conf: { type: "tuning", mac: "c2:11:22:33:44:55", mtu: 1400, promisc: true, sysctl: { "net.ipv4.conf.eth0.rp_filter": "2" } }, prev: 3 },
    { command: "ADD", conf: BRIDGE, id: "c2", pod: "pod2" },
  ],
  "the same taken down, but for the second pod": [
    { command: "ADD", conf: BRIDGE },
    { command: "ADD", conf: portmap(PORTS), prev: 0 },
    { command: "ADD", conf: { type: "tuning", mtu: 1400, promisc: true }, prev: 1 },
    { command: "ADD", conf: BRIDGE, id: "c2", pod: "pod2" },
    { command: "DEL", conf: { type: "tuning", mtu: 1400, promisc: true }, prev: 2 },
    { command: "DEL", conf: portmap(PORTS), prev: 1 },
    { command: "DEL", conf: BRIDGE, prev: 0 },
    { command: "DEL", conf: BRIDGE, prev: 0 },
    { command: "ADD", conf: BRIDGE, id: "c3" },
  ],
  "ptp with translation and seventeen ports": [
    { command: "ADD", conf: PTP },
    { command: "CHECK", conf: PTP, prev: 0 },
    { command: "ADD", conf: portmap([...Array.from({ length: 17 }, (_, i) => ({ hostPort: 1000 + i, containerPort: 80, protocol: "tcp" })), { hostPort: 2001, containerPort: 80, protocol: "sctp", hostIP: "127.0.0.1" }, { hostPort: 2002, containerPort: 80, protocol: "tcp", hostIP: "::1" }]), prev: 0 },
    { command: "ADD", conf: portmap([{ hostPort: 3001, containerPort: 80, protocol: "tcp" }], { name: "plain", snat: false, conditionsV4: ["-s", "1.2.3.4"] }), id: "c3", prev: 0 },
  ],
  "ptp taken down": [
    { command: "ADD", conf: PTP },
    { command: "DEL", conf: PTP, prev: 0 },
  ],
  "both families": [{ command: "ADD", conf: { ...BRIDGE, mtu: 0, ipam: { type: "host-local", ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:1::/64" }]] } } }],
  "a bridge for frames alone": [{ command: "ADD", conf: { type: "bridge", bridge: "br7", promiscMode: true } }],
  "bandwidth both ways": [
    { command: "ADD", conf: BRIDGE },
    { command: "ADD", conf: { type: "bandwidth", ingressRate: 1_000_000, ingressBurst: 80_000, egressRate: 2_000_000, egressBurst: 160_000 }, prev: 0 },
    { command: "CHECK", conf: { type: "bandwidth", ingressRate: 1_000_000, ingressBurst: 80_000, egressRate: 2_000_000, egressBurst: 160_000 }, prev: 0 },
  ],
  "bandwidth taken down": [
    { command: "ADD", conf: BRIDGE },
    { command: "ADD", conf: { type: "bandwidth", runtimeConfig: { bandwidth: { egressRate: 2_000_000, egressBurst: 160_000 } } }, prev: 0 },
    { command: "DEL", conf: { type: "bandwidth", runtimeConfig: { bandwidth: { egressRate: 2_000_000, egressBurst: 160_000 } } }, prev: 0 },
    { command: "DEL", conf: BRIDGE, prev: 0 },
  ],
};

const range = (ipam: object, more: Partial<PluginCallSpec> = {}): PluginCallSpec => ({ command: "ADD", conf: { type: "host-local", name: "two", ipam: { type: "host-local", ...ipam } }, ifname: "eth3", ...more });
const EIGHT = { ranges: [[{ subnet: "10.8.0.0/24" }]] };

/** Each call is refused, or answers what no interface shows. */
const WORDS: readonly PluginCallSpec[] = [
  { command: "ADD", conf: BRIDGE, id: "" },
  { command: "ADD", conf: BRIDGE, id: "a/b" },
  { command: "ADD", conf: BRIDGE, ifname: "" },
  { command: "ADD", conf: BRIDGE, ifname: "abcdefghijklmnop" },
  { command: "ADD", conf: BRIDGE, ifname: "a/b" },
  { command: "ADD", conf: BRIDGE, ifname: ".." },
  { command: "ADD", conf: { ...BRIDGE, name: "" } },
  { command: "ADD", conf: { ...BRIDGE, name: "a b" } },
  { command: "ADD", conf: { ...BRIDGE, promiscMode: true } },
  { command: "CHECK", conf: BRIDGE },
  { command: "ADD", conf: { type: "portmap" } },
  { command: "ADD", conf: { type: "tuning" } },
  range({}),
  range({ ranges: [[{ subnet: "10.9.0.1/24" }]] }),
  range({ ranges: [[{ subnet: "10.9.0.0/31" }]] }),
  range({ ranges: [[{ subnet: "10.9.0.0/24" }], [{ subnet: "10.9.0.0/25" }]] }),
  range({ ranges: [[{ subnet: "10.9.0.0/24" }, { subnet: "10.9.0.0/25" }]] }),
  range({ ranges: [[{ subnet: "10.8.0.0/24", rangeStart: "10.7.0.5" }]] }),
  range({ ranges: [[{ subnet: "10.8.0.0/24", rangeStart: "10.8.0.50", rangeEnd: "10.8.0.5" }]] }),
  range(EIGHT, { args: "IgnoreUnknown=1;IP=10.8.0.1" }),
  range(EIGHT, { args: "IP=10.8.0.77" }),
  range(EIGHT, { args: "IP=10.8.0.77", id: "c5" }),
  range(EIGHT, { args: "IP=10.6.0.77", id: "c5" }),
  range(EIGHT),
  range(EIGHT, { id: "c6" }),
  range(EIGHT, { command: "DEL", id: "c6" }),
  range(EIGHT, { id: "c7" }),
  range({ subnet: "10.4.0.0/24", routes: [{ dst: "0.0.0.0/0" }], ranges: [[{ subnet: "10.5.0.0/24", gateway: "10.5.0.254" }], [{ subnet: "fd00::/64" }]] }, { id: "c8" }),
  { command: "ADD", conf: { type: "host-local", name: "tiny", ipam: { type: "host-local", ranges: [[{ subnet: "10.9.0.0/30" }]] } }, id: "t1" },
  { command: "ADD", conf: { type: "host-local", name: "tiny", ipam: { type: "host-local", ranges: [[{ subnet: "10.9.0.0/30" }]] } }, id: "t2" },
  { command: "CHECK", conf: { type: "host-local", name: "tiny", ipam: { type: "host-local", ranges: [[{ subnet: "10.9.0.0/30" }]] } }, id: "t1" },
  { command: "CHECK", conf: { type: "host-local", name: "tiny", ipam: { type: "host-local", ranges: [[{ subnet: "10.9.0.0/30" }]] } }, id: "t9" },
  { command: "CHECK", conf: { type: "loopback" }, ifname: "lo" },
  { command: "ADD", conf: PTP },
  { command: "ADD", conf: PTP, id: "c9" },
  { command: "ADD", conf: portmap([], { markMasqBit: 3, externalSetMarkChain: "X" }), prev: 33 },
  { command: "ADD", conf: portmap([], { markMasqBit: 33 }), prev: 33 },
  { command: "ADD", conf: portmap([{ hostPort: 0, containerPort: 80, protocol: "tcp" }]), prev: 33 },
  { command: "ADD", conf: { type: "tuning", sysctl: { "kernel.panic": "1" } }, prev: 33 },
  { command: "ADD", conf: { type: "tuning", mac: "zz" }, prev: 33 },
  { command: "ADD", conf: { type: "tuning", mtu: 1400 }, ifname: "eth9", prev: 33 },
  { command: "CHECK", conf: { type: "tuning", mac: "c2:11:22:33:44:56" }, prev: 33 },
  { command: "ADD", conf: { type: "tuning" }, args: "X=1", prev: 33 },
  { command: "ADD", conf: { type: "tuning" }, args: "X", prev: 33 },
  { command: "ADD", conf: { type: "bandwidth", ingressRate: 1000 }, prev: 33 },
  { command: "ADD", conf: { type: "bandwidth", egressBurst: 1000 }, prev: 33 },
  { command: "ADD", conf: { type: "bandwidth", ingressRate: 1000, ingressBurst: 8 * 2 ** 32 }, prev: 33 },
];

/** What a person changes behind the plugin's back, and CHECK says then; `HOST` is the veth's end on the machine. */
const SPOILED: Readonly<Record<string, readonly (readonly [place: string, command: string])[]>> = {
  "the interface is gone": [["pod", "ip link del eth0"]],
  "the address is gone": [["pod", "ip addr del 10.244.1.2/24 dev eth0"]],
  "the default route is gone": [["pod", "ip route del default"]],
  "another MAC": [["pod", "ip link set eth0 address 02:00:00:00:00:09"]],
  "the interface is down": [["pod", "ip link set eth0 down"]],
  "another MAC on the machine": [["host", "ip link set HOST address 02:00:00:00:00:09"]],
  "the bridge is gone": [["host", "ip link del cni0"]],
  "no port of the bridge": [["host", "ip link set HOST nomaster"]],
};

function onBoth<T>(what: (machine: PluginMachine) => T): { readonly real: T; readonly ours: T } {
  const [real, ours] = [realMachine(), simulatedMachine()];
  try {
    return { real: what(real), ours: what(ours) };
  } finally {
    real.close();
  }
}

function afterSpoiling(machine: PluginMachine, conf: PluginCallSpec["conf"], changes: (typeof SPOILED)[string]): string {
  const text = machine.call({ command: "ADD", conf }, undefined);
  const result = JSON.parse(text) as { interfaces: { name: string; sandbox?: string }[] };
  const host = result.interfaces.find(({ name, sandbox }) => sandbox === undefined && name.startsWith("veth"))!.name;
  for (const [place, command] of changes) machine.run(place, command.replace("HOST", host));
  return settled(machine.call({ command: "CHECK", conf }, JSON.parse(text)).replaceAll(/netns\/\S*pod/g, "netns/pod"));
}

const plainPaths = (said: readonly string[]): string[] => said.map((text) => settled(text.replaceAll(/netns\/\S*?(pod2?)"/g, 'netns/$1"')));

describeWith("Debian's containernetworking-plugins", [needs.netfilter, needs.cniPlugins], () => {
  test.each(Object.entries(SCENES))("%s", (_, calls) => {
    const { real, ours } = onBoth((machine) => play(machine, calls));
    expect(plainPaths(ours.said)).toEqual(plainPaths(real.said));
    expect(ours.shows).toBe(real.shows);
  });

  test("refuse, and give addresses, in the same words", () => {
    const { real, ours } = onBoth((machine) => play(machine, WORDS).said);
    expect(plainPaths(ours)).toEqual(plainPaths(real));
  });

  describe.each([["bridge", BRIDGE], ["ptp", PTP]] as const)("CHECK of %s", (type, conf) => {
    test.each(Object.entries(SPOILED).filter(([, changes]) => type === "bridge" || changes.every(([place]) => place === "pod")))("%s", (_, changes) => {
      const { real, ours } = onBoth((machine) => afterSpoiling(machine, { ...conf, ipam: PTP.ipam }, changes));
      expect(real).not.toBe("");
      expect(ours).toBe(real);
    });
  });
});
