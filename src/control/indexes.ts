/** Who owns what, what runs where, which labels and selectors there are: looked up at every event, so kept instead of searched. Derived. */
import type { KubeObject, Node, Pod } from "../api/index.js";
import { KeySets, LabelIndex, SelectorIndex } from "./label-index.js";
import { LoadOrder } from "./load-order.js";
import { isBound, NodeLoad } from "./node-load.js";
import { isFinished, repelsOthers } from "./pod-state.js";
import { type Change, keyOf, type Store } from "./store.js";

export class Indexes {
  /** `Kind key` of the objects whose owner references name a uid. */
  readonly owned: KeySets = new KeySets();
  /** keys of the pods whose controller has a uid */
  readonly podsOf: KeySets = new KeySets();
  /** keys of the pods bound to a node */
  readonly podsOn: KeySets = new KeySets();
  readonly podLabels: LabelIndex = new LabelIndex();
  readonly serviceSelectors: SelectorIndex = new SelectorIndex();
  /** keys of EndpointSlices by `ns/service` */
  readonly slicesOf: KeySets = new KeySets();
  /** `Kind key` by namespace */
  readonly inNamespace: KeySets = new KeySets();

  /** keys of the pods whose anti-affinity later pods must be asked about, in no order that means anything */
  readonly repelling: Set<string> = new Set();
  /** what nodes hold, by their names */
  readonly loads: Map<string, NodeLoad> = new Map();
  private sortedNodes: readonly Node[] | null = null;

  private order: LoadOrder | null = null;

  /** Nodes by load; places are those of `nodesByName`. */
  nodesByLoad(store: Store): LoadOrder {
    this.order ??= new LoadOrder(
      this.nodesByName(store).map((node) => node.metadata.name),
      (name) => this.loads.get(name)?.spread ?? 0,
    );
    return this.order;
  }

  /** Every node, by name. */
  nodesByName(store: Store): readonly Node[] {
    this.sortedNodes ??= store.list("Node");
    return this.sortedNodes;
  }

  take({ type, object, old }: Change): void {
    if (old !== null) this.change(old, false);
    if (type !== "DELETED") this.change(object, true);
  }

  rebuild(store: Store): void {
    for (const index of [this.owned, this.podsOf, this.podsOn, this.podLabels, this.serviceSelectors, this.slicesOf, this.inNamespace])
      index.clear();
    this.loads.clear();
    this.repelling.clear();
    this.sortedNodes = null;
    this.order = null;
    for (const kind of store.kindsHeld()) for (const object of store.each(kind)) this.change(object, true);
  }

  private change(object: KubeObject, present: boolean): void {
    const verb = present ? "add" : "remove";
    const key = keyOf(object);
    const full = `${object.kind} ${key}`;
    const { namespace = "", ownerReferences, labels } = object.metadata;
    for (const owner of ownerReferences ?? []) this.owned[verb](owner.uid, full);
    if (namespace !== "") this.inNamespace[verb](namespace, full);
    if (object.kind === "Pod") this.pod(object, key, verb);
    else if (object.kind === "Node") this.order = this.sortedNodes = null;
    else if (object.kind === "Service") this.serviceSelectors[verb](namespace, object.spec.selector, key);
    else if (object.kind === "EndpointSlice") this.slicesOf[verb](`${namespace}/${labels?.["kubernetes.io/service-name"] ?? ""}`, key);
  }

  private pod(pod: Pod, key: string, verb: "add" | "remove"): void {
    const { namespace = "", labels } = pod.metadata;
    const owner = controllerOf(pod);
    if (owner !== undefined) this.podsOf[verb](owner, key);
    if (pod.spec.nodeName !== undefined) {
      this.podsOn[verb](pod.spec.nodeName, key);
      if (!isFinished(pod)) this.changeLoad(pod, pod.spec.nodeName, owner, verb === "add" ? 1 : -1);
    }
    if (repelsOthers(pod)) this.repelling[verb === "add" ? "add" : "delete"](key);
    this.podLabels[verb](namespace, labels, key);
  }

  private changeLoad(pod: Pod, node: string, owner: string | undefined, by: 1 | -1): void {
    let load = this.loads.get(node);
    if (load === undefined) this.loads.set(node, (load = new NodeLoad()));
    load.change(pod, owner, by);
    if (!isBound(pod)) this.order?.change(node, by);
  }
}

/** Uid of the owner that controls an object. */
export function controllerOf(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;
}
