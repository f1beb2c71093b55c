/** Random labs: a world, what is set in it, rules, probes, and the questions that end it. */
import fc from "fast-check";
import { type Rule, restoreText, rulesFor } from "./rules.js";
import { type Build, buildWorld, FAMILIES, type Family, type Node, WORLDS, type World } from "./world.js";

interface Service {
  readonly addr: string;
  readonly first: string;
  readonly second: string;
  readonly masquerade: boolean;
}

export interface RandomLab {
  readonly family: Family;
  /** whose tables the rules are in */
  readonly flavour: "legacy" | "nft";
  readonly build: Build;
  readonly settings: readonly string[];
  readonly services: readonly Service[];
  readonly rules: readonly (readonly Rule[])[];
  readonly routes: readonly string[];
  readonly probes: readonly string[];
  readonly capture: boolean;
  readonly trace: boolean;
}

/**
 * Seconds: for both FINs of a connection, for the last packets of a lab, and until nothing is asked by ARP any more. With
 * probes of 0.4 s a lab ends a tenth of a second and more away from the times at which TCP sends again (0.2, 0.6, 1, 1.4, 3).
 */
const TEARDOWN = 0.03;
const PROBE = 0.4;
const REST = 0.3;
const ARP_GIVES_UP = 3.4;

const one = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

function settingsOf(world: World): fc.Arbitrary<readonly string[]> {
  const node = one(world.nodes).chain((at) => {
    const dev = one(at.devices);
    const sysctls = world.ip === 6 ? one(["net.ipv6.conf.all.forwarding=0", "net.netfilter.nf_conntrack_tcp_be_liberal=1"]) : fc.oneof(
      fc.tuple(dev, one([1, 2])).map(([d, n]) => `net.ipv4.conf.${d.replace(".", "/")}.rp_filter=${n}`),
      dev.map((d) => `net.ipv4.conf.${d.replace(".", "/")}.route_localnet=1`),
      dev.map((d) => `net.ipv4.conf.${d.replace(".", "/")}.proxy_arp=1 net.ipv4.neigh.${d.replace(".", "/")}.proxy_delay=0`),
      fc.tuple(dev, one([1, 2, 8])).map(([d, n]) => `net.ipv4.conf.${d.replace(".", "/")}.arp_ignore=${n}`),
      fc.constant("net.ipv4.conf.all.accept_local=1"),
      fc.constant("net.ipv4.ip_forward=0"),
      fc.constant("net.netfilter.nf_conntrack_tcp_be_liberal=1"),
    );
    return sysctls.map((text) => `ip netns exec ${at.ns} sysctl -qw ${text}`);
  });
  const mtu = one(world.ends).chain((end) => one([1280, 1400]).map((n) => `ip -n ${end.ns} link set eth0 mtu ${n}`));
  return fc.array(fc.oneof({ weight: 4, arbitrary: node }, { weight: 1, arbitrary: mtu }), { maxLength: 2 });
}

function routesOf(world: World): fc.Arbitrary<readonly string[]> {
  const route = one(world.nodes).chain((node) => {
    const end = one(world.ends);
    const dead = one([...world.services, ...world.ends.map((e) => e.addr)]);
    return fc.oneof(
      fc.tuple(one(["blackhole", "unreachable", "prohibit", "throw"]), dead).map(([kind, addr]) => [`route add ${kind} ${addr}`]),
      fc.tuple(one(["0x1", "0x4000/0x4000"]), one(["blackhole", "unreachable", "prohibit"]), dead).map(([mark, kind, addr]) => [`rule add fwmark ${mark} lookup 100`, `route replace ${kind} ${addr} table 100`]),
      fc.tuple(one(["0x1", "0x4000/0x4000"]), end).map(([mark, e]) => [`rule add fwmark ${mark} lookup 101`, `route replace default via ${e.addr} table 101`]),
      fc.tuple(end, one(["blackhole", "unreachable", "prohibit"])).map(([e, kind]) => [`rule add from ${e.addr} ${kind}`]),
      fc.tuple(one(node.devices), one(world.nets), end).map(([dev, net, e]) => [`rule add iif ${dev} to ${net} lookup 102`, `route replace default via ${e.addr} table 102`]),
      fc.tuple(end, end, one(["", "not "])).map(([from, e, not]) => [`rule add ${not}from ${from.addr} lookup 103`, `route replace ${e.addr} via ${e.addr} mtu 1350 table 103`]),
      fc.tuple(one(world.services), end).map(([addr, e]) => [`route add ${addr} via ${e.addr}`]),
      fc.tuple(one(world.services), end, one(["1300", "1000"])).map(([addr, e, mtu]) => [`route add ${addr} via ${e.addr} mtu ${mtu} src ${world.own[0]!}`]),
    ).map((lines) => lines.map((line) => `ip -n ${node.ns} ${world.ip === 6 ? "-6 " : ""}${line}`).join("\n"));
  });
  return fc.array(route, { maxLength: 2 });
}

