/** The networks that random labs are played in: what can be named in them, and the commands that build them. */

export const FAMILIES = Object.freeze(["bridge", "router", "overlay", "bridge6", "router6", "overlay6"] as const);
export type Family = (typeof FAMILIES)[number];
type Family4 = "bridge" | "router" | "overlay";

/** An end or a machine that can send: its namespace, the address it sends from, the MAC that address is behind. */
export interface End {
  readonly ns: string;
  readonly addr: string;
}

/** A namespace that has rules: its devices, and what its rules may speak of. */
export interface Node {
  readonly ns: string;
  readonly devices: readonly string[];
  /** ports of its bridge */
  readonly ports: readonly string[];
}

export interface World {
  readonly family: Family;
  /** what IP is spoken */
  readonly ip: 4 | 6;
  readonly nodes: readonly Node[];
  readonly ends: readonly End[];
  /** Addresses of the nodes themselves. */
  readonly own: readonly string[];
  readonly nets: readonly string[];
  /** Addresses of services: nobody's, behind the default route. */
  readonly services: readonly string[];
  /** On a network of the lab, and nobody's. The machines believe to know a MAC for them, which no one has. */
  readonly dead: readonly string[];
  readonly macs: readonly string[];
}

const SERVICES: readonly string[] = ["10.96.0.10", "10.96.0.11"];

const WORLDS4: Readonly<Record<Family4, World>> = Object.freeze<Record<Family4, World>>({
  bridge: {
    family: "bridge",
    ip: 4,
    nodes: [{ ns: "node", devices: ["cni0", "eth0"], ports: ["vp1", "vp2", "vp3"] }],
    ends: [
      { ns: "p1", addr: "10.244.1.11" }, { ns: "p2", addr: "10.244.1.12" }, { ns: "p3", addr: "10.244.1.13" }, { ns: "out", addr: "192.168.7.100" },
    ],
    own: ["10.244.1.1", "192.168.7.1"],
    nets: ["10.244.1.0/24", "10.244.0.0/16", "192.168.7.0/24"],
    services: SERVICES,
    dead: ["10.244.1.99", "192.168.7.99"],
    macs: ["02:00:00:00:00:03", "02:00:00:00:00:05", "02:00:00:00:00:09"],
  },
  router: {
    family: "router",
    ip: 4,
    nodes: [{ ns: "node", devices: ["va", "vb", "vc"], ports: [] }],
    ends: [{ ns: "a", addr: "10.1.0.10" }, { ns: "b", addr: "10.2.0.10" }, { ns: "c", addr: "10.3.0.10" }],
    own: ["10.1.0.1", "10.2.0.1", "10.3.0.1"],
    nets: ["10.1.0.0/24", "10.2.0.0/24", "10.0.0.0/14", "10.3.0.0/24"],
    services: SERVICES,
    dead: ["10.2.0.99", "10.3.0.99"],
    macs: ["02:00:00:00:00:02", "02:00:00:00:00:04", "02:00:00:00:00:06"],
  },
  overlay: {
    family: "overlay",
    ip: 4,
    nodes: [
      { ns: "n1", devices: ["cni0", "eth0", "flannel.1"], ports: ["vp11", "vp12"] },
      { ns: "n2", devices: ["cni0", "eth0", "flannel.1"], ports: ["vp21", "vp22"] },
    ],
    ends: [
      { ns: "p11", addr: "10.244.1.11" }, { ns: "p12", addr: "10.244.1.12" }, { ns: "p21", addr: "10.244.2.11" }, { ns: "p22", addr: "10.244.2.12" },
      { ns: "cl", addr: "192.168.9.100" },
    ],
    own: ["10.244.1.1", "10.244.2.1", "10.244.1.0", "192.168.9.11", "192.168.9.12"],
    nets: ["10.244.1.0/24", "10.244.2.0/24", "10.244.0.0/16", "192.168.9.0/24"],
    services: SERVICES,
    dead: ["10.244.2.99", "192.168.9.99"],
    macs: ["02:00:00:00:00:09", "02:00:00:00:00:0d", "02:00:00:00:00:11"],
  },
});

/**
 * The same network in IPv6: `10.244.1.11` is `fd00:10:244:1::11`, and a prefix is as long as the octets it covers. The address of
 * a tunnel, which ends in 0, would be the anycast address of its network there.
 */
function six(text: string): string {
  return text
    .replace(/127\.0\.0\.1/g, "::1")
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)\/14/g, "fd00:$1::/46")
    .replace(/(\d+)\.(\d+)\.0\.0\/16/g, "fd00:$1:$2::/48")
    .replace(/(\d+)\.(\d+)\.(\d+)\.0\/24/g, "fd00:$1:$2:$3::/64")
    .replace(/(\d+)\.(\d+)\.(\d+)\.0(\/32)?/g, (_, a, b, c, one) => `fd00:${a}:${b}:${c}::f0${one === undefined ? "" : "/128"}`)
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)(\/24)?/g, (_, a, b, c, d, net) => `fd00:${a}:${b}:${c}::${d}${net === undefined ? "" : "/64 nodad"}`);
}

