/**
 * The policy dataplane on every node: one shared picture of pods, namespaces, nodes and policies, gathered over a short while.
 * Where no policy was ever written a node gets the dataplane's first chains and nothing more.
 */
import type { Kind, KubeObject, Pod } from "../api/index.js";
import { type PodInput, podInput, type PolicyObject } from "../policy/index.js";
import type { CalicoObject, EnforceView } from "../models/enforce/enforce-model.js";
import { isUp } from "./node-agent.js";
import { isSilent } from "./node-lifecycle.js";
import type { PlaneNode } from "./options.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { type Change, keyOf } from "./store.js";

const POLICIES: readonly PolicyObject["kind"][] = Object.freeze([
  "NetworkPolicy",
  "AdminNetworkPolicy",
  "BaselineAdminNetworkPolicy",
  "ClusterNetworkPolicy",
]);
/** What Calico's dataplane reads beside them. */
const CALICO_KINDS: readonly CalicoObject["kind"][] = Object.freeze(["CalicoNetworkPolicy", "GlobalNetworkPolicy", "HostEndpoint", "Tier"]);
const JUDGED: readonly Kind[] = Object.freeze([...POLICIES, ...CALICO_KINDS]);
const ALL = "all";

export interface PolicyAgentState {
  readonly view: EnforceView | null;
  readonly pods: ReadonlyMap<string, PodInput>;
  readonly stale: boolean;
  readonly stamped: ReadonlyMap<string, EnforceView>;
  readonly written: ReadonlyMap<string, EnforceView>;
}

export class PolicyAgent implements Controller {
  readonly number = CONTROLLER.policy;
  private view: EnforceView | null = null;
  /** Pods with addresses as the watch has told of them, in the order in which they got one. */
  private pods = new Map<string, PodInput>();
  private stale = true;
  private stamped = new Map<string, EnforceView>();
  private written = new Map<string, EnforceView>();
  private readonly lazy: boolean;
  private readonly names: ReadonlyMap<number, string>;

  constructor(private readonly p: Plane) {
    this.lazy = p.options.lazy ?? p.options.nodes.length > 16;
    this.names = new Map(p.options.nodes.map((node) => [node.ns, node.name]));
    if (this.lazy && p.options.enforce !== null) this.writeBeforeUse();
  }

  watch(p: Plane, { type, object, old }: Change): void {
    if (p.options.enforce === null) return;
    if (JUDGED.includes(object.kind)) return this.ask(p);
    if (object.kind === "Pod") this.follow(type, object);
    if (!this.matters(type, object, old)) return;
    this.stale = true;
    if (this.hasPolicies() || this.view !== null) this.ask(p);
  }

  sync(p: Plane, key: string): void {
    const { enforce } = p.options;
    if (enforce === null) return;
    if (key !== ALL) {
      const node = p.nodes.get(key);
      if (node === undefined || !isUp(p, key) || p.notes.has(`policy-agent/${key}`)) return;
      p.notes.set(`policy-agent/${key}`, true);
      enforce.nodeUp(p.door(node, enforce.name));
      p.enqueue(this.number, ALL, p.delays.policySync);
      return;
    }
    if (this.view === null && !this.hasPolicies()) return;
    if (this.stale || this.view === null) this.view = Object.freeze(this.build(p));
    this.stale = false;
    for (const node of p.options.nodes) {
      if (!isUp(p, node.name) || isSilent(p, node.name)) continue;
      this.stamped.set(node.name, this.view);
      if (!this.lazy) this.write(node);
    }
  }

  /** Brings a node's kernel to what it is stamped with; no node given: every node. */
  flush(name?: string): void {
    for (const node of this.p.options.nodes) if (name === undefined || node.name === name) this.write(node);
  }

  /** kube-proxy puts the jumps of a full sync first; ours go before them again. */
  proxyWrote(name: string): void {
    const { enforce } = this.p.options;
    const node = this.p.nodes.get(name);
    if (enforce === null || node === undefined || !this.p.notes.has(`policy-agent/${name}`)) return;
    const view = this.written.get(name);
    if (view === undefined) enforce.nodeUp(this.p.door(node, enforce.name));
    else enforce.sync(this.p.door(node, enforce.name), view);
  }

  save(): PolicyAgentState {
    return { view: this.view, pods: new Map(this.pods), stale: this.stale, stamped: new Map(this.stamped), written: new Map(this.written) };
  }

  restore(state: PolicyAgentState): void {
    this.view = state.view;
    this.pods = new Map(state.pods);
    this.stale = state.stale;
    this.stamped = new Map(state.stamped);
    this.written = new Map(state.written);
  }

  private ask(p: Plane): void {
    this.stale = true;
    p.enqueue(this.number, ALL, p.delays.policySync);
  }

  private follow(type: Change["type"], pod: Pod): void {
    const key = keyOf(pod);
    if (type === "DELETED" || pod.status?.podIP === undefined) this.pods.delete(key);
    else this.pods.set(key, Object.freeze(podInput(pod, "")));
  }

  private hasPolicies(): boolean {
    return this.p.options.enforce?.everyPod === true || JUDGED.some((kind) => this.p.store.count(kind) > 0);
  }

  private matters(type: Change["type"], object: KubeObject, old: KubeObject | null): boolean {
    if (object.kind === "Namespace") return type !== "MODIFIED" || old?.metadata.labels !== object.metadata.labels;
    if (object.kind === "Node") return type !== "MODIFIED" || old?.metadata.labels !== object.metadata.labels;
    if (object.kind !== "Pod") return false;
    const before = old?.kind === "Pod" && type === "MODIFIED" ? old : null;
    if (before === null) return type === "DELETED" ? object.status?.podIP !== undefined : false;
    return (
      before.metadata.labels !== object.metadata.labels ||
      before.status?.podIP !== object.status?.podIP ||
      before.status?.phase !== object.status?.phase
    );
  }

  private build(p: Plane): EnforceView {
    const sourceOf = (kind: Kind, key: string): EnforceView["policies"][number]["source"] => p.sources.get(`${kind} ${key}`) ?? null;
    const namespaces = p.store
      .list("Namespace")
      .map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {}, source: sourceOf("Namespace", metadata.name) }));
    const nodes = p.store.list("Node").map(({ metadata, status }) => ({
      name: metadata.name,
      labels: metadata.labels ?? {},
      ips: (status?.addresses ?? []).filter((each) => each.type === "InternalIP" || each.type === "ExternalIP").map((each) => each.address),
      source: sourceOf("Node", metadata.name),
    }));
    const policies = POLICIES.flatMap((kind) =>
      p.store.list(kind).map((object) => {
        const { namespace, name } = object.metadata;
        return { object, source: sourceOf(kind, namespace === undefined ? name : `${namespace}/${name}`) };
      }),
    );
    const calico = CALICO_KINDS.flatMap((kind) =>
      p.store.list(kind).map((object) => {
        const { namespace, name } = object.metadata;
        return { object, source: sourceOf(kind, namespace === undefined ? name : `${namespace}/${name}`) };
      }),
    );
    return { pods: [...this.pods.values()], namespaces, nodes, policies, ...(calico.length === 0 ? {} : { calico }) };
  }

  private write(node: PlaneNode): void {
    const view = this.stamped.get(node.name);
    const { enforce } = this.p.options;
    if (enforce === null || view === undefined || this.written.get(node.name) === view) return;
    this.written.set(node.name, view);
    enforce.sync(this.p.door(node, enforce.name), view);
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
