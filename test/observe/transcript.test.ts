/** Acts as commands: what the tools make of the text is what the act does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { netnsByName } from "../../src/linux/netns.js";
import type { Act } from "../../src/linux/plumbing/act.js";
import { plumb } from "../../src/linux/plumbing.js";
import type { Stack } from "../../src/linux/stack.js";
import { commandsOf, formatTyped, NamespaceNames, transcriptText } from "../../src/observe/transcript.js";
import { readScript } from "../../src/shell/lab/script.js";
import { Shell } from "../../src/shell/shell.js";
import { createWorld } from "../../src/cluster/world.js";

const MACHINE = 1;

interface Machine {
  readonly s: Stack;
  readonly root: number;
}

/** A machine with a root namespace and nothing in it. */
function machine(): Machine {
  const { stack: s } = createWorld(1, []);
  plumb(s, { verb: "netns-add", node: MACHINE, name: "root" });
  const root = netnsByName(s, MACHINE, "root");
  plumb(s, { verb: "link-set", ns: root, name: "lo", up: true });
  return { s, root };
}

/** What the tools print of everything in the machine's namespaces. */
function state({ s, root }: Machine): string {
  const shell = new Shell(s, root);
  const names = shell.run("ip netns list").text.split("\n").filter((name) => name !== "");
  const questions = ["ip link show", "ip -d link show vx0", "ip addr show", "ip route show table all", "ip -6 route show", "ip rule show", "ip neigh show", "bridge fdb show", "bridge -d link show", "iptables-save -c", "ip6tables-save -c", "ipset save", "sysctl net.ipv4.ip_forward"];
  return ["", ...names].map((name) => questions.map((question) => `${name} ${question}\n${shell.run(name === "" ? question : `ip netns exec ${name} ${question}`).text}`).join("\n")).join("\n");
}

function typeAll({ s, root }: Machine, script: string): string[] {
  const shell = new Shell(s, root);
  return readScript(script).flatMap(({ text, stdin }) => {
    const done = shell.run(text, stdin ?? "");
    return done.code === 0 ? [] : [`${text}: ${done.text}`];
  });
}

/** Does the acts that are not refused on one machine, and types their commands into another. */
function compare(acts: readonly ((m: Machine, pod: number) => Act)[]): void {
  const [a, b] = [machine(), machine()];
  const first: Act[] = [
    { verb: "netns-add", node: MACHINE, name: "pod" },
  ];
  plumb(a.s, first[0]!);
  const pod = netnsByName(a.s, MACHINE, "pod");
  const done: Act[] = [...first];
  // A refused command may still have made its table: all are there from the first.
  const tables = [a.root, pod].flatMap((ns) => ([4, 6] as const).flatMap((family) => (["filter", "mangle", "nat"] as const).map((table): Act => ({ verb: "iptables", ns, family, table, op: "new-chain", chain: "FIRST" }))));
  for (const make of [() => ({ verb: "link-set", ns: pod, name: "lo", up: true }) as const, ...tables.map((one) => () => one), ...acts]) {
    const act = make(a, pod);
    if (plumb(a.s, act) === null) done.push(act);
  }
  const script = transcriptText(done, a.root);
  expect(typeAll(b, script), script).toEqual([]);
  expect(state(b), script).toBe(state(a));
}

const mac = fc.integer({ min: 1, max: 250 }).map((n) => `02:00:00:00:00:${n.toString(16).padStart(2, "0")}`);
const address = fc.integer({ min: 1, max: 6 }).map((n) => `10.0.0.${n}`);
const prefix = fc.constantFrom("10.1.0.0/16", "10.2.3.0/24", "192.168.0.0/24", "default", "10.9.9.9/32");
const dev = fc.constantFrom("br0", "v0", "v1", "vx0", "d0");
const spec = fc.constantFrom(
  '-m comment --comment "two words" -j ACCEPT', "-s 10.0.0.0/8 ! -d 10.1.0.0/16 -p tcp -m tcp --dport 80 -j RETURN", '-m comment --comment "it\'s $5 `now` \\"quoted\\"" -j DROP',
  "-p udp -m udp --dport 53 -j MARK --set-xmark 0x4000/0x4000", "-m statistic --mode random --probability 0.5 -j ACCEPT", "-j USER",
);
const table = fc.constantFrom("filter" as const, "mangle" as const, "nat" as const);
const chain = fc.constantFrom("OUTPUT", "USER");
const port = fc.record({ hairpin: fc.boolean(), learning: fc.boolean(), flood: fc.boolean() }, { requiredKeys: [] });
const hop = fc.record({ via: address, dev: fc.constantFrom("br0", "d0"), weight: fc.integer({ min: 1, max: 9 }), onlink: fc.boolean() }, { requiredKeys: ["via", "dev"] });
type Made = fc.Arbitrary<Record<string, unknown> & { readonly verb: string }>;

