/**
 * Random Services and endpoints as a lab: a node with kube-proxy's rules for them in one mode, a client outside, one in a pod, a
 * server for each endpoint; the rules as the tool saves or lists them, and where connections end. What chance would choose is
 * settled as in exported clusters: endpoints in turn, masquerading that keeps ports.
 */
import fc from "fast-check";
import type { EndpointSlice, Service } from "../../../src/api/index.js";
import { canonicalAddress } from "../../../src/models/proxy/sloppy-address.js";
import { readNodePortAddresses } from "../../../src/models/proxy/proxy-node.js";
import { jumpRules } from "../../../src/models/proxy/iptables/jump-rules.js";
import { IptablesRenderer } from "../../../src/models/proxy/iptables/render.js";
import { formatPayload } from "../../../src/models/proxy/iptables/restore-doc.js";
import { firstSync, planSync } from "../../../src/models/proxy/iptables/sync.js";
import { formatCanonical } from "../../../src/models/proxy/nftables/canonical-form.js";
import { NftablesRenderer, nftTable } from "../../../src/models/proxy/nftables/render.js";
import { changeView, emptyView, type ProxyView, type ServiceState } from "../../../src/models/proxy/view.js";
import { history } from "../../models/proxy/arbitrary-services.js";
import { iptablesNode } from "../../models/proxy/proxy-nodes.js";

/** How the rules come into the kernel. */
export type ProxyTool = "legacy" | "nft-restore" | "nft";

/** A lab to be: a history of changes, of which the last words are rendered, and which connections are tried. */
export interface ProxyLab {
  readonly tool: ProxyTool;
  readonly family: 4 | 6;
  readonly masqueradeAll: boolean;
  readonly batches: readonly (readonly ServiceState[])[];
  /** draws that choose among all connections there could be */
  readonly picks: readonly number[];
}

const MOST_PROBES = 8;

export function proxyLabOf(tool: ProxyTool): fc.Arbitrary<ProxyLab> {
  return fc.record({
    tool: fc.constant(tool),
    family: fc.constantFrom(4 as const, 4 as const, 6 as const),
    masqueradeAll: fc.boolean(),
    batches: history,
    picks: fc.array(fc.nat(), { minLength: MOST_PROBES, maxLength: MOST_PROBES }),
  });
}

interface Shape {
  readonly node: string;
  readonly client: string;
  readonly inner: string;
  readonly pod: string;
  readonly host: number;
  readonly net: number;
}

const SHAPES: Readonly<Record<4 | 6, Shape>> = Object.freeze({
  4: { node: "192.168.0.2", client: "192.168.0.99", inner: "169.254.7.1", pod: "10.244.0.200", host: 32, net: 24 },
  6: { node: "2001:db8::1", client: "2001:db8::99", inner: "fd00:7::1", pod: "fd00:244:0::200", host: 128, net: 64 },
});

const UDP_TRIES = 1;
const WAIT = "0.4";

function viewOf(lab: ProxyLab): ProxyView {
  return lab.batches.reduce((view, batch) => changeView(view, batch), emptyView);
}

/** What the changes have left. */
function lastStates({ batches }: ProxyLab): readonly ServiceState[] {
  return [...new Map(batches.flat().map((state) => [state.key, state])).values()].filter(({ service }) => service !== undefined);
}

/** Every endpoint address of the family, whoever serves it. */
function endpointsOf(lab: ProxyLab): readonly string[] {
  const type = lab.family === 4 ? "IPv4" : "IPv6";
  const slices: readonly EndpointSlice[] = lastStates(lab).flatMap((state) => state.slices);
  return [...new Set(slices.filter(({ addressType }) => addressType === type).flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)))].sort();
}

function settled(text: string): string {
  return text
    .replace(/--mode random --probability ([\d.]+)/g, (_whole, p: string) => `--mode nth --every ${Math.round(1 / Number(p))} --packet 0`)
    .replace(/ --random-fully/g, "")
    .replaceAll("numgen random mod", "numgen inc mod")
    .replace(/ fully-random\b/g, "");
}

function rules(lab: ProxyLab): string[] {
  const { family, masqueradeAll, tool } = lab;
  const at = SHAPES[family];
  const addresses = [family === 4 ? "127.0.0.1" : "::1", at.node].map((text) => canonicalAddress(text)!);
  const primary = canonicalAddress(at.node)!;
  const node = iptablesNode({
    family, masqueradeAll, primary, addresses, counters: { invalidDropped: false, localhostAccepted: false }, localhostNodePorts: family === 4,
    detector: { kind: "cidr", cidr: family === 4 ? "10.244.0.0/16" : "fd00:244::/32" }, nodePorts: readNodePortAddresses([], family, primary, addresses),
  });
  const view = viewOf(lab);
  if (tool === "nft") {
    const { randomFully: _r, localhostNodePorts: _l, conntrackTcpBeLiberal: _c, counters: _n, ...every } = node;
    const nft = { ...every, release: "1.35" as const, serviceCIDRs: [family === 4 ? "10.96.0.0/16" : "fd00:96::/112"], nodePorts: readNodePortAddresses(["primary"], family, primary, addresses) };
    const renderer = new NftablesRenderer(() => 1);
    return ["ip netns exec node nft -f - <<EOF", settled(formatCanonical(nftTable(renderer.render(view, nft), nft, renderer.causeOf))).trimEnd(), "EOF", "ip netns exec node nft list ruleset"];
  }
  const program = `ip netns exec node ${family === 4 ? "iptables" : "ip6tables"}-${tool === "legacy" ? "legacy" : "nft"}`;
  const jumps = jumpRules(() => 1).map((rule) => (rule.verb === "ensureChain" ? `${program} -t ${rule.table} -N ${rule.chain}` : `${program} -t ${rule.table} -I ${rule.chain} ${rule.spec}`));
  const { doc } = planSync(new IptablesRenderer(() => 1), firstSync, view, node, { now: 0, syncPeriod: 30e9 });
  return [...jumps, `${program}-restore --noflush --counters <<EOF`, settled(formatPayload(doc)).trimEnd(), "EOF", `${program}-save`];
}

