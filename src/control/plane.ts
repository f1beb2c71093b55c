/**
 * The state that all controllers share, and the two queues that drive them. Behaviour lies in the controllers' own files as
 * functions over a `Plane`, as behaviour of kernels does over a `Stack`.
 *
 * A write to the store becomes, after `delays.watch`, one watch event at every controller, in the controllers' order; what a
 * controller has to do about it becomes a work item, of which each (controller, key) has at most one. Both are engine events
 * with plain records. A controller judges by what the store holds when it works, never by what the event said: events
 * may be merged, and a restored plane works on as if nothing had happened.
 */
import { BrokenInvariant } from "../base/problem.js";
import { type KubeObject, placeOf, type PodSpec, type PodTemplateSpec, type SourceRef } from "../api/index.js";
import type { EventRecord as QueuedRecord } from "../engine/queue.js";
import type { Act, ActResult } from "../linux/plumbing/act.js";
import { plumbFirst } from "../linux/plumbing.js";
import type { Stack } from "../linux/stack.js";
import type { CniDoor } from "../models/node-door.js";
import { type Delays, defaultDelays } from "./delays.js";
import { EventLog } from "./event-log.js";
import { Indexes } from "./indexes.js";
import { type ControlPlaneOptions, DEFAULT_EPOCH, type PlaneNode } from "./options.js";
import type { PodRun } from "./pod-run.js";
import { ServiceAllocators } from "./service-allocators.js";
import { type Change, keyOf, Store } from "./store.js";
import { timeText } from "./time-text.js";

/** Event kinds of the control room. */
export const CONTROL_EVENT = Object.freeze({
  /** a watch event reaches the controllers: record {change} */
  watch: 64,
  /** a controller works on a key: a = controller, record {key} */
  work: 65,
} as const);

/** Controllers by stable number, which is also the order in which they hear of a write. */
export const CONTROLLER = Object.freeze({
  nodeIpam: 1,
  nodeAgent: 2,
  peers: 3,
  deployment: 4,
  replicaSet: 5,
  scheduler: 6,
  kubelet: 7,
  endpointSlice: 8,
  proxy: 9,
  policy: 10,
  garbage: 11,
  namespace: 12,
  daemonSet: 13,
  statefulSet: 14,
  job: 15,
  endpointsMirror: 16,
  nodeLifecycle: 17,
  prober: 18,
  loadBalancer: 19,
  endpoints: 20,
  staticPods: 21,
} as const);
export type ControllerNumber = (typeof CONTROLLER)[keyof typeof CONTROLLER];

export interface Controller {
  readonly number: ControllerNumber;
  /** Hears of a write. */
  watch(p: Plane, change: Change): void;
  /** Works on a key. */
  sync(p: Plane, key: string): void;
}

interface PendingWork {
  readonly event: number;
  /** Waits for something that may never come, such as a better time for a retry: no reason to call the plane unsettled. */
  readonly idle: boolean;
}

/** The part of a plane's state that is not in the store or an allocator; plain data. */
export interface PlaneState {
  readonly watching: number;
  readonly pending: readonly (readonly [key: string, work: PendingWork])[];
  readonly runs: ReadonlyMap<string, PodRun>;
  readonly memories: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  readonly notes: ReadonlyMap<string, unknown>;
  readonly up: readonly string[];
  readonly sources: ReadonlyMap<string, SourceRef>;
  readonly applied: ReadonlyMap<string, KubeObject>;
  readonly transcripts: ReadonlyMap<string, readonly Act[]>;
}

export class Plane {
  readonly delays: Delays;
  readonly epoch: number;
  readonly store: Store;
  readonly log: EventLog;
  readonly indexes: Indexes = new Indexes();
  readonly services: ServiceAllocators;
  readonly nodes: ReadonlyMap<string, PlaneNode>;
  private pods = new Map<string, PodRun>();
  /** Keys of pods by their own namespace's row; derived. */
  private readonly byNetns = new Map<number, string>();
  /** What controllers remember: frozen records by their own keys. */
  notes: Map<string, unknown> = new Map();
  /** Nodes whose CNI daemon runs. */
  up: Set<string> = new Set();
  /** Where objects were written, by `Kind ns/name`. */
  sources: Map<string, SourceRef> = new Map();
  /** What was applied last, by `Kind ns/name`. */
  applied: Map<string, KubeObject> = new Map();
  /** Specs of the pods of a template; a cache. */
  readonly templateSpecs: WeakMap<PodTemplateSpec, PodSpec> = new WeakMap();
  /** What templates are hashed to; a cache. */
  readonly templateHashes: WeakMap<PodTemplateSpec, string> = new WeakMap();
  private told = { at: -1, text: "" };
  private memories = new Map<string, Map<string, unknown>>();
  private transcripts = new Map<string, Act[]>();
  private pending = new Map<string, PendingWork>();
  private busy = 0;
  private watching = 0;
  private readonly keepsActs: boolean;
  private readonly controllers: (Controller | undefined)[] = [];
  private readonly uidStream: number;
  private readonly listeners = new Set<(change: Change) => void>();