function worldOf6(family: Family, w: World): World {
  const all = (texts: readonly string[]): string[] => texts.map(six);
  const ends = w.ends.map((end) => ({ ns: end.ns, addr: six(end.addr) }));
  return { family, ip: 6, nodes: w.nodes, ends, own: all(w.own), nets: all(w.nets), services: all(w.services), dead: all(w.dead), macs: w.macs };
}

export const WORLDS: Readonly<Record<Family, World>> = Object.freeze<Record<Family, World>>({
  ...WORLDS4,
  bridge6: worldOf6("bridge6", WORLDS4.bridge),
  router6: worldOf6("router6", WORLDS4.router),
  overlay6: worldOf6("overlay6", WORLDS4.overlay),
});

export interface Build {
  readonly callIptables: boolean;
  /** Every end knows every neighbour from the start. */
  readonly neighbours: boolean;
  readonly hairpin: boolean;
  /** Dead addresses are asked for by ARP, in vain. */
  readonly silence: boolean;
}

const NOBODY = "02:00:00:00:00:fe";

const QUIET =
  "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 net.ipv4.icmp_ratemask=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0";

/** Writes the commands that build a world. MACs are counted up in the order of the devices. */
class Builder {
  readonly lines: string[] = [];
  private macs = 0;

  constructor(private readonly build: Build) {}

  mac(): string {
    return `02:00:00:00:00:${(++this.macs).toString(16).padStart(2, "0")}`;
  }

  namespace(ns: string, forwards = false): void {
    this.lines.push(`ip netns add ${ns}`, `ip netns exec ${ns} sysctl -qw ${QUIET}${forwards ? " net.ipv4.ip_forward=1" : ""}`, `ip -n ${ns} link set lo up`);
  }

  bridge(ns: string, name: string, addr: string): string {
    const mac = this.mac();
    this.lines.push(`ip -n ${ns} link add ${name} address ${mac} type bridge mcast_snooping 0`, `ip -n ${ns} link set ${name} up`);
    if (addr !== "") this.lines.push(`ip -n ${ns} addr add ${addr} dev ${name}`);
    return mac;
  }

  /** A cable from `dev` of `ns` to eth0 of `end`; the MACs of both sides. */
  cable(ns: string, dev: string, end: string, addr: string): readonly [string, string] {
    const near = this.mac();
    const far = this.mac();
    this.lines.push(
      `ip -n ${ns} link add ${dev} address ${near} type veth peer name eth0 netns ${end}`,
      `ip -n ${end} link set eth0 address ${far} up`,
      `ip -n ${ns} link set ${dev} up`,
      `ip -n ${end} addr add ${addr} dev eth0`,
    );
    return [near, far];
  }

  port(ns: string, dev: string, bridge: string): void {
    this.lines.push(`ip -n ${ns} link set ${dev} master ${bridge}`);
    if (this.build.hairpin && bridge === "cni0") this.lines.push(`bridge -n ${ns} link set dev ${dev} hairpin on`);
  }

  callIptables(ns: string): void {
    this.lines.push(`ip netns exec ${ns} sysctl -qw net.bridge.bridge-nf-call-iptables=${this.build.callIptables ? 1 : 0}`);
  }

  route(ns: string, text: string): void {
    this.lines.push(`ip -n ${ns} route add ${text}`);
  }

  /** Everyone of one segment knows the others, and a MAC that nobody has for `dead`. */
  segment(members: readonly (readonly [ns: string, dev: string, addr: string, mac: string])[], dead = ""): void {
    if (dead !== "" && !this.build.silence) for (const [ns, dev] of members) this.lines.push(`ip -n ${ns} neigh add ${dead} lladdr ${NOBODY} dev ${dev} nud permanent`);
    if (!this.build.neighbours) return;
    for (const [ns, dev, addr] of members)
      for (const [, , other, mac] of members) if (other !== addr) this.lines.push(`ip -n ${ns} neigh add ${other} lladdr ${mac} dev ${dev} nud permanent`);
  }
}

function buildBridge(b: Builder): void {
  b.namespace("node", true);
  const mac = b.bridge("node", "cni0", "10.244.1.1/24");
  b.callIptables("node");
  const segment: [string, string, string, string][] = [["node", "cni0", "10.244.1.1", mac]];
  for (const n of [1, 2, 3]) {
    b.namespace(`p${n}`);
    const [, far] = b.cable("node", `vp${n}`, `p${n}`, `10.244.1.1${n}/24`);
    b.route(`p${n}`, "default via 10.244.1.1");
    b.port("node", `vp${n}`, "cni0");
    segment.push([`p${n}`, "eth0", `10.244.1.1${n}`, far]);
  }
  b.namespace("out");
  const [near, far] = b.cable("node", "eth0", "out", "192.168.7.100/24");
  b.lines.push("ip -n node addr add 192.168.7.1/24 dev eth0");
  b.route("out", "default via 192.168.7.1");
  b.route("node", "default via 192.168.7.100");
  b.segment(segment, "10.244.1.99");
  b.segment([["node", "eth0", "192.168.7.1", near], ["out", "eth0", "192.168.7.100", far]], "192.168.7.99");
}

