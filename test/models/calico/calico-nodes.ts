// Nodes with Calico and Felix on a fabric, pods that Calico itself attaches, and one address outside.
import type { Act, ActResult } from "../../../src/linux/plumbing/act.js";
import { plumb } from "../../../src/linux/plumbing.js";
import { setEntries } from "../../../src/linux/nf/ipset.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import { killApp, launch } from "../../../src/linux/sock/app.js";
import type { Stack } from "../../../src/linux/stack.js";
import { birdProgram } from "../../../src/models/bgp/bird-program.js";
import { calico } from "../../../src/models/cni/calico/calico.js";
import { type CalicoOptions, tunnelOf } from "../../../src/models/cni/calico/calico-options.js";
import { affineBlocks } from "../../../src/models/cni/calico/ipam.js";
import { calicoNode } from "../../../src/models/cni/calico/node-record.js";
import type { CniModel, CniNode } from "../../../src/models/cni/cni-model.js";
import { felix } from "../../../src/models/enforce/calico/felix.js";
import type { EnforceModel, EnforceView } from "../../../src/models/enforce/enforce-model.js";
import type { CniDoor } from "../../../src/models/node-door.js";
import { act, makeStack, netns } from "../../linux/world.js";
import { Answers, OUTSIDE, prober, server, type Try } from "../enforce/two-nodes.js";

export const POOL = "10.0.0.0/22";
const GATEWAY = "192.168.0.9";
const WAIT = 500_000_000;
const FORGET = 200_000_000_000;

export interface Place {
  readonly name: string;
  readonly ip: string;
}

export const PLACES: readonly Place[] = [
  { name: "n1", ip: "192.168.0.1" },
  { name: "n2", ip: "192.168.0.2" },
];

export class CalicoNodes {
  readonly s: Stack;
  readonly acts: { readonly node: string; readonly act: Act }[] = [];
  readonly shared = new Map<string, unknown>();
  readonly roots = new Map<string, number>();
  readonly #memories = new Map<string, Map<string, unknown>>();
  readonly #places = new Map<string, number>();
  readonly #answers = new Answers();
  readonly #cni: CniModel;
  readonly #felix: EnforceModel;
  readonly #out: number;
  #told = false;

