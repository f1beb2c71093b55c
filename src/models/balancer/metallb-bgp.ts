/**
 * MetalLB's BGP mode: on every node a speaker tells routers of the addresses that may be entered there, and takes nothing from
 * them. Read first: metallb `speaker/bgp_controller.go`, `internal/bgp/frr/templates` (frr.tmpl, neighborsession.tmpl).
 *
 * The speaker is FRR there; this says the same in BIRD's language, with FRR's timers.
 */
import { type BGPPeer, parseGoDuration } from "../../api/index.js";
import { compareText } from "../../base/names.js";
import { configureBird, killBird, stopBird } from "../bgp/bird-program.js";
import { startSpeaker } from "../bgp/speaker-program.js";
import type { Balanced, BalancerDoor, BalancerNode } from "./balancer-model.js";
import { anyMatches, isFor, type MetallbConfig, type MetallbPool, numberOf } from "./metallb-config.js";
import { formatWords } from "../../base/cidr.js";

/** A prefix that nodes announce, and how. */
export interface BgpAnnouncement {
  readonly prefix: string;
  readonly localPref: number;
  readonly communities: readonly string[];
  /** names of peers; empty: all */
  readonly peers: readonly string[];
  /** names of nodes */
  readonly nodes: readonly string[];
}

/** FRR's own: `timers bgp 60 180`, `timers connect 120`. */
const FRR = Object.freeze({ keepalive: 60, hold: 180, connect: 120 });
const SPEAKER = "speaker/";
const BGP_PORT = 179;

/** What one Service has announced: a prefix for each advertisement of its pool. */
export function announcements(pool: MetallbPool | undefined, { address, labels, nodes }: Balanced): readonly BgpAnnouncement[] {
  return (pool?.bgp ?? []).flatMap((ad): readonly BgpAnnouncement[] => {
    const names = nodes.filter((node) => isFor(ad.selects, node, labels)).map(({ name }) => name);
    return names.length === 0 ? [] : [{ prefix: prefixOf(address, ad.length), localPref: ad.localPref, communities: ad.communities, peers: ad.peers, nodes: names }];
  });
}

function prefixOf(address: string, length: number): string {
  const size = 2 ** (32 - length);
  return `${formatWords(4, [(Math.floor(numberOf(address) / size) * size) | 0, 0, 0, 0])}/${length}`;
}

interface Running {
  readonly app: number;
  readonly text: string;
}

/** Brings the speakers of all nodes to what is to be announced. */
export function syncSpeakers(door: BalancerDoor, config: MetallbConfig, all: readonly BgpAnnouncement[]): void {
  const nodes = door.nodes();
  for (const key of [...door.memory.keys()]) {
    if (!key.startsWith(SPEAKER) || nodes.some(({ name }) => SPEAKER + name === key)) continue;
    killBird(door.stack, (door.memory.get(key) as Running).app);
    door.memory.delete(key);
  }
  const byNode = new Map<string, BgpAnnouncement[]>();
  for (const each of all) for (const name of each.nodes) byNode.set(name, [...(byNode.get(name) ?? []), each]);
  for (const node of nodes) if (!node.silent) syncSpeaker(door, node, config.peers.filter(({ spec }) => anyMatches(spec.nodeSelectors ?? [], node.labels)), byNode.get(node.name) ?? []);
}

function syncSpeaker(door: BalancerDoor, node: BalancerNode, peers: readonly BGPPeer[], own: readonly BgpAnnouncement[]): void {
  const key = SPEAKER + node.name;
  const before = door.memory.get(key) as Running | undefined;
  if (peers.length === 0) {
    if (before !== undefined) stopBird(door.stack, before.app);
    door.memory.delete(key);
    return;
  }
  const text = speakerConfig(node, peers, own);
  if (before?.text === text) return;
  if (before === undefined) {
    const begun = startSpeaker(door.stack, node.ns, text, door.cause(`BGPPeer ${peers[0]!.metadata.namespace ?? "default"}/${peers[0]!.metadata.name}`, "spec"), node.name);
    if ("errors" in begun) throw new RangeError(`the speaker of ${node.name}: ${begun.errors.join("; ")}`);
    door.memory.set(key, Object.freeze<Running>({ app: begun.app, text }));
    return;
  }
  const refused = configureBird(door.stack, before.app, text);
  if (refused !== null) throw new RangeError(`the speaker of ${node.name}: ${refused.errors.join("; ")}`);
  door.memory.set(key, Object.freeze<Running>({ app: before.app, text }));
}

