/**
 * kube-proxy on every node. One shared picture of Services and endpoints follows the watch; a sync stamps its node with the
 * picture of that instant. In a large cluster the rules wait until a packet or a reader comes to the node.
 */
import { extended } from "../base/extended.js";
import type { EndpointSlice, Service } from "../api/index.js";
import type { CauseOf } from "../models/proxy/cause-of.js";
import { type ProxyNode, readNodePortAddresses } from "../models/proxy/proxy-node.js";
import { canonicalAddress, type Family } from "../models/proxy/sloppy-address.js";
import { iptablesProxy, lastFullSync } from "../models/proxy/iptables/iptables-proxy.js";
import { IptablesRenderer } from "../models/proxy/iptables/render.js";
import { IPVS_DEVICE } from "../models/proxy/ipvs/ipvs-kernel.js";
import { ipvsProxy } from "../models/proxy/ipvs/ipvs-proxy.js";
import { IpvsRenderer } from "../models/proxy/ipvs/render.js";
import { nftablesProxy } from "../models/proxy/nftables/nftables-proxy.js";
import { NftablesRenderer } from "../models/proxy/nftables/render.js";
import { changeView, emptyView, type ProxyView, type ServiceState, sliceOwner } from "../models/proxy/view.js";
import { SECOND } from "../base/time.js";
import { listAddresses } from "../linux/plumbing/ipvs-list.js";
import type { HealthAnswer, HealthListener } from "../models/proxy/health-program.js";
import type { NodeDoor } from "../models/node-door.js";
import { isUp } from "./node-agent.js";
import { isSilent } from "./node-lifecycle.js";
import type { PlaneNode } from "./options.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { answerHealth, listenForHealth } from "./proxy-health.js";
import { type Change, keyOf } from "./store.js";

const MODEL = "kube-proxy";
/** `syncPeriod` */
const SYNC_PERIOD: number = 30 * SECOND;
/** Before the name of a node in the key of the work on its real servers that drain. */
const DRAIN = "drain/";
/** rsCheckDeleteInterval */
const DRAIN_PERIOD: number = 60 * SECOND;

export interface ProxyAgentState {
  readonly view: ProxyView;
  readonly dirty: readonly string[];
  readonly services: ReadonlyMap<string, Service>;
  readonly slices: ReadonlyMap<string, ReadonlyMap<string, EndpointSlice>>;
  readonly asked: readonly string[];
  readonly lastRun: ReadonlyMap<string, number>;
  readonly stamped: ReadonlyMap<string, ProxyView>;
  readonly written: ReadonlyMap<string, ProxyView>;
}

export class ProxyAgent implements Controller {
  readonly number = CONTROLLER.proxy;
  private view: ProxyView = emptyView;
  /** what the watch has told so far, and the Services that the view does not show as they are */
  private services = new Map<string, Service>();
  private slices = new Map<string, Map<string, EndpointSlice>>();
  private dirty = new Set<string>();
  /** nodes that have a sync before them */
  private asked = new Set<string>();
  private lastRun = new Map<string, number>();
  private stamped = new Map<string, ProxyView>();
  private written = new Map<string, ProxyView>();
  private readonly program: Program;
  private readonly ipvs: IpvsProgram | null;
  private readonly lazy: boolean;
  private readonly names: ReadonlyMap<number, string>;