const act: Made = fc.oneof<Made[]>(
  fc.record({ verb: fc.constant("link-add"), name: fc.constant("br0"), kind: fc.constant("bridge"), mac, bridge: fc.constant({ ageing: 30_000_000_000 }), up: fc.boolean() }, { requiredKeys: ["verb", "name", "kind", "mac"] }),
  fc.record({ verb: fc.constant("link-add"), name: fc.constant("v0"), kind: fc.constant("veth"), mac, mtu: fc.constant(1400), peer: mac.map((m) => ({ name: "v1", mac: m })), up: fc.boolean() }, { requiredKeys: ["verb", "name", "kind", "mac", "peer"] }),
  fc.record({ verb: fc.constant("link-add"), name: fc.constant("vx0"), kind: fc.constant("vxlan"), mac, vxlan: fc.record({ id: fc.constant(7), port: fc.constant(4789), local: address, remote: address, learning: fc.boolean(), srcport: fc.constant([1000, 2000] as const) }, { requiredKeys: ["id"] }) }),
  fc.record({ verb: fc.constant("link-add"), name: fc.constant("d0"), kind: fc.constant("dummy"), mac, up: fc.constant(true) }),
  fc.record({ verb: fc.constant("link-set"), name: dev, up: fc.boolean(), mac, mtu: fc.integer({ min: 1000, max: 1500 }), promisc: fc.boolean() }, { requiredKeys: ["verb", "name"] }).filter((a) => Object.keys(a).length > 2),
  fc.record({ verb: fc.constant("link-set"), name: fc.constantFrom("v0", "d0"), master: fc.constantFrom("br0", null) }),
  port.chain((p) => fc.constant({ verb: "link-set", name: "v0", ...p })),
  fc.record({ verb: fc.constant("link-del"), name: dev }),
  fc.record({ verb: fc.constantFrom("addr-add", "addr-del", "addr-replace"), dev, addr: address.map((a) => `${a}/24`), scope: fc.constantFrom("global", "link", "host"), broadcast: fc.constant("10.0.0.255") }, { requiredKeys: ["verb", "dev", "addr"] }),
  fc.record({ verb: fc.constant("addr-flush"), dev }),
  fc.record({ verb: fc.constantFrom("route-add", "route-replace", "route-append", "route-del"), dst: prefix, dev, via: address, table: fc.constantFrom(100, 254), src: address, metric: fc.integer({ min: 0, max: 9 }), onlink: fc.boolean(), scope: fc.constantFrom("global", "link", "host"), proto: fc.constantFrom("static", "bird", "80"), mtu: fc.constant(1400) }, { requiredKeys: ["verb", "dst", "dev"] }),
  fc.record({ verb: fc.constant("route-add"), dst: prefix, type: fc.constantFrom("blackhole", "unreachable", "prohibit"), table: fc.constantFrom(100, 254) }, { requiredKeys: ["verb", "dst", "type"] }),
  fc.record({ verb: fc.constantFrom("route-add", "route-replace"), dst: prefix, nexthops: fc.array(hop, { minLength: 2, maxLength: 3 }) }),
  fc.record({ verb: fc.constant("route-flush"), table: fc.constantFrom(100, 254), dev: fc.constantFrom("br0", "d0") }, { requiredKeys: ["verb", "table"] }),
  fc.record({ verb: fc.constantFrom("rule-add", "rule-del"), pref: fc.integer({ min: 100, max: 105 }), from: prefix.filter((p) => p !== "default"), fwmark: fc.constantFrom(1, -1), mask: fc.constant(0xff), iif: fc.constant("br0"), table: fc.constantFrom(100, 254), not: fc.boolean() }, { requiredKeys: ["verb", "pref", "table"] }),
  fc.record({ verb: fc.constantFrom("neigh-add", "neigh-replace", "neigh-del"), dev, addr: address, mac, state: fc.constantFrom("permanent", "stale", "noarp") }, { requiredKeys: ["verb", "dev", "addr", "mac"] }),
  fc.record({ verb: fc.constantFrom("fdb-append", "fdb-replace", "fdb-del"), dev: fc.constant("vx0"), mac, dst: address, self: fc.constant(true), state: fc.constant("permanent") }),
  fc.record({ verb: fc.constantFrom("fdb-add", "fdb-replace", "fdb-del"), dev: fc.constant("v0"), mac, master: fc.constant(true), state: fc.constantFrom("permanent", "static") }),
  fc.record({ verb: fc.constant("sysctl"), key: fc.constant("net.ipv4.ip_forward"), value: fc.constantFrom("0", "1") }),
  fc.record({ verb: fc.constant("iptables"), family: fc.constant(4), table, op: fc.constantFrom("append", "insert", "delete"), chain, spec, flavour: fc.constant("nft") }, { requiredKeys: ["verb", "family", "table", "op", "chain", "spec"] }),
  fc.record({ verb: fc.constant("iptables"), family: fc.constantFrom(4, 6), table, op: fc.constantFrom("new-chain", "flush", "zero", "delete-chain"), chain: fc.constant("USER") }),
  fc.record({ verb: fc.constant("iptables"), family: fc.constant(4), table: fc.constant("filter"), op: fc.constant("insert"), chain: fc.constant("OUTPUT"), at: fc.constantFrom(1, 2), spec }),
  fc.record({ verb: fc.constant("iptables"), family: fc.constant(4), table, op: fc.constant("delete"), chain, at: fc.constant(1) }),
  fc.record({ verb: fc.constant("iptables"), family: fc.constant(4), table: fc.constantFrom("filter", "mangle"), op: fc.constant("policy"), chain: fc.constant("OUTPUT"), policy: fc.constantFrom("ACCEPT", "DROP") }),
  fc.record({ verb: fc.constant("iptables"), family: fc.constant(4), table, op: fc.constant("rename-chain"), chain: fc.constant("USER"), to: fc.constant("OTHER") }),
  fc.record({
    verb: fc.constant("iptables-restore"), family: fc.constantFrom(4, 6), noflush: fc.boolean(), counters: fc.boolean(),
    doc: fc.constant({ tables: [{ name: "filter", chains: [{ name: "USER", policy: "-" }, { name: "OUTPUT", policy: "DROP", packets: 3, bytes: 9 }, { name: "X", policy: "-" }], rules: [{ chain: "USER", spec: "-j RETURN", packets: 4, bytes: 400 }, { chain: "OUTPUT", op: "I", at: 1, spec: "-j USER" }, { chain: "OUTPUT", spec: "" }], deletes: ["X"] }] }),
  }, { requiredKeys: ["verb", "family", "doc"] }),
  fc.record({ verb: fc.constant("ipset"), op: fc.constant("create"), name: fc.constantFrom("s", "t"), type: fc.constant("hash:ip"), family: fc.constant(4), options: fc.constantFrom([], ["maxelem", "100"]), exist: fc.boolean() }),
  fc.record({ verb: fc.constant("ipset"), op: fc.constantFrom("add", "del"), name: fc.constantFrom("s", "t"), entry: address, exist: fc.boolean() }),
  fc.record({ verb: fc.constant("ipset"), op: fc.constantFrom("flush", "destroy"), name: fc.constantFrom("s", "t") }),
  fc.record({ verb: fc.constant("ipset"), op: fc.constantFrom("swap", "rename"), name: fc.constant("s"), to: fc.constant("t") }),
);

