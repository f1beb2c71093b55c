import type { Pod } from "../api/index.js";

/** What a kubelet knows of a pod on its node; replaced, never changed. */
export interface PodRun {
  readonly uid: string;
  readonly node: string;
  readonly stage: "seen" | "starting" | "running" | "done" | "stopping" | "stopped";
  /** ns since boot: nothing is done before */
  readonly due: number;
  /** namespace row, 0 before there is one; the node's own for hostNetwork */
  readonly ns: number;
  readonly containerId: string;
  readonly ips: readonly string[];
  /** programs, in the order of the containers */
  readonly apps: readonly number[];
  /** ns since boot of the last turn to ready, -1 while it is not */
  readonly readySince: number;
  /** as it was when the kubelet saw it first */
  readonly pod: Pod;
}
