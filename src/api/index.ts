/*
 * Kubernetes objects: their types, what the API server fills in, what it refuses, and how their
 * text is read. Nothing here acts; controllers and models do.
 */
export * from "./admit.js";
export type * from "./apps.js";
export type * from "./batch.js";
export type * from "./calico-api.js";
export * from "./calico-selector.js";
export { clusterFamilies, type ClusterFamily, type ConfigResult } from "./config-reader.js";
export * from "./core.js";
export * from "./defaults.js";
export type * from "./discovery.js";
export * from "./freeze.js";
export * from "./go-duration.js";
export * from "./ip-text.js";
export * from "./kind-config.js";
export type { KubeProxyIpvs } from "./kube-proxy-patch.js";
export * from "./kinds.js";
export * from "./kubeadm-config.js";
export * from "./located.js";
export * from "./meta.js";
export type * from "./metallb-api.js";
export * from "./names.js";
export type * from "./networking.js";
export * from "./pod.js";
export * from "./read-manifests.js";
export type * from "./policy-api.js";
export * from "./selector.js";
export * from "./selector-text.js";
export * from "./status-words.js";
export * from "./validate/index.js";
