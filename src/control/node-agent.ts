/** A kubelet and its CNI daemon as a node comes up: network first, then Ready. */
import type { Node, Taint } from "../api/index.js";
import { launch } from "../linux/sock/app.js";
import type { CniNode } from "../models/cni/cni-model.js";
import { withCondition } from "./conditions.js";
import type { PlaneNode } from "./options.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { type Change, keyOf } from "./store.js";

export const NOT_READY_TAINT: Taint = Object.freeze({ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" });

/** Where API servers listen on their nodes. */
export const API_PORT = 6443;

const NO_NETWORK =
  "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized";

/** The node as its CNI daemon reads it from the API. */
export function cniNode(p: Plane, node: Node): CniNode {
  const { name, annotations = {} } = node.metadata;
  const at = p.nodes.get(name);
  return {
    name,
    podCidrs: node.spec?.podCIDRs ?? [],
    addresses: at?.addresses ?? [],
    uplink: at?.uplink ?? "eth0",
    annotations,
  };
}

/** Whether the CNI daemon of a node runs. */
export function isUp(p: Plane, node: string): boolean {
  return p.up.has(node);
}

export const nodeAgent: Controller = {
  number: CONTROLLER.nodeAgent,

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind !== "Node" || !p.nodes.has(object.metadata.name)) return;
    const name = keyOf(object);
    if (type === "DELETED") p.up.delete(name);
    else if (!isUp(p, name) && hasNetwork(p, object)) p.enqueue(CONTROLLER.nodeAgent, name, p.delays.nodeReady);
  },

  sync(p: Plane, name: string): void {
    const node = p.store.get("Node", name);
    const at = p.nodes.get(name);
    if (node === undefined || at === undefined || isUp(p, name) || !hasNetwork(p, node)) return;
    const up = p.options.cni.nodeUp(p.door(at, p.options.cni.name), cniNode(p, node));
    if ("code" in up) {
      setReady(p, node, false, `${NO_NETWORK}: ${up.msg}`);
      p.enqueue(CONTROLLER.nodeAgent, name, p.delays.sandboxRetry, true);
      return;
    }
    p.up.add(name);
    if (at.role === "control-plane") startApiServer(p, at);
    const annotations = { ...node.metadata.annotations, ...up.annotations };
    const noted = Object.keys(annotations).length === 0 ? node.metadata : { ...node.metadata, annotations };
    setReady(p, { ...node, metadata: noted }, true, "kubelet is posting ready status");
    p.event(node, "Normal", "NodeReady", `Node ${name} status is now: NodeReady`, "kubelet", name);
    p.enqueue(CONTROLLER.peers, "all", p.delays.peers);
    p.enqueue(CONTROLLER.proxy, name, p.delays.watch);
    p.enqueue(CONTROLLER.policy, name, p.delays.watch);
  },
};

/** Whoever follows Service default/kubernetes finds an open port. */
function startApiServer(p: Plane, { name, ns }: PlaneNode): void {
  if (p.notes.has(`api-server/${name}`)) return;
  p.notes.set(`api-server/${name}`, true);
  const pod = `kube-apiserver-${name}`;
  launch(p.s, ns, "server", { ports: [{ port: API_PORT, protocol: "TCP" }], pod }, p.causeOf("kubelet", `Pod kube-system/${pod}`, ""));
}

function hasNetwork(p: Plane, node: Node): boolean {
  return p.options.clusterCidrs.length === 0 || (node.spec?.podCIDRs ?? []).length > 0;
}

function setReady(p: Plane, node: Node, ready: boolean, message: string): void {
  const condition = { type: "Ready", status: ready ? "True" : "False", reason: ready ? "KubeletReady" : "KubeletNotReady", message };
  const others = (node.spec?.taints ?? []).filter((taint) => taint.key !== NOT_READY_TAINT.key);
  const taints = ready ? others : [...others, NOT_READY_TAINT];
  const { taints: _taints, ...spec } = node.spec ?? {};
  p.store.update({
    ...node,
    spec: { ...spec, ...(taints.length === 0 ? {} : { taints }) },
    status: { ...node.status, conditions: withCondition(node.status?.conditions, condition, p.time()) },
  });
}