describe("any acts that a machine takes", () => {
  test("typed into another machine leave it the same", () => {
    const setUp: readonly Record<string, unknown>[] = [
      { verb: "link-add", name: "br0", kind: "bridge", mac: "02:00:00:00:01:01", up: true },
      { verb: "addr-add", dev: "br0", addr: "10.0.0.1/24" },
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(act, fc.boolean()), { minLength: 1, maxLength: 25 }), (list) => {
        const placed = [...setUp.map((one) => [one, false] as const), ...list];
        compare(placed.map(([one, inPod]) => (m, pod) => ({ ns: inPod ? pod : m.root, ...one }) as unknown as Act));
      }),
      { numRuns: 150 },
    );
  });

  test("with a pod's veth between two namespaces, and the namespace gone again", () => {
    const wire = (m: Machine, pod: number): Act => ({ verb: "link-add", ns: pod, name: "eth0", kind: "veth", mac: "02:00:00:00:00:01", mtu: 1450, peer: { ns: m.root, name: "veth1", mac: "02:00:00:00:00:02" } });
    compare([wire, (m) => ({ verb: "link-set", ns: m.root, name: "veth1", up: true }), (_m, pod) => ({ verb: "addr-add", ns: pod, dev: "eth0", addr: "10.1.0.2/24" })]);
    compare([wire, (_m, pod) => ({ verb: "netns-del", ns: pod })]);
    compare([wire, (m, pod) => ({ verb: "link-set", ns: m.root, name: "veth1", netns: pod, rename: "eth1" })]);
  });
});

