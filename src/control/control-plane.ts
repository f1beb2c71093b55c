/** A cluster's control plane with its kubelets and node agents: the facade over a `Plane` and its controllers. */
import type { Digest } from "../base/hash.js";
import type { Problem } from "../base/problem.js";
import { compareText } from "../base/names.js";
import type { Kind, Located, ObjectOfKind, SourceRef } from "../api/index.js";
import type { Event } from "../api/index.js";
import type { Act } from "../linux/plumbing/act.js";
import type { Stack } from "../linux/stack.js";
import type { HealthAnswer, HealthListener } from "../models/proxy/health-program.js";
import { applyObjects, type ApplyOptions, replaceObject } from "./admission.js";
import type { CidrSetState } from "./cidr-set.js";
import { daemonSets } from "./daemon-sets.js";
import { deleteObject } from "./deletion.js";
import { deployments } from "./deployments.js";
import { endpointsObjects } from "./endpoints-objects.js";
import { endpointSlices } from "./endpoint-slices.js";
import { endpointsMirror } from "./endpoints-mirror.js";
import { eventObject, type EventLogState, type EventRecord } from "./event-log.js";
import { checkEnded } from "./balancer-checks.js";
import { createFirstObjects } from "./first-objects.js";
import { garbage } from "./garbage.js";
import { jobs } from "./jobs.js";
import { kubelet } from "./kubelet.js";
import { loadBalancers } from "./load-balancers.js";
import { namespaces } from "./namespaces.js";
import { nodeAgent } from "./node-agent.js";
import { nodeLifecycle, returnNode, silenceNode } from "./node-lifecycle.js";
import { NodeIpam } from "./node-ipam.js";
import type { ControlPlaneOptions } from "./options.js";
import { Peers, type PeersState } from "./peers.js";
import { Plane, type PlaneState } from "./plane.js";
import { appsOf } from "./pod-run.js";
import { PolicyAgent, type PolicyAgentState } from "./policy-agent.js";
import { probeEnded, prober } from "./probes.js";
import { ProxyAgent, type ProxyAgentState } from "./proxy-agent.js";
import { replicaSets } from "./replica-sets.js";
import { revisionsOf, type TemplateRevision } from "./revisions.js";
import { Scheduler, type SchedulerState } from "./scheduler.js";
import { statefulSets } from "./stateful-sets.js";
import type { ServiceAllocatorsState } from "./service-allocators.js";
import { createSystemPods, staticPods } from "./system-pods.js";
import { type Change, keyIn, keyOf, type StoreState } from "./store.js";

/** A saved control plane: plain data. */
export interface ControlPlaneState {
  readonly plane: PlaneState;
  readonly store: StoreState;
  readonly log: EventLogState;
  readonly services: ServiceAllocatorsState;
  readonly cidrs: readonly CidrSetState[];
  readonly scheduler: SchedulerState;
  readonly peers: PeersState;
  readonly proxy: ProxyAgentState | null;
  readonly policy: PolicyAgentState;
}

/** The control plane of a cluster, with its kubelets and node agents. */
export class ControlPlane {
  readonly name = "control";
  private readonly p: Plane;
  private readonly ipam: NodeIpam;
  private readonly scheduler = new Scheduler();
  private readonly peers: Peers;
  private readonly proxy: ProxyAgent | null;
  private readonly policy: PolicyAgent;

  /** Registers its event kinds and makes the first objects; all else follows from their watch events. */
  constructor(stack: Stack, options: ControlPlaneOptions) {
    const p = new Plane(stack, options);
    this.p = p;
    this.ipam = new NodeIpam(p);
    this.proxy = options.proxy === null ? null : new ProxyAgent(p, (node) => this.policy.proxyWrote(node));
    this.policy = new PolicyAgent(p);
    this.peers = new Peers(p);
    p.beforeRules = (node) => this.flush(node);
    p.afterRules = (node) => this.policy.proxyWrote(node);
    for (const controller of [
      nodeAgent,
      deployments,
      replicaSets,
      daemonSets,
      statefulSets,
      jobs,
      kubelet,
      endpointSlices,
      endpointsMirror,
      nodeLifecycle,
      garbage,
      namespaces,
      prober,
    ])
      p.add(controller);
    p.add(this.ipam);
    p.add(this.peers);
    p.add(this.scheduler);
    p.add(this.policy);
    if (options.balancer !== undefined) p.add(loadBalancers);
    if (this.proxy !== null) p.add(this.proxy);
    if (options.endpoints ?? options.nodes.length <= 16) p.add(endpointsObjects);
    createFirstObjects(p);
    if (options.systemPods === true) {
      p.add(staticPods);
      createSystemPods(p);
    }
  }

  /** Stores objects as `kubectl apply` does, all or, where a problem is an error, none. */
  apply(objects: readonly Located[], options: ApplyOptions = {}): readonly Problem[] {
    return applyObjects(this.p, objects, options);
  }

  /** Stores an object in the place of one that there is, as `kubectl label`, `scale` and `rollout restart` do. */
  replace(located: Located): readonly Problem[] {
    return replaceObject(this.p, located);
  }