function probesOf(world: World): fc.Arbitrary<readonly string[]> {
  const from = one([...world.ends.map((end) => end.ns), ...world.ends.map((end) => end.ns), ...world.nodes.map((node) => node.ns)]);
  const to = one([...world.ends, ...world.ends].map((end) => end.addr).concat(world.own, world.services, world.services, world.dead.slice(0, 1)));
  const tcp = fc.tuple(from, to, one([8080, 80, 80, 8080, 8081])).map(([ns, addr, port]) => `probe ${ns} tcp ${addr} ${port} from=PORT timeout=${PROBE}`);
  const udp = fc.tuple(from, to, one([5353, 53, 53, 5353, 5354]), one(["", "", " count=2"])).map(([ns, addr, port, more]) => `probe ${ns} udp ${addr} ${port} from=PORT timeout=${PROBE}${more}`);
  const icmp = fc
    .tuple(from, to, one(["", "", " ttl=1", " ttl=2", " size=1400", world.ip === 4 ? " size=1440 df=1" : " size=1440", " size=1480", " size=3000", world.ip === 4 ? " size=1472 df=1" : " size=1452"]))
    .map(([ns, addr, more]) => `probe ${ns} icmp ${addr} timeout=${PROBE}${more}`);
  return fc.array(fc.oneof({ weight: 4, arbitrary: tcp }, { weight: 3, arbitrary: udp }, { weight: 3, arbitrary: icmp }), { minLength: 1, maxLength: 10, size: "max" });
}

function labOf(family: Family): fc.Arbitrary<RandomLab> {
  const world = WORLDS[family];
  const end = one(world.ends.map((e) => e.addr));
  return fc.record({
    family: fc.constant(family),
    flavour: one(["legacy", "legacy", "nft"] as const),
    build: fc.record({ callIptables: fc.boolean(), neighbours: one([true, true, false]), hairpin: one([true, true, false]), silence: fc.integer({ min: 0, max: 9 }).map((n) => n === 9) }),
    settings: settingsOf(world),
    services: fc.array(fc.record({ addr: one(world.services), first: end, second: end, masquerade: fc.boolean() }), { maxLength: 2 }),
    rules: fc.tuple(...world.nodes.map((node) => rulesFor(world, node))),
    routes: routesOf(world),
    probes: probesOf(world),
    capture: fc.boolean(),
    trace: one([false, false, true]),
  }).map(settled);
}

/**
 * Neighbours that were not given are doubted five seconds after they were last heard of, so such labs are shorter than that, and
 * shorter yet where the nodes have asked everybody before the rules.
 */
const SHORT: Readonly<Record<4 | 6, number>> = { 4: 3, 6: 1.7 };

function settled(lab: RandomLab): RandomLab {
  const neighbours = lab.build.neighbours || lab.build.silence;
  if (neighbours) return { ...lab, build: { ...lab.build, neighbours } };
  let left = SHORT[WORLDS[lab.family].ip];
  const probes = lab.probes.filter((probe) => {
    left -= PROBE * (probe.includes("count=2") ? 2 : 1);
    return left >= 0;
  });
  return { ...lab, probes };
}

export const randomLab: fc.Arbitrary<RandomLab> = fc.oneof(...FAMILIES.map(labOf));

/** An address before a port. */
function withPort(addr: string, port: number): string {
  return addr.includes(":") ? `[${addr}]:${port}` : `${addr}:${port}`;
}

function serviceRules(services: readonly Service[]): string[] {
  const lines = services.flatMap(({ addr, first, second, masquerade }) => {
    const nth = "-m statistic --mode nth --every 2 --packet 0 ";
    const mark = masquerade ? [`-A PREROUTING -d ${addr} -j MARK --set-xmark 0x4000/0x4000`] : [];
    const choose = (chain: string): string[] => [
      `-A ${chain} -d ${addr} -p tcp -m tcp --dport 80 ${nth}-j DNAT --to-destination ${withPort(first, 8080)}`,
      `-A ${chain} -d ${addr} -p tcp -m tcp --dport 80 -j DNAT --to-destination ${withPort(second, 8080)}`,
      `-A ${chain} -d ${addr} -p udp -m udp --dport 53 -j DNAT --to-destination ${withPort(first, 5353)}`,
    ];
    return [...mark, ...choose("PREROUTING"), ...choose("OUTPUT")];
  });
  return lines.length === 0 ? [] : [...lines, "-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE"];
}