  /** `wroteAll` hears of a node whose proxy has put its jumps where it wants them. */
  constructor(
    private readonly p: Plane,
    private readonly wroteAll: (node: string) => void = () => {},
  ) {
    const causeOf: CauseOf = (object, path) => p.causeOf(MODEL, object, path);
    const mode = p.options.proxy?.mode;
    const ipvs = mode === "ipvs" ? ipvsProgram(p, causeOf) : null;
    this.ipvs = ipvs;
    this.program = ipvs !== null ? ipvs.write : mode === "nftables" ? nftablesProgram(p, causeOf) : iptablesProgram(p, causeOf);
    // Where a packet is for is asked before any hook, and service addresses are the node's own in IPVS mode.
    this.lazy = ipvs === null && (p.options.lazy ?? p.options.nodes.length > 16);
    this.names = new Map(p.options.nodes.map((node) => [node.ns, node.name]));
    if (this.lazy) this.writeBeforeUse();
  }

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind === "Service") {
      const key = keyOf(object);
      if (type === "DELETED") this.services.delete(key);
      else this.services.set(key, object);
      this.dirty.add(key);
    } else if (object.kind === "EndpointSlice") {
      const owner = sliceOwner(object);
      if (owner === null) return;
      const known = this.slices.get(owner) ?? new Map<string, EndpointSlice>();
      if (type === "DELETED") known.delete(keyOf(object));
      else known.set(keyOf(object), object);
      this.slices.set(owner, known);
      this.dirty.add(owner);
    } else return;
    if (this.asked.size < p.options.nodes.length) for (const { name } of p.options.nodes) if (!this.asked.has(name) && isUp(p, name)) this.ask(p, name);
  }

  sync(p: Plane, name: string): void {
    if (name.startsWith(DRAIN)) {
      this.drain(p, name.slice(DRAIN.length));
      return;
    }
    this.asked.delete(name);
    const node = p.nodes.get(name);
    if (node === undefined || !isUp(p, name) || isSilent(p, name)) return;
    this.update();
    this.lastRun.set(name, p.now);
    this.stamped.set(name, this.view);
    if (!this.lazy || !this.written.has(name)) this.write(node);
    if (!this.lazy) listenForHealth(p, node, this.view, familiesOf(p)[0]!);
    if (this.ipvs?.drains(this.p.door(node, MODEL)) === true) p.enqueue(this.number, `${DRAIN}${name}`, DRAIN_PERIOD, true);
  }

  /** Real servers on their way out are looked at every minute, until all have gone. */
  private drain(p: Plane, name: string): void {
    const node = p.nodes.get(name);
    if (node === undefined || this.ipvs === null) return;
    const left = isUp(p, name) && !isSilent(p, name) ? this.ipvs.drain(p.door(node, MODEL)) : true;
    if (left) p.enqueue(this.number, `${DRAIN}${name}`, DRAIN_PERIOD, true);
  }

  /** What a node's proxy answers a load balancer now. */
  health(listener: HealthListener, path: string): HealthAnswer {
    return answerHealth(this.p, listener, path, familiesOf(this.p)[0]!, this.stamped.get(listener.node), this.lastRun.get(listener.node) ?? 0);
  }

  /** Brings a node's kernel to what it is stamped with; no node given: every node. */
  flush(name?: string): void {
    for (const node of this.p.options.nodes) if (name === undefined || node.name === name) this.write(node);
  }

  save(): ProxyAgentState {
    return {
      view: this.view,
      dirty: [...this.dirty],
      services: new Map(this.services),
      slices: new Map([...this.slices].map(([key, slices]) => [key, new Map(slices)])),
      asked: [...this.asked],
      lastRun: new Map(this.lastRun),
      stamped: new Map(this.stamped),
      written: new Map(this.written),
    };
  }

  restore(state: ProxyAgentState): void {
    this.view = state.view;
    this.dirty = new Set(state.dirty);
    this.services = new Map(state.services);
    this.slices = new Map([...state.slices].map(([key, slices]) => [key, new Map(slices)]));
    this.asked = new Set(state.asked);
    this.lastRun = new Map(state.lastRun);
    this.stamped = new Map(state.stamped);
    this.written = new Map(state.written);
  }

  private ask(p: Plane, name: string): void {
    if (this.asked.has(name)) return;
    this.asked.add(name);
    const last = this.lastRun.get(name);
    p.enqueue(this.number, name, last === undefined ? 0 : Math.max(0, last + p.delays.proxyMinSync - p.now));
  }

  /** The picture with everything that the watch has told. */
  private update(): void {
    if (this.dirty.size === 0) return;
    const states = [...this.dirty].map(
      (key): ServiceState => ({ key, service: this.services.get(key), slices: [...(this.slices.get(key)?.values() ?? [])] }),
    );
    this.dirty.clear();
    this.view = changeView(this.view, states);
  }

  private write(node: PlaneNode): void {
    const view = this.stamped.get(node.name);
    if (view === undefined || this.written.get(node.name) === view) return;
    this.written.set(node.name, view);
    if (this.program(this.p.door(node, MODEL), node, view)) this.wroteAll(node.name);
  }

  /** Rules are looked at by packets alone, and those come by the hooks. */
  private writeBeforeUse(): void {
    const { op } = this.p.s;
    const hook = op.hook;
    op.hook = (at, packet, ns, inDev, outDev) => {
      const name = this.names.get(ns);
      if (name !== undefined && this.stamped.get(name) !== this.written.get(name)) this.write(this.p.nodes.get(name)!);
      return hook(at, packet, ns, inDev, outDev);
    };
  }
}