/** Connections that anybody might try, each as a line of the lab. */
function connections(lab: ProxyLab): readonly string[] {
  const { family } = lab;
  const ofFamily = (address: string): boolean => address.includes(":") === (family === 6);
  const tries = (from: string, protocol: string, to: string, port: number): string => `probe ${from} ${protocol.toLowerCase()} ${to} ${port} timeout=${WAIT} count=${protocol === "UDP" ? UDP_TRIES : 2}`;
  return lastStates(lab).flatMap(({ service }) => {
    const { spec, status } = service as Service;
    const outside = [...(spec.externalIPs ?? []), ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? [])].filter(ofFamily);
    return (spec.ports ?? []).flatMap(({ port, nodePort = 0, protocol = "TCP" }) => {
      if (protocol === "SCTP") return [];
      const inside = (spec.clusterIPs ?? []).filter(ofFamily);
      return [
        ...inside.flatMap((to) => ["pod", "node"].map((from) => tries(from, protocol, to, port))),
        ...outside.flatMap((to) => ["client", "pod"].map((from) => tries(from, protocol, to, port))),
        ...(nodePort === 0 ? [] : ["client", "pod"].map((from) => tries(from, protocol, SHAPES[family].node, nodePort))),
      ];
    });
  });
}

/** The script. */
export function proxyLabText(lab: ProxyLab): string {
  const { family } = lab;
  const at = SHAPES[family];
  const six = family === 6 ? "-6 " : "";
  const fresh = (ns: string): string[] => [
    `ip netns add ${ns}`,
    `ip -n ${ns} link set lo up`,
    ...(family === 6 ? ["all", "default"].map((each) => `ip netns exec ${ns} sysctl -qw net.ipv6.conf.${each}.accept_dad=0`) : []),
  ];
  const lines = [
    ...fresh("node"), ...fresh("client"),
    `ip netns exec node sysctl -qw net.ipv4.ip_forward=1`,
    ...(family === 6 ? ["ip netns exec node sysctl -qw net.ipv6.conf.all.forwarding=1"] : ["ip netns exec node sysctl -qw net.ipv4.conf.all.route_localnet=1"]),
    "ip netns exec node sysctl -qw net.ipv4.icmp_ratemask=0",
    "ip netns exec node sysctl -qw net.ipv6.icmp.ratelimit=0",
    "ip -n node link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:99 netns client",
    "ip -n node link set eth0 up", "ip -n client link set eth0 up",
    `ip -n node addr add ${at.node}/${at.net} dev eth0${family === 6 ? " nodad" : ""}`, `ip -n client addr add ${at.client}/${at.net} dev eth0${family === 6 ? " nodad" : ""}`,
    `ip -n client ${six}route add default via ${at.node}`,
  ];
  const attach = (ns: string, address: string, n: number): void => {
    const mac = (side: number): string => `02:00:00:0${side}:00:${n.toString(16).padStart(2, "0")}`;
    lines.push(
      ...fresh(ns),
      `ip -n node link add v${n} address ${mac(1)} type veth peer name eth0 address ${mac(2)} netns ${ns}`,
      `ip -n node link set v${n} up`, `ip -n ${ns} link set eth0 up`,
      `ip -n node addr add ${at.inner}/${at.host} dev v${n}${family === 6 ? " nodad" : ""}`, `ip -n ${ns} addr add ${address}/${at.host} dev eth0${family === 6 ? " nodad" : ""}`,
      `ip -n ${ns} ${six}route add ${at.inner} dev eth0`, `ip -n ${ns} ${six}route add default via ${at.inner} dev eth0`,
      `ip -n node ${six}route add ${address}/${at.host} dev v${n}`,
    );
  };
  attach("pod", at.pod, 1);
  endpointsOf(lab).forEach((address, i) => {
    attach(`ep${i}`, address, i + 2);
    const any = family === 6 ? " addr=::" : "";
    lines.push(`serve ep${i} tcp 8080${any}`, `serve ep${i} udp 8053${any}`);
  });
  const all = connections(lab);
  const chosen = [...new Set(all.length <= MOST_PROBES ? all : lab.picks.map((pick) => all[pick % all.length]!))];
  return `${[...lines, ...rules(lab), ...chosen].join("\n")}\n`;
}