describe("one act", () => {
  const names = new NamespaceNames(new Map([[1, ""], [2, "pod"]]));
  const typed = (one: Act): string[] => commandsOf(one, names).map(formatTyped);

  test.each<[string, Act, string[]]>([
    ["flannel's overlay", { verb: "link-add", ns: 1, name: "flannel.1", kind: "vxlan", mac: "f2:d1:87:54:72:30", mtu: 1450, vxlan: { id: 1, port: 8472, local: "172.18.0.2", dev: "eth0", learning: false } }, ["ip link add flannel.1 address f2:d1:87:54:72:30 mtu 1450 type vxlan id 1 dstport 8472 local 172.18.0.2 dev eth0 nolearning"]],
    ["a way to another node", { verb: "route-replace", ns: 1, dst: "10.244.1.0/24", via: "10.244.1.0", dev: "flannel.1", onlink: true }, ["ip route replace 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink"]],
    ["an entry of a tunnel", { verb: "fdb-replace", ns: 1, dev: "flannel.1", mac: "96:8e:65:e7:fe:6e", dst: "172.18.0.3", self: true, state: "permanent" }, ["bridge fdb replace 96:8e:65:e7:fe:6e dev flannel.1 dst 172.18.0.3 self permanent"]],
    ["a pod's default route", { verb: "route-add", ns: 2, dst: "default", via: "10.244.1.1", dev: "eth0" }, ["ip -n pod route add default via 10.244.1.1 dev eth0"]],
    ["a pod's IPv6 default route", { verb: "route-add", ns: 2, dst: "::/0", via: "fe80::1", dev: "eth0" }, ["ip -n pod -6 route add default via fe80::1 dev eth0"]],
    ["a port of a bridge", { verb: "link-set", ns: 1, name: "veth1", hairpin: true }, ["bridge link set dev veth1 hairpin on"]],
    ["a rule", { verb: "iptables", ns: 1, family: 4, table: "nat", op: "append", chain: "POSTROUTING", spec: '-m comment --comment "flanneld masq" -j FLANNEL-POSTRTG' }, ['iptables -t nat -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG']],
    ["a rule of a pod", { verb: "iptables", ns: 2, family: 6, table: "filter", op: "policy", chain: "INPUT", policy: "DROP", flavour: "legacy" }, ["ip netns exec pod ip6tables-legacy -P INPUT DROP"]],
    ["what sh would expand", { verb: "iptables", ns: 1, family: 4, table: "filter", op: "append", chain: "X", spec: '-m comment --comment "it\'s $HOME"' }, ["iptables -A X -m comment --comment 'it'\\''s $HOME'"]],
    ["a restore", { verb: "iptables-restore", ns: 1, family: 4, noflush: true, counters: true, doc: { tables: [{ name: "nat", chains: [{ name: "K", policy: "-" }], rules: [{ chain: "K", spec: "-j RETURN" }] }] } }, ["iptables-restore --noflush --counters <<'EOF'\n*nat\n:K - [0:0]\n-A K -j RETURN\nCOMMIT\nEOF"]],
    ["a set", { verb: "ipset", ns: 1, op: "create", name: "s", type: "hash:ip,port", family: 6, options: ["maxelem", "9"] }, ["ipset create s hash:ip,port family inet6 maxelem 9"]],
    ["flows of a service", { verb: "conntrack-delete", ns: 1, filter: { proto: "udp", origDst: "10.96.0.10", dport: 53 } }, ["conntrack -D -f ipv4 -p udp --orig-dst 10.96.0.10 --dport 53"]],
    ["all flows", { verb: "conntrack-delete", ns: 1, filter: {} }, ["conntrack -F"]],
    ["a sysctl of a pod", { verb: "sysctl", ns: 2, key: "net.ipv4.ip_forward", value: "1" }, ["ip netns exec pod sysctl -w net.ipv4.ip_forward=1"]],
    ["a slow cable", { verb: "link-set", ns: 1, name: "eth0", link: { delay: 50_000, rate: 1_000_000, loss: 0.5 } }, ["tc qdisc replace dev eth0 root netem delay 50us rate 1000000bit loss 50%"]],
  ])("%s", (_, one, lines) => expect(typed(one)).toEqual(lines));
});
