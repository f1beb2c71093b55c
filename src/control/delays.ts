/** How long the steps of a control plane take, in ns; each default with the fact it is taken from. */
import { MS, SECOND } from "../base/time.js";

/** How long each step of a control plane takes, in ns. */
export interface Delays {
  /** From a write to its watch event at every client: 1 to 5 ms from the API server's watch cache. */
  readonly watch: number;
  /** A controller's sync after an event: 1 to 10 ms. */
  readonly controller: number;
  /** From a pod's entry in an idle scheduler's queue to its binding: 5 ms. */
  readonly schedule: number;
  /** From one binding to the next: a scheduler binds about 100 pods a second. */
  readonly scheduleNext: number;
  /** From a kubelet's watch event to its acting on it: 1 to 10 ms. */
  readonly kubelet: number;
  /** Sandbox and CNI ADD: 200 to 500 ms with a bridge plugin. */
  readonly sandbox: number;
  /** Before a failed sandbox is tried again (the kubelet's pod worker, jitter left out). */
  readonly sandboxRetry: number;
  /** An init container, from start to its successful end. */
  readonly initContainer: number;
  /** Start of a pod's containers: 100 to 300 ms; images are present. */
  readonly containerStart: number;
  /** From a container's start, and its initialDelaySeconds, to the first readiness probe: 0 to 1 s. */
  readonly firstProbe: number;
  /** From SIGTERM to the end of a program that obeys it. */
  readonly containerStop: number;
  /** CNI DEL, end of the sandbox and removal of the pod from the API. */
  readonly sandboxStop: number;
  /** How long the container of a pod that is to complete (Job) runs. */
  readonly run: number;
  /** From a change of a Service or its pods to the written EndpointSlices: 10 to 50 ms. */
  readonly endpointSlice: number;
  /** A kubelet and its CNI daemon, from the node's pod CIDR to a working network and a Ready node. */
  readonly nodeReady: number;
  /** `--node-monitor-grace-period`: how long a kubelet may be silent, 50 s since Kubernetes 1.32. */
  readonly nodeMonitorGrace: number;
  /** How long a CNI daemon gathers news of other nodes. */
  readonly peers: number;
  /** kube-proxy's minSyncPeriod, as kind sets it. */
  readonly proxyMinSync: number;
  /** How long a policy agent gathers changes. */
  readonly policySync: number;
}

export const defaultDelays: Delays = Object.freeze({
  watch: 2 * MS,
  controller: 5 * MS,
  schedule: 5 * MS,
  scheduleNext: 10 * MS,
  kubelet: 5 * MS,
  sandbox: 300 * MS,
  sandboxRetry: 10 * SECOND,
  initContainer: SECOND,
  containerStart: 200 * MS,
  firstProbe: 500 * MS,
  containerStop: 100 * MS,
  sandboxStop: 100 * MS,
  run: SECOND,
  endpointSlice: 20 * MS,
  nodeReady: 500 * MS,
  nodeMonitorGrace: 50 * SECOND,
  peers: 50 * MS,
  proxyMinSync: SECOND,
  policySync: 100 * MS,
});