function buildRouter(b: Builder): void {
  b.namespace("node", true);
  for (const [n, ns] of ["a", "b", "c"].entries()) {
    const net = `10.${n + 1}.0`;
    b.namespace(ns);
    const [near, far] = b.cable("node", `v${ns}`, ns, `${net}.10/24`);
    b.route(ns, `default via ${net}.1`);
    b.lines.push(`ip -n node addr add ${net}.1/24 dev v${ns}`);
    b.segment([["node", `v${ns}`, `${net}.1`, near], [ns, "eth0", `${net}.10`, far]], `${net}.99`);
  }
  b.route("node", "default via 10.3.0.10");
}

function buildOverlay(b: Builder): void {
  b.namespace("ul");
  b.bridge("ul", "br0", "");
  const underlay: [string, string, string, string][] = [];
  for (const n of [1, 2]) {
    const node = `n${n}`;
    b.namespace(node, true);
    const [, outer] = b.cable("ul", node, node, `192.168.9.1${n}/24`);
    underlay.push([node, "eth0", `192.168.9.1${n}`, outer]);
    b.port("ul", node, "br0");
    const mac = b.bridge(node, "cni0", `10.244.${n}.1/24`);
    b.callIptables(node);
    b.lines.push(
      `ip -n ${node} link add flannel.1 address 0e:00:00:00:00:0${n} type vxlan id 1 dstport 8472 srcport 50000 50001 local 192.168.9.1${n} dev eth0 nolearning`,
      `ip -n ${node} link set flannel.1 up`,
      `ip -n ${node} addr add 10.244.${n}.0/32 dev flannel.1`,
    );
    const far = 3 - n;
    b.route(node, `10.244.${far}.0/24 via 10.244.${far}.0 dev flannel.1 onlink`);
    b.lines.push(
      `ip -n ${node} neigh add 10.244.${far}.0 lladdr 0e:00:00:00:00:0${far} dev flannel.1 nud permanent`,
      `bridge -n ${node} fdb append 0e:00:00:00:00:0${far} dev flannel.1 dst 192.168.9.1${far}`,
    );
    const segment: [string, string, string, string][] = [[node, "cni0", `10.244.${n}.1`, mac]];
    for (const m of [1, 2]) {
      const pod = `p${n}${m}`;
      b.namespace(pod);
      const [, own] = b.cable(node, `v${pod}`, pod, `10.244.${n}.1${m}/24`);
      b.route(pod, `default via 10.244.${n}.1`);
      b.port(node, `v${pod}`, "cni0");
      segment.push([pod, "eth0", `10.244.${n}.1${m}`, own]);
    }
    b.segment(segment, `10.244.${n}.99`);
  }
  b.namespace("cl");
  const [, far] = b.cable("ul", "cl", "cl", "192.168.9.100/24");
  b.port("ul", "cl", "br0");
  b.route("cl", "default via 192.168.9.11");
  for (const node of ["n1", "n2"]) b.route(node, "default via 192.168.9.100");
  b.segment([...underlay, ["cl", "eth0", "192.168.9.100", far]], "192.168.9.99");
}

const QUIET6 =
  "net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.default.accept_ra=0 net.ipv6.icmp.ratelimit=0";
/** Seconds until groups have been joined and what was said about it is over. */
const SETTLED = 2.2;

/** The commands that build a world, `settings` in it. */
export function buildWorld(family: Family, build: Build, settings: readonly string[]): string[] {
  const b = new Builder(build);
  if (family === "bridge" || family === "bridge6") buildBridge(b);
  else if (family === "router" || family === "router6") buildRouter(b);
  else buildOverlay(b);
  if (WORLDS[family].ip === 4) return [...b.lines, ...settings];
  const line6 = (line: string): string =>
    six(line.replace(QUIET, QUIET6).replace("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding").replace("call-iptables", "call-ip6tables").replace(/(route add .*|neigh add .*)/, (words) => words.replace(/\/24$/, "")))
      .replace(/(route add \S+) nodad/, "$1");
  // Bridges have learned from reports about groups, which are not modelled, by now: both kernels' learn from these.
  const warm = WORLDS[family].nodes.flatMap((node) => WORLDS[family].ends.map((end) => `probe ${node.ns} icmp ${end.addr} timeout=0.3`));
  return [...b.lines.map(line6), ...settings, `sleep ${SETTLED}`, ...warm];
}