  /** Writes what waits for a packet on a node, before somebody else's rules come to stand beside it. */
  beforeRules: (node: string) => void = () => {};
  /** Has those that keep their jumps first on a node see to that. */
  afterRules: (node: string) => void = () => {};

  constructor(
    readonly s: Stack,
    readonly options: ControlPlaneOptions,
  ) {
    this.delays = Object.freeze({ ...defaultDelays, ...options.delays });
    this.epoch = options.epoch ?? DEFAULT_EPOCH;
    this.keepsActs = options.transcripts ?? options.nodes.length <= 16;
    this.log = new EventLog(options.eventLimit ?? 20_000);
    this.services = new ServiceAllocators(options.serviceCidrs);
    this.nodes = new Map(options.nodes.map((node) => [node.name, node]));
    this.uidStream = s.streams.stream("control/uid");
    this.store = new Store({ time: () => this.time(), uid: () => this.uid() }, (change) => this.written(change));
    s.engine.on(CONTROL_EVENT.watch, (_a, _b, record) => this.deliver(record));
    s.engine.on(CONTROL_EVENT.work, (number, _b, record) => this.work(number, record));
  }

  /** Controllers hear of writes in the order of their numbers. */
  add(controller: Controller): void {
    this.controllers[controller.number] = controller;
  }

  get now(): number {
    return this.s.engine.now;
  }

  /** The instant as objects carry it. */
  time(): string {
    if (this.now !== this.told.at) this.told = { at: this.now, text: timeText(this.epoch, this.now) };
    return this.told.text;
  }

  /** A number in [0, n) from the stream of that name. */
  below(stream: string, n: number): number {
    return this.s.streams.below(this.s.streams.stream(stream), n);
  }

  /** Has a controller work on a key after `delay`, or at the earlier instant that is already set. */
  enqueue(number: ControllerNumber, key: string, delay: number, idle = false): void {
    const id = `${number} ${key}`;
    const known = this.pending.get(id);
    if (known !== undefined) {
      if (this.s.engine.timeOf(known.event) <= this.now + delay && (idle || !known.idle)) return;
      this.s.engine.cancel(known.event);
      if (!known.idle) this.busy--;
    }
    const event = this.s.engine.scheduleWith(delay, CONTROL_EVENT.work, number, 0, { key });
    this.pending.set(id, Object.freeze({ event, idle }));
    if (!idle) this.busy++;
  }

  /** Has a controller work on a key now, where it was to work on it later; nothing for a key that does not wait. */
  hasten(number: ControllerNumber, key: string): void {
    const known = this.pending.get(`${number} ${key}`);
    if (known !== undefined) this.enqueue(number, key, 0, known.idle);
  }

  /** Nothing is left to do but what waits for something from outside. */
  settled(): boolean {
    return this.busy === 0 && this.watching === 0;
  }

