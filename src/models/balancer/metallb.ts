/**
 * MetalLB in layer 2 mode: for each address one elected node answers ARP with its own MAC, so that all traffic for it enters
 * there. Read first: metallb `internal/layer2/announcer.go` and `speaker/layer2_controller.go`.
 */
import { compareText } from "../../base/names.js";
import { sha256 } from "../../base/sha256.js";
import { MS } from "../../base/time.js";
import { killApp, launch } from "../../linux/sock/app.js";
import type { Program } from "../../linux/sock/app.js";
import { type Balanced, type BalancerDoor, type BalancerModel, type BalancerNews, type BalancerNode, type BalancerWords, fromPool } from "./balancer-model.js";

const DELAY = 500 * MS;
const UPLINK = "eth0";
const CONTROLLER = "metallb-controller";
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

/** `pool` are the addresses of its IPAddressPool, which lie in the nodes' own subnet. */
export function metallb({ pool }: { readonly pool: readonly string[] }): BalancerModel {
  return Object.freeze<BalancerModel>({
    name: "metallb",
    ipMode: "VIP",
    check: null,
    delay: DELAY,
    words: WORDS,
    address: (taken, wish) => fromPool(pool, taken, wish),
    place: (door) => door.fabric,
    sync: announce,
    remove: withdraw,
  });
}

/** The program "metallb-speaker": announces an address and answers ARP for it on a device until it is ended. */
export const metallbSpeaker: Program = Object.freeze<Program>({
  name: "metallb-speaker",
  on(door, event) {
    if (event.kind === "start") door.arpAnswer(UPLINK, door.addressOf(String(event.args["address"])));
  },
});

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The smallest hash of node and address wins, so that all speakers elect alike without a word. */
export function electedSpeaker(nodes: readonly BalancerNode[], address: string): BalancerNode | undefined {
  const ranked = nodes.map((node) => ({ node, rank: hex(sha256(`${node.name}#${address}`)) }));
  return ranked.sort((x, y) => compareText(x.rank, y.rank))[0]?.node;
}

interface Announced {
  readonly node: string;
  readonly address: string;
  readonly app: number;
}

function announce(door: BalancerDoor, service: Balanced): readonly BalancerNews[] {
  const { key, address, nodes } = service;
  const leader = electedSpeaker(nodes, address);
  const before = door.memory.get(key) as Announced | undefined;
  if (before?.node === leader?.name && before?.address === address) return [];
  withdraw(door, service);
  if (leader === undefined) return [];
  const cause = door.cause(`Service ${key}`, "status.loadBalancer.ingress[0].ip");
  const app = launch(door.stack, leader.ns, metallbSpeaker.name, { address }, cause);
  door.memory.set(key, Object.freeze<Announced>({ node: leader.name, address, app }));
  return [{ reason: "nodeAssigned", message: `announcing from node "${leader.name}" with protocol "layer2"`, source: "metallb-speaker" }];
}

function withdraw(door: BalancerDoor, { key }: Balanced): void {
  const before = door.memory.get(key) as Announced | undefined;
  if (before !== undefined) killApp(door.stack, before.app);
  door.memory.delete(key);
}