  /** Templates that a DaemonSet or StatefulSet has had, the oldest first. */
  revisions(kind: "DaemonSet" | "StatefulSet", namespace: string, name: string): readonly TemplateRevision[] {
    const set = this.p.store.get(kind, keyIn(namespace, name));
    return set === undefined ? [] : revisionsOf(this.p, set);
  }

  /** Deletes as `kubectl delete` does; false if there is no such object. `grace` in seconds, 0 forces. */
  delete(kind: Kind, namespace: string, name: string, grace?: number): boolean {
    return deleteObject(this.p, kind, keyIn(namespace, name), grace);
  }

  /** Kubelet and agents of a node stop, as on a machine that dies; its kernel stays as it is, cutting its cable is the caller's. */
  stopNode(name: string): void {
    silenceNode(this.p, name);
  }

  /** They are back. */
  startNode(name: string): void {
    returnNode(this.p, name);
  }

  /** To be called by the program "probe" when it has an answer. */
  probeEnded(app: number): void {
    if (!checkEnded(this.p, app)) probeEnded(this.p, app);
  }

  /** To be called by the program "kube-proxy-health": what a node's proxy answers a load balancer. */
  proxyHealth(listener: HealthListener, path: string): HealthAnswer {
    return this.proxy?.health(listener, path) ?? { status: 404, headers: [], body: "" };
  }

  /** Whether nothing is left to do but what waits for something from outside. */
  settled(): boolean {
    return this.p.settled();
  }

  /** Objects of a kind by namespace and name. */
  objects<K extends Kind>(kind: K): readonly ObjectOfKind<K>[] {
    return this.p.store.list(kind);
  }

  /** `namespace` is empty for what lives in none. */
  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOfKind<K> | undefined {
    return this.p.store.get(kind, keyIn(namespace, name));
  }

  /** Namespace row of a pod `ns/name`, 0 if it has none yet. */
  podNetns(pod: string): number {
    return this.p.run(this.p.store.get("Pod", pod)?.metadata.uid)?.ns ?? 0;
  }

  /** The pod `ns/name` to whom a namespace row belongs; undefined for nodes and others. */
  podOfNetns(ns: number): string | undefined {
    return this.p.podOfNetns(ns);
  }

  /** Programs of a pod `ns/name`, in the order of its containers. */
  podApps(pod: string): readonly number[] {
    return appsOf(this.p.run(this.p.store.get("Pod", pod)?.metadata.uid));
  }

  /** Where an object ("Service shop/api") was read from, undefined if from nowhere. */
  sourceOf(object: string): SourceRef | undefined {
    return this.p.sources.get(object);
  }

  /** What keeps NetworkPolicies from being enforced as they say, one sentence each; nothing while there are none. */
  policyNotes(): readonly string[] {
    const { enforce, cni, nodes } = this.p.options;
    if (this.p.store.count("NetworkPolicy") === 0) return [];
    if (enforce === null) return [`no dataplane enforces NetworkPolicies here: ${cni.name} alone does not`];
    return [...new Set(nodes.flatMap((node) => enforce.notes(this.p.door(node, enforce.name)).map((note) => note.message)))];
  }

  /** Event objects in the order of their first time. */
  get events(): readonly Event[] {
    return this.p.log.all().map((record) => eventObject(record, this.p.epoch));
  }

  /** The same as records, times in ns since boot. */
  get eventRecords(): readonly EventRecord[] {
    return this.p.log.all();
  }

  /** Every act done on a node so far, if transcripts are kept. */
  transcript(node: string): readonly Act[] {
    return this.p.transcript(node);
  }

  /** Tells of each watch event as it reaches the cluster's clients; the returned function ends that. The listener must not change the cluster. */
  onWatch(listener: (change: Change) => void): () => void {
    return this.p.listen(listener);
  }

  /** Writes what waits for a packet; to be called before a node's tables are read. No node given: all. */
  flush(node?: string): void {
    this.peers.flush(node);
    this.proxy?.flush(node);
    this.policy.flush(node);
  }

  /** RFC 3339 text of the present instant. */
  time(): string {
    return this.p.time();
  }

  /** @internal */
  save(): ControlPlaneState {
    return {
      plane: this.p.save(),
      store: this.p.store.save(),
      log: this.p.log.save(),
      services: this.p.services.save(),
      cidrs: this.ipam.save(),
      scheduler: this.scheduler.save(),
      peers: this.peers.save(),
      proxy: this.proxy?.save() ?? null,
      policy: this.policy.save(),
    };
  }

  /** To be called beside the restore of the stack and the engine of the same instant. @internal */
  restore(saved: unknown): void {
    const state = saved as ControlPlaneState;
    this.p.store.restore(state.store);
    this.p.restore(state.plane);
    this.p.log.restore(state.log);
    this.p.services.restore(state.services);
    this.ipam.restore(state.cidrs);
    this.scheduler.restore(state.scheduler);
    this.peers.restore(state.peers);
    if (state.proxy !== null) this.proxy?.restore(state.proxy);
    this.policy.restore(state.policy);
  }

  /** Every object with its revision, so that any difference of history shows. @internal */
  fold(digest: Digest): void {
    digest.f64(this.p.store.revision);
    for (const kind of [...this.p.store.kindsHeld()].sort(compareText)) {
      for (const object of this.p.store.list(kind)) digest.text(`${kind} ${keyOf(object)} ${object.metadata.resourceVersion}`);
    }
  }
}