function setsOf(world: World, node: Node): string[] {
  const [first, second, third = second] = world.ends.map((end) => end.addr);
  const inet6 = world.ip === 6 ? " family inet6" : "";
  return [
    `create hosts hash:ip${inet6}`, `create nets hash:net${inet6}`, `create svc hash:ip,port${inet6}`, "create all list:set", "create ports bitmap:port range 1-9000", `create seen hash:ip${inet6}`,
    `add hosts ${first}`, `add hosts ${third}`, `add nets ${world.nets[0]}`, `add nets ${second}${world.ip === 6 ? "/128" : "/32"} nomatch`, `add svc ${second},tcp:8080`, `add svc ${first},udp:5353`,
    "add all hosts", "add all nets", "add ports 8080", "add ports 53",
  ].map((text) => `ip netns exec ${node.ns} ipset ${text}`);
}

function tool(lab: RandomLab, world: World): string {
  return `${world.ip === 6 ? "ip6tables" : "iptables"}-${lab.flavour}`;
}

function questions(lab: RandomLab, world: World, node: Node): string[] {
  const six = world.ip === 6;
  const tables = ["raw", "mangle", "nat", "filter"].map((table) => `ip netns exec ${node.ns} ${tool(lab, world)}-save -c -t ${table}`);
  return [
    ...tables,
    `ip netns exec ${node.ns} conntrack -L${six ? " -f ipv6" : ""}`,
    // What was said about groups is counted there, and differs from run to run.
    ...(six ? [] : node.devices.map((dev) => `ip -n ${node.ns} -s link show dev ${dev}`)),
    `ip -n ${node.ns} ${six ? "-6 " : ""}route show`,
    `ip -n ${node.ns} ${six ? "-6 " : ""}rule show`,
    ...(lab.build.neighbours ? [`ip -n ${node.ns} neigh show`] : []),
    ...(node.ports.length > 0 ? [`bridge -n ${node.ns} fdb show br cni0`] : []),
    ...[world.ends[0]!.addr, world.services[0]!].map((addr) => `ip -n ${node.ns} route get ${addr}`),
    ...["hosts", "seen"].flatMap((set) => world.ends.map((end) => `ip netns exec ${node.ns} ipset test ${set} ${end.addr}`)),
  ];
}

/** The script of a lab. */
export function labText(lab: RandomLab): string {
  const world = WORLDS[lab.family];
  const lines = [`# family ${lab.family}`, ...buildWorld(lab.family, lab.build, lab.settings)];
  // What iptables-nft traces is not told in this way.
  const trace = lab.trace && lab.flavour === "legacy" && world.ip === 4;
  const traced = trace ? ["-A PREROUTING -j TRACE", "-A OUTPUT -j TRACE"] : [];
  for (const [n, node] of world.nodes.entries()) {
    const rules = lab.rules[n]!;
    const text = restoreText(rules, { raw: traced, nat: serviceRules(lab.services) }, {});
    if (rules.some((rule) => rule.words.some((word) => word.includes("-set ")))) lines.push(...setsOf(world, node));
    if (text.length > 0) lines.push(`ip netns exec ${node.ns} ${tool(lab, world)}-restore <<RULES`, ...text, "RULES");
  }
  lines.push(...new Set(lab.routes.flatMap((route) => route.split("\n"))));
  const any = world.ip === 6 ? " addr=::" : "";
  for (const end of world.ends) lines.push(`serve ${end.ns} tcp 8080${any}`, `serve ${end.ns} udp 5353${any}`);
  lines.push(`serve ${world.nodes[0]!.ns} tcp 8080${any}`);
  if (lab.capture) lines.push(`capture ${[...world.nodes, ...world.ends].map((at) => at.ns).join(" ")}`);
  if (trace) lines.push(`trace ${world.nodes.map((node) => node.ns).join(" ")}`);
  for (const [n, probe] of lab.probes.entries()) lines.push(probe.replace("from=PORT", `from=${40001 + n}`), ...(probe.includes(" tcp ") ? [`sleep ${TEARDOWN}`] : []));
  lines.push(`sleep ${lab.build.silence && lab.probes.some((probe) => world.dead.some((addr) => probe.includes(addr))) ? ARP_GIVES_UP : REST}`);
  if (lab.capture) lines.push("captured");
  if (trace) lines.push("traced");
  for (const node of world.nodes) lines.push(...questions(lab, world, node));
  return `${lines.join("\n")}\n`;
}
