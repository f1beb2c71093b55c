/**
 * MetalLB. In layer 2 mode one elected node answers ARP for an address with its own MAC, so that all traffic for it enters there; in BGP
 * mode every node that may announces it to routers (metallb-bgp.ts). Which of them it is, advertisements of the address's pool say.
 * Read first: metallb `internal/layer2/announcer.go`, `speaker/main.go`, `speaker/layer2_controller.go`.
 */
import type { Kind } from "../../api/index.js";
import { compareText } from "../../base/names.js";
import { sha256 } from "../../base/sha256.js";
import { MS, SECOND } from "../../base/time.js";
import { killApp, launch } from "../../linux/sock/app.js";
import type { Program } from "../../linux/sock/app.js";
import { speakerProgram } from "../bgp/speaker-program.js";
import type { Balanced, BalancerDoor, BalancerModel, BalancerNews, BalancerNode, BalancerWords } from "./balancer-model.js";
import { announcements, type BgpAnnouncement, syncSpeakers } from "./metallb-bgp.js";
import { assign, isFor, mayKeep, metallbConfig, type MetallbPool, poolOf } from "./metallb-config.js";

const DELAY = 500 * MS;
/** How long FRR's configuration waits for further changes (internal/bgp/frr/frr.go, debounceTimeout). */
const DEBOUNCE = 3 * SECOND;
const UPLINK = "eth0";
const CONTROLLER = "metallb-controller";
const SPEAKER = "metallb-speaker";
const NAMESPACE = "metallb-system";
const SERVICE = "service/";
const KINDS: readonly Kind[] = Object.freeze(["BGPAdvertisement", "BGPPeer", "Community", "IPAddressPool", "L2Advertisement"] as const);
const WORDS: BalancerWords = Object.freeze<BalancerWords>({
  source: CONTROLLER,
  finalizer: null,
  begins: null,
  given: (address) => ({ reason: "IPAllocated", message: `Assigned IP ["${address}"]`, source: CONTROLLER }),
  refused: (service, why) => ({ reason: "AllocationFailed", message: `Failed to allocate IP for "${service}": ${why}`, source: CONTROLLER }),
  moved: null,
  ends: null,
  ended: null,
});

/**
 * `pool` are addresses in the nodes' own subnet, which are given and announced by ARP for as long as the cluster has no IPAddressPool;
 * from then on MetalLB's objects decide.
 */
export function metallb({ pool }: { readonly pool: readonly string[] }): BalancerModel {
  return Object.freeze<BalancerModel>({
    name: "metallb",
    ipMode: "VIP",
    check: null,
    delay: DELAY,
    words: WORDS,
    namespace: NAMESPACE,
    kinds: KINDS,
    address: (door, ask) => assign(metallbConfig(door, pool), ask),
    keeps: (door, service, address) => mayKeep(metallbConfig(door, pool), service, address),
    place: (door) => door.fabric,
    sync: (door, service) => announce(door, service, poolOf(metallbConfig(door, pool), service.address)),
    remove: withdraw,
    later: {
      delay: DEBOUNCE,
      run(door) {
        const all = [...door.memory].flatMap(([key, value]) => (key.startsWith(SERVICE) ? (value as Announced).bgp : []));
        syncSpeakers(door, metallbConfig(door, pool), all);
      },
    },
  });
}

/** The program "metallb-speaker": announces an address and answers ARP for it on a device until it is ended. */
export const metallbSpeaker: Program = Object.freeze<Program>({
  name: "metallb-speaker",
  on(door, event) {
    if (event.kind === "start") door.arpAnswer(UPLINK, door.addressOf(String(event.args["address"])));
  },
});

/** Programs that a world with MetalLB must be made with. */
export const METALLB_PROGRAMS: readonly Program[] = Object.freeze([metallbSpeaker, speakerProgram]);

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The smallest hash of node and address wins, so that all speakers elect alike without a word. */
export function electedSpeaker(nodes: readonly BalancerNode[], address: string): BalancerNode | undefined {
  const ranked = nodes.map((node) => ({ node, rank: hex(sha256(`${node.name}#${address}`)) }));
  return ranked.sort((x, y) => compareText(x.rank, y.rank))[0]?.node;
}

/** What is announced of a Service: by whom over ARP, and what to routers. */
interface Announced {
  readonly address: string;
  readonly leader: string;
  readonly app: number;
  readonly bgp: readonly BgpAnnouncement[];
}

function announce(door: BalancerDoor, service: Balanced, pool: MetallbPool | undefined): readonly BalancerNews[] {
  const { key, address, nodes, labels } = service;
  const before = door.memory.get(SERVICE + key) as Announced | undefined;
  const answering = nodes.filter((node) => (pool?.layer2 ?? []).some((ad) => isFor(ad, node, labels)));
  const elected = electedSpeaker(answering, address);
  const leader = elected?.name ?? "";
  const stays = before?.leader === leader && before.address === address;
  if (!stays && before !== undefined && before.app !== 0) killApp(door.stack, before.app);
  const app = stays ? before.app : elected === undefined ? 0 : answerArp(door, service, elected);
  const bgp = announcements(pool, service);
  door.memory.set(SERVICE + key, Object.freeze<Announced>({ address, leader, app, bgp }));
  const told = new Set(before?.address === address ? speakersOf(before.bgp) : []);
  return [
    ...(stays || leader === "" ? [] : [assigned(leader, "layer2")]),
    ...speakersOf(bgp).filter((name) => !told.has(name)).map((name) => assigned(name, "bgp")),
  ];
}

const assigned = (node: string, protocol: string): BalancerNews => ({ reason: "nodeAssigned", message: `announcing from node "${node}" with protocol "${protocol}"`, source: SPEAKER });

const speakersOf = (bgp: readonly BgpAnnouncement[]): readonly string[] => [...new Set(bgp.flatMap(({ nodes }) => nodes))];

function answerArp(door: BalancerDoor, { key, address }: Balanced, { ns }: BalancerNode): number {
  return launch(door.stack, ns, metallbSpeaker.name, { address }, door.cause(`Service ${key}`, "status.loadBalancer.ingress[0].ip"));
}

function withdraw(door: BalancerDoor, { key }: Balanced): void {
  const before = door.memory.get(SERVICE + key) as Announced | undefined;
  if (before !== undefined && before.app !== 0) killApp(door.stack, before.app);
  door.memory.delete(SERVICE + key);
}