  /** Tells of watch events, after the controllers; returns how to end that. */
  listen(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** What a kubelet knows of a pod, by uid. */
  run(uid: string | undefined): PodRun | undefined {
    return this.pods.get(uid ?? "");
  }

  /** What the kubelet of a node knows, in the order in which it saw the pods. */
  runsOn(node: string): readonly PodRun[] {
    return [...this.pods.values()].filter((run) => run.node === node);
  }

  keepRun(run: PodRun): void {
    this.pods.set(run.uid, Object.freeze(run));
    this.noteNetns(run);
  }

  dropRun(run: PodRun): void {
    this.pods.delete(run.uid);
    this.byNetns.delete(run.ns);
  }

  /** The pod `ns/name` that has a namespace to itself. */
  podOfNetns(ns: number): string | undefined {
    return this.byNetns.get(ns);
  }

  /** A node as one model sees it. */
  door(node: PlaneNode, model: string): CniDoor {
    return {
      stack: this.s,
      ns: node.ns,
      node: node.name,
      plumb: (act) => this.plumb(node.name, act),
      memory: this.memory(node.name, model),
      below: (what, n) => this.below(`${node.name}/${model}/${what}`, n),
      cause: (object, path) => this.causeOf(model, object, path),
      shared: this.memory("", model),
      announce: () => this.enqueue(CONTROLLER.peers, "shared", this.delays.peers),
    };
  }

  /** One act of a model or a kubelet on a node, kept for its transcript. */
  plumb(node: string, act: Act): ActResult {
    const result = plumbFirst(this.s, act);
    if (this.keepsActs && result === null) {
      const acts = this.transcripts.get(node);
      if (acts === undefined) this.transcripts.set(node, [act]);
      else acts.push(act);
    }
    return result;
  }

  /** The acts done on a node so far, those that were refused left out. */
  transcript(node: string): readonly Act[] {
    return [...(this.transcripts.get(node) ?? [])];
  }

  /** Number of the cause: a field of an object, with its file and line where it was read from one. */
  causeOf(model: string, object: string, path: string): number {
    const source = this.sources.get(object);
    if (source === undefined || source.file === "") return this.s.causes.of(object, path, model);
    return this.s.causes.of(object, path, model, source.file, placeOf(source, path)[0]);
  }

  event(about: KubeObject, type: "Normal" | "Warning", reason: string, message: string, source: string, host = ""): void {
    this.log.add(this.now, about, type, reason, message, source, host);
  }

  broken(message: string, detail: unknown): BrokenInvariant {
    const { steps, seed } = this.s.engine;
    return new BrokenInvariant(message, { step: steps, seed, detail });
  }

  save(): PlaneState {
    return {
      watching: this.watching,
      pending: [...this.pending],
      runs: new Map(this.pods),
      memories: new Map([...this.memories].map(([key, memory]) => [key, new Map(memory)])),
      notes: new Map(this.notes),
      up: [...this.up],
      sources: new Map(this.sources),
      applied: new Map(this.applied),
      transcripts: new Map([...this.transcripts].map(([node, acts]) => [node, [...acts]])),
    };
  }

  /** After the store's restore. */
  restore(state: PlaneState): void {
    this.watching = state.watching;
    this.pending = new Map(state.pending);
    this.busy = state.pending.filter(([, work]) => !work.idle).length;
    this.pods = new Map(state.runs);
    this.byNetns.clear();
    for (const run of this.pods.values()) this.noteNetns(run);
    this.memories = new Map([...state.memories].map(([key, memory]) => [key, new Map(memory)]));
    this.notes = new Map(state.notes);
    this.up = new Set(state.up);
    this.sources = new Map(state.sources);
    this.applied = new Map(state.applied);
    this.transcripts = new Map([...state.transcripts].map(([node, acts]) => [node, [...acts]]));
    this.indexes.rebuild(this.store);
  }

  private memory(node: string, model: string): Map<string, unknown> {
    const key = `${node}/${model}`;
    let memory = this.memories.get(key);
    if (memory === undefined) this.memories.set(key, (memory = new Map()));
    return memory;
  }

  private noteNetns(run: PodRun): void {
    if (run.ns !== 0 && run.ns !== this.nodes.get(run.node)?.ns) this.byNetns.set(run.ns, keyOf(run.pod));
  }

  private written(change: Change): void {
    this.indexes.take(change);
    const { type, object, old } = change;
    if (old?.kind === "Service") this.services.replaced(old, type !== "DELETED" && object.kind === "Service" ? object : null);
    this.watching++;
    this.s.engine.scheduleWith(this.delays.watch, CONTROL_EVENT.watch, 0, 0, { change });
  }

  private deliver(record: QueuedRecord | undefined): void {
    this.watching--;
    const change = record?.["change"] as Change;
    for (const controller of this.controllers) controller?.watch(this, change);
    for (const listener of this.listeners) listener(change);
  }

  private work(number: number, record: QueuedRecord | undefined): void {
    const key = record?.["key"] as string;
    const id = `${number} ${key}`;
    if (this.pending.get(id)?.idle === false) this.busy--;
    this.pending.delete(id);
    this.controllers[number]?.sync(this, key);
  }

  /** A random (version 4) UUID from the plane's own stream. */
  private uid(): string {
    const [a, b, c, d] = Array.from({ length: 4 }, () => this.s.streams.u32(this.uidStream).toString(16).padStart(8, "0")) as [string, string, string, string];
    const variant = "89ab".charAt(parseInt(c.charAt(0), 16) & 3);
    // One flat text: a sum of pieces would hold all of them as long as the object lives.
    return [a, b.slice(0, 4), `4${b.slice(5)}`, variant + c.slice(1, 4), c.slice(4) + d].join("-");
  }
}