/** One prefix for one peer; where several advertisements have it, with the communities of all of them. */
interface Told {
  readonly prefix: string;
  readonly localPref: number;
  readonly communities: readonly string[];
}

function toldTo(peer: BGPPeer, own: readonly BgpAnnouncement[]): readonly Told[] {
  const told = new Map<string, Told>();
  for (const { prefix, localPref, communities, peers } of own) {
    if (peers.length > 0 && !peers.includes(peer.metadata.name)) continue;
    const before = told.get(prefix);
    told.set(prefix, { prefix, localPref: Math.max(localPref, before?.localPref ?? 0), communities: [...new Set([...(before?.communities ?? []), ...communities])].sort(compareText) });
  }
  return [...told.values()].sort((a, b) => compareText(a.prefix, b.prefix));
}

const wordOf = (peer: BGPPeer): string => `peer_${peer.metadata.name.replaceAll(/[^a-z0-9]/g, "_")}`;

/** A node's speaker, in BIRD's language. */
export function speakerConfig(node: BalancerNode, peers: readonly BGPPeer[], own: readonly BgpAnnouncement[]): string {
  const prefixes = [...new Set(own.map(({ prefix }) => prefix))].sort(compareText);
  return [
    `router id ${peers.find(({ spec }) => spec.routerID !== undefined)?.spec.routerID ?? node.address};`,
    "protocol device { scan time 10; }",
    `protocol static { ipv4; ${prefixes.map((prefix) => `route ${prefix} unreachable; `).join("")}}`,
    ...peers.flatMap((peer) => [...filterWords(peer, own), ...sessionWords(peer)]),
    "",
  ].join("\n");
}

function filterWords(peer: BGPPeer, own: readonly BgpAnnouncement[]): readonly string[] {
  const rules = toldTo(peer, own).map(({ prefix, localPref, communities }) => {
    const sets = [...(localPref === 0 ? [] : [`bgp_local_pref = ${localPref};`]), ...communities.map(communityWords)];
    return `  if net = ${prefix} then { ${[...sets, "accept;"].join(" ")} }`;
  });
  return [`filter to_${wordOf(peer)} {`, ...rules, "  reject;", "}"];
}

function communityWords(text: string): string {
  const large = text.startsWith("large:");
  const parts = (large ? text.slice("large:".length) : text).split(":");
  return `bgp_${large ? "large_" : ""}community.add((${parts.join(",")}));`;
}

const seconds = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : Math.floor(parseGoDuration(text) ?? otherwise));

function sessionWords(peer: BGPPeer): readonly string[] {
  const { myASN, peerASN = myASN, peerAddress = "", peerPort = BGP_PORT, sourceAddress, holdTime, keepaliveTime, connectTime, ebgpMultiHop = false, enableGracefulRestart = false } = peer.spec;
  const hold = seconds(holdTime, FRR.hold);
  return [
    `protocol bgp ${wordOf(peer)} {`,
    `  local ${sourceAddress === undefined ? "" : `${sourceAddress} `}as ${myASN};`,
    `  neighbor ${peerAddress}${peerPort === BGP_PORT ? "" : ` port ${peerPort}`} as ${peerASN};`,
    ...(ebgpMultiHop ? ["  multihop 255;"] : []),
    `  hold time ${hold};`,
    ...(hold === 0 ? [] : [`  keepalive time ${Math.max(1, seconds(keepaliveTime, FRR.keepalive))};`]),
    `  connect retry time ${seconds(connectTime, FRR.connect)};`,
    "  connect delay time 1;",
    "  error wait time 1,120;",
    `  graceful restart ${enableGracefulRestart ? "on" : "off"};`,
    `  ipv4 { import none; export filter to_${wordOf(peer)}; };`,
    "}",
  ];
}
