/**
 * CNI daemons hear of each other's nodes. What they write is one entry for each pair of nodes, by the nature of the thing;
 * the news is gathered, so that a start of n nodes costs a few events and not n * n. In a large cluster it waits until a
 * packet or a reader comes to the node: every node holds how much of the one list of news its kernel has.
 */
import type { CniNode } from "../models/cni/cni-model.js";
import { type Cidr, parseCidr } from "../base/cidr.js";
import { writeLater, writeNow } from "../linux/write-later.js";
import { cniNode, isUp } from "./node-agent.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import type { Change } from "./store.js";

/** Nodes that have come and gone between two looks; none, where what the daemons share has changed. */
interface News {
  readonly gone: readonly CniNode[];
  readonly fresh: readonly CniNode[];
  /** every node that was up, in the order of the options */
  readonly up: readonly CniNode[];
}

export interface PeersState {
  readonly known: readonly CniNode[];
  readonly news: readonly News[];
  readonly forgotten: number;
  readonly heard: ReadonlyMap<string, number>;
}

export class Peers implements Controller {
  readonly number = CONTROLLER.peers;
  /** nodes at the last look */
  private known: readonly CniNode[] = [];
  /** what some node has still to hear, the oldest first, and how much was before it */
  private news: News[] = [];
  private forgotten = 0;
  /** by node that is up, how much of all news its kernel has */
  private heard = new Map<string, number>();
  private readonly lazy: boolean;
  /** what a node needs its peers for */
  private readonly destinations: readonly Cidr[];

  constructor(private readonly p: Plane) {
    this.lazy = p.options.cni.speaks !== true && (p.options.lazy ?? p.options.nodes.length > 16);
    this.destinations = p.options.clusterCidrs.flatMap((text) => parseCidr(text) ?? []);
    if (this.lazy) this.writeBeforeUse();
  }

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind === "Node" && type === "DELETED") p.enqueue(this.number, "all", p.delays.peers);
  }

  sync(p: Plane, key: string): void {
    if (key === "shared") return this.tell({ gone: [], fresh: [], up: this.known });
    const wasUp = new Set(this.known.map((node) => node.name));
    const up = p.options.nodes.flatMap(({ name }) => {
      const node = isUp(p, name) ? p.store.get("Node", name) : undefined;
      return node === undefined ? [] : [cniNode(p, node)];
    });
    const stillUp = new Set(up.map((node) => node.name));
    const fresh = up.filter((node) => !wasUp.has(node.name));
    const gone = this.known.filter((node) => !stillUp.has(node.name));
    this.known = Object.freeze(up);
    if (fresh.length === 0 && gone.length === 0) return;
    for (const { name } of gone) {
      this.write(name);
      this.heard.delete(name);
    }
    for (const { name } of fresh) this.heard.set(name, this.told());
    this.tell({ gone, fresh, up });
  }

  private tell(news: News): void {
    this.news.push(Object.freeze(news));
    if (this.lazy) this.waitForUse();
    else this.flush();
  }

  /** Brings a node's kernel to what its daemon has heard; no node given: every node. */
  flush(name?: string): void {
    for (const node of name === undefined ? [...this.heard.keys()] : [name]) this.write(node);
    const least = Math.min(this.told(), ...this.heard.values());
    this.news.splice(0, least - this.forgotten);
    this.forgotten = least;
  }

  save(): PeersState {
    return { known: this.known, news: [...this.news], forgotten: this.forgotten, heard: new Map(this.heard) };
  }

  /** After the stack's restore. */
  restore(state: PeersState): void {
    this.known = state.known;
    this.news = [...state.news];
    this.forgotten = state.forgotten;
    this.heard = new Map(state.heard);
    this.waitForUse();
  }

  /** How much news there has been. */
  private told(): number {
    return this.forgotten + this.news.length;
  }

  private waitForUse(): void {
    for (const [name, heard] of this.heard) if (heard < this.told()) writeLater(this.p.s, this.p.nodes.get(name)!.ns, this.destinations, () => this.write(name));
  }

  /** What is not reached by a route to a pod is looked at by packets at the hooks. */
  private writeBeforeUse(): void {
    const { s } = this.p;
    const { hook } = s.op;
    s.op.hook = (at, packet, ns, inDev, outDev) => {
      writeNow(s, ns);
      return hook(at, packet, ns, inDev, outDev);
    };
  }

  private write(name: string): void {
    const from = this.heard.get(name);
    if (from === undefined || from === this.told()) return;
    this.heard.set(name, this.told());
    const { cni } = this.p.options;
    const door = this.p.door(this.p.nodes.get(name)!, cni.name);
    let self: CniNode | undefined;
    for (const { gone, fresh, up } of this.news.slice(from - this.forgotten)) {
      self = up.find((node) => node.name === name)!;
      for (const peer of gone) cni.peerDown(door, self, peer);
      for (const peer of fresh.some((node) => node.name === name) ? up : fresh) if (peer.name !== name) cni.peerUp(door, self, peer);
    }
    if (self !== undefined) cni.sharedChanged?.(door, self);
  }
}