  constructor(
    readonly encapsulation: CalicoOptions["encapsulation"],
    readonly places: readonly Place[] = PLACES,
    more: Partial<CalicoOptions> = {},
  ) {
    this.#cni = calico({ pool: POOL, blockSize: 28, encapsulation, ...more });
    this.#felix = felix({ pool: POOL, natOutgoing: true, tunnel: tunnelOf(encapsulation) });
    this.s = makeStack([server(), prober(this.#answers), birdProgram]);
    const { s } = this;
    const fabric = netns(s, "fabric", 99);
    act(s, { verb: "link-add", ns: fabric, name: "kind", kind: "bridge", up: true });
    places.forEach(({ name, ip }, i) => {
      const ns = netns(s, name, i + 1);
      this.roots.set(name, ns);
      this.#plug(fabric, name, ns, `${ip}/24`);
      act(s, { verb: "route-add", ns, dst: "default", via: GATEWAY });
      this.#serve(name, ns);
    });
    this.#out = netns(s, "out", 98);
    this.#plug(fabric, "out", this.#out, `${GATEWAY}/24`);
    act(s, { verb: "addr-add", ns: this.#out, dev: "lo", addr: `${OUTSIDE}/32` });
    for (const { ip } of places) act(s, { verb: "route-add", ns: this.#out, dst: `${ip}/32`, dev: "eth0", scope: "link", src: OUTSIDE });
    this.#serve("outside", this.#out);
    if (places === PLACES) for (const { name } of places) this.join(name);
  }

  /** The daemons of a node start, and hear of the others. */
  join(name: string): void {
    const up = this.#cni.nodeUp(this.door(name), this.node(name));
    if ("code" in up) throw new Error(up.msg);
    this.#up.add(name);
    this.#felix.nodeUp(this.door(name));
    for (const other of this.#others(name)) {
      this.#cni.peerUp(this.door(name), this.node(name), this.node(other));
      this.#cni.peerUp(this.door(other), this.node(other), this.node(name));
    }
    this.hear();
  }

  readonly #up = new Set<string>();

  /** A node's object is deleted: the others take away what they have of it. */
  leave(name: string): void {
    this.#up.delete(name);
    for (const other of this.#others(name)) this.#cni.peerDown(this.door(other), this.node(other), this.node(name));
    this.hear();
  }

  /** Names of the nodes that are there, in the order of their places. */
  get up(): readonly string[] {
    return this.places.map((each) => each.name).filter((each) => this.#up.has(each));
  }

  #others(name: string): string[] {
    return this.up.filter((each) => each !== name);
  }

  /** What was announced reaches every node, and the router outside hears of blocks as a fabric's would. */
  hear(): void {
    if (!this.#told) return;
    this.#told = false;
    for (const { name, ip } of this.places) {
      if (!this.#up.has(name)) continue;
      this.#cni.sharedChanged?.(this.door(name), this.node(name));
      for (const dst of affineBlocks(this.shared, name)) act(this.s, { verb: "route-replace", ns: this.#out, dst, via: ip, src: OUTSIDE });
    }
  }

  node(name: string): CniNode {
    return { name, podCidrs: [], addresses: [this.places.find((each) => each.name === name)!.ip], uplink: "eth0", annotations: {} };
  }

  #plug(fabric: number, name: string, ns: number, addr: string): void {
    const { s } = this;
    act(s, { verb: "link-add", ns, name: "eth0", kind: "veth", peer: { ns: fabric, name }, up: true });
    act(s, { verb: "link-set", ns: fabric, name, master: "kind", up: true });
    act(s, { verb: "addr-add", ns, dev: "eth0", addr });
  }

  #serve(name: string, ns: number): void {
    this.#places.set(name, ns);
    launch(this.s, ns, "answer", {});
  }

  /** A pod of a node, every port of which answers; the address that it got. */
  addPod(id: string, node: string): string {
    const { s } = this;
    const ns = netns(s, id, 1 + this.places.findIndex((each) => each.name === node));
    const result = this.#cni.add(this.door(node), this.node(node), { containerId: id, netns: ns, ifname: "eth0", pod: id });
    if ("code" in result) throw new Error(result.msg);
    this.#serve(id, ns);
    this.hear();
    return result.ips[0]!.address.replace("/32", "");
  }

  /** Address of a node's tunnel, undefined for none. */
  tunnelAddress(node: string): string | undefined {
    const address = calicoNode(this.shared, node)?.tunnelAddress;
    return address === "" ? undefined : address;
  }

  namespaceOf(place: string): number {
    return this.#places.get(place)!;
  }

  door(node: string): CniDoor {
    const { s, acts } = this;
    let memory = this.#memories.get(node);
    if (memory === undefined) this.#memories.set(node, (memory = new Map()));
    return {
      stack: s,
      ns: this.roots.get(node)!,
      node,
      memory,
      shared: this.shared,
      announce: () => void (this.#told = true),
      plumb(a: Act): ActResult {
        const refused = plumb(s, a);
        if (refused === null) acts.push({ node, act: a });
        return refused;
      },
      below: (what, n) => s.streams.below(s.streams.stream(`${node}/${what}`), n),
      cause: (object, path) => s.causes.of(object, path, "calico"),
    };
  }

  /** Brings all nodes to a view. */
  sync(view: EnforceView): void {
    for (const { name } of this.places) {
      const refused = this.#felix.sync(this.door(name), view);
      if (refused !== null) throw new Error(refused.message);
    }
  }

  /** Sends all of them, and says which were answered. */
  ask(tries: readonly Try[]): ReadonlySet<string> {
    this.#answers.heard.clear();
    const apps = [...new Set(tries.map((each) => each.from))].map((from) => launch(this.s, this.namespaceOf(from), "ask", { tries: tries.filter((each) => each.from === from) }));
    this.s.engine.run(this.s.engine.now + WAIT);
    const heard = new Set(this.#answers.heard);
    for (const app of apps) killApp(this.s, app);
    this.s.engine.run(this.s.engine.now + FORGET);
    return heard;
  }

  /** What a node's kernel holds of rules and sets, as text. */
  held(node: string): readonly string[] {
    const { s } = this;
    const ns = this.roots.get(node)!;
    const sets = s.sets.of(ns).flatMap((id) => {
      const set = s.sets.get(ns, id)!;
      return setEntries(s, set)
        .map((e) => `${s.sets.names.name(id)} ${e.text} #${e.cause}`)
        .concat(`create ${s.sets.names.name(id)}`);
    });
    return [...saveTables(s, ns, 4).split("\n"), ...sets.sort()];
  }
}