/** Brings a node's kernel to a view, as the mode of the cluster's proxies does it; true where it looked at its jumps, too. */
type Program = (door: NodeDoor, node: PlaneNode, view: ProxyView) => boolean;

function iptablesProgram(p: Plane, causeOf: CauseOf): Program {
  const model = iptablesProxy(new IptablesRenderer(causeOf), SYNC_PERIOD);
  const settings = { randomFully: true, conntrackTcpBeLiberal: false, counters: { invalidDropped: true, localhostAccepted: true } };
  const sync = (family: Family, door: NodeDoor, node: PlaneNode, view: ProxyView): boolean => {
    const seen = extended(proxyNode(p, family, node, []), extended(settings, { localhostNodePorts: family === 4 }));
    const before = lastFullSync(door, seen);
    model.sync(door, seen, view);
    return lastFullSync(door, seen) !== before;
  };
  return (door, node, view) => familiesOf(p).map((family) => sync(family, door, node, view)).includes(true);
}

/** The IPVS mode: a program, and its patience with real servers that still have connections. */
interface IpvsProgram {
  readonly write: Program;
  drains(door: NodeDoor): boolean;
  drain(door: NodeDoor): boolean;
}

/** Node ports answer on every address that the node has at the sync, those of its pods' bridge too. */
function ipvsProgram(p: Plane, causeOf: CauseOf): IpvsProgram {
  const model = ipvsProxy(new IpvsRenderer(causeOf));
  const { scheduler = "rr", strictARP = false, timeouts } = p.options.proxy ?? {};
  return {
    write: (door, node, view) => {
      const first = !model.knows(door, { family: familiesOf(p)[0]! });
      for (const family of familiesOf(p)) {
        const others = listAddresses(door.stack, door.ns, family, IPVS_DEVICE).filter((text) => text !== LOOPBACK[family] && !node.addresses.includes(text));
        model.sync(door, { ...proxyNode(p, family, { ...node, addresses: [...node.addresses, ...others] }, []), randomFully: true, scheduler, strictARP, ...(timeouts === undefined ? {} : { timeouts }) }, view);
      }
      return first;
    },
    drains: (door) => familiesOf(p).some((family) => model.drains(door, { family })),
    drain: (door) => familiesOf(p).map((family) => model.drain(door, { family })).includes(true),
  };
}

const LOOPBACK: Readonly<Record<Family, string>> = Object.freeze({ 4: "127.0.0.1", 6: "::1" });

/** Families that Services have here, the primary one first: kube-proxy runs once for each. */
export function familiesOf(p: Plane): readonly Family[] {
  return p.options.serviceCidrs.map((text): Family => (text.includes(":") ? 6 : 4));
}

/** Node ports answer on the primary address alone, unlike in the other modes. */
function nftablesProgram(p: Plane, causeOf: CauseOf): Program {
  const model = nftablesProxy(new NftablesRenderer(causeOf));
  return (door, node, view) => {
    for (const family of familiesOf(p)) {
      const serviceCIDRs = p.options.serviceCidrs.filter((text) => text.includes(":") === (family === 6));
      model.sync(door, { ...proxyNode(p, family, node, ["primary"]), release: "1.35", serviceCIDRs }, view);
    }
    return false;
  };
}

function proxyNode(p: Plane, family: Family, { name, addresses, labels }: PlaneNode, nodePortAddresses: readonly string[]): ProxyNode {
  const own = [LOOPBACK[family], ...addresses].flatMap((text) => canonicalAddress(text) ?? []).filter((address) => address.family === family);
  const primary = own.find((address) => address.text !== LOOPBACK[family]) ?? null;
  const cidr = p.options.clusterCidrs.find((text) => text.includes(":") === (family === 6));
  const zone = (p.store.get("Node", name)?.metadata.labels ?? labels)?.["topology.kubernetes.io/zone"] ?? "";
  return {
    name,
    zone,
    preferSameNode: true,
    family,
    primary,
    addresses: own,
    mark: "0x00004000",
    masqueradeAll: false,
    detector: cidr === undefined ? null : { kind: "cidr", cidr },
    nodePorts: readNodePortAddresses(nodePortAddresses, family, primary, own),
  };
}
