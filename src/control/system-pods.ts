/**
 * What kubeadm runs a cluster with, as pods: static pods of the control plane with their mirrors in the API, and the daemons
 * of kube-proxy and the CNI. They are names and states; the work is done by the models, without programs of theirs.
 */
import type { DaemonSet, Pod, PodSpec } from "../api/index.js";
import { fnv1a32 } from "../base/hash.js";
import { applyObjects, createNamespace } from "./admission.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { type Change, keyOf } from "./store.js";

const VERSION = "v1.33.1";
const STATIC: readonly (readonly [name: string, image: string])[] = Object.freeze([
  ["etcd", "registry.k8s.io/etcd:3.5.21-0"],
  ["kube-apiserver", `registry.k8s.io/kube-apiserver:${VERSION}`],
  ["kube-controller-manager", `registry.k8s.io/kube-controller-manager:${VERSION}`],
  ["kube-scheduler", `registry.k8s.io/kube-scheduler:${VERSION}`],
]);
const MIRROR = "kubernetes.io/config.mirror";

/** Mirrors of static pods: who deletes one sees it come back. */
export const staticPods: Controller = {
  number: CONTROLLER.staticPods,

  watch(p: Plane, { type, object }: Change): void {
    if (object.kind !== "Pod" || object.metadata.annotations?.[MIRROR] === undefined) return;
    if (type === "DELETED") p.enqueue(CONTROLLER.staticPods, `${keyOf(object)} ${object.spec.nodeName}`, p.delays.kubelet);
  },

  sync(p: Plane, work: string): void {
    const [key, node] = work.split(" ") as [string, string];
    if (p.store.get("Pod", key) !== undefined) return;
    for (const [name, image] of STATIC) if (key === `kube-system/${name}-${node}`) p.store.create(staticPod(p, name, image, node));
  },
};

/** The pods and daemons of a new cluster. */
export function createSystemPods(p: Plane): void {
  for (const { name: node, role } of p.options.nodes) {
    if (role === "control-plane") for (const [name, image] of STATIC) p.store.create(staticPod(p, name, image, node));
  }
  const { proxy, cni } = p.options;
  const sets = proxy === null ? [] : [daemonSet("kube-system", "kube-proxy", { "k8s-app": "kube-proxy" }, "kube-proxy", `registry.k8s.io/kube-proxy:${VERSION}`)];
  if (cni.name === "flannel") {
    createNamespace(p, "kube-flannel");
    sets.push(daemonSet("kube-flannel", "kube-flannel-ds", { app: "flannel", tier: "node" }, "kube-flannel", "ghcr.io/flannel-io/flannel:v0.26.7"));
  }
  if (cni.name === "kindnet") sets.push(daemonSet("kube-system", "kindnet", { app: "kindnet", "k8s-app": "kindnet", tier: "node" }, "kindnet-cni", "docker.io/kindest/kindnetd:v20250512-df8de77b"));
  if (cni.name === "calico") {
    createNamespace(p, "calico-system");
    sets.push(daemonSet("calico-system", "calico-node", { "k8s-app": "calico-node" }, "calico-node", "quay.io/calico/node:v3.31.7"));
  }
  applyObjects(
    p,
    sets.map((object) => ({ object, source: { file: "", line: 0, places: {} } })),
    { validated: true },
  );
}

function staticPod(p: Plane, name: string, image: string, node: string): Pod {
  const hash = [0, 1, 2, 3].map((i) => fnv1a32(`${i} ${name} ${node}`).toString(16).padStart(8, "0")).join("");
  const uid = p.store.get("Node", node)?.metadata.uid ?? "";
  return Object.freeze<Pod>({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-${node}`,
      namespace: "kube-system",
      labels: { component: name, tier: "control-plane" },
      annotations: { "kubernetes.io/config.hash": hash, [MIRROR]: hash, "kubernetes.io/config.seen": p.time(), "kubernetes.io/config.source": "file" },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name: node, uid, controller: true }],
    },
    spec: { ...HOST, nodeName: node, tolerations: [{ operator: "Exists", effect: "NoExecute" }], containers: [{ name, image }] },
    status: { phase: "Pending", qosClass: "Burstable" },
  });
}

const HOST: Partial<PodSpec> = Object.freeze({ hostNetwork: true, dnsPolicy: "ClusterFirst", restartPolicy: "Always", priorityClassName: "system-node-critical" });

function daemonSet(namespace: string, name: string, labels: Readonly<Record<string, string>>, container: string, image: string): DaemonSet {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
      template: {
        metadata: { labels },
        spec: { hostNetwork: true, serviceAccountName: name.replace(/-ds$/, ""), tolerations: [{ operator: "Exists" }], containers: [{ name: container, image }] },
      },
    },
  };
}
