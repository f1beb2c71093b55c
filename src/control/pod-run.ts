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
  /** sidecars first, then containers, from their start on */
  readonly containers: readonly ContainerRun[];
  /** ns since boot of the last turn to ready, -1 while it is not */
  readonly readySince: number;
  /** as it was when the kubelet saw it first */
  readonly pod: Pod;
}

/** The kinds of probes. */
export const PROBES = Object.freeze(["startup", "readiness", "liveness"] as const);
export type ProbeKind = (typeof PROBES)[number];

/** Answers of one probe so far. */
export interface Tally {
  /** program that asks at the moment, 0 for none */
  readonly app: number;
  /** the last answer, and how many like it came one after the other */
  readonly ok: boolean;
  readonly run: number;
}

/** A container's own end: how long after its start, and with which status. */
export interface Exit {
  /** ns */
  readonly after: number;
  readonly code: number;
}

/** A container on its node. */
export interface ContainerRun {
  readonly name: string;
  /** 0 for one that runs no program */
  readonly app: number;
  /** when it comes to an end of its own; null: never */
  readonly ends: Exit | null;
  /** RFC 3339 text of its last start */
  readonly startedAt: string;
  /** the same in ns since boot */
  readonly since: number;
  readonly restarts: number;
  /** its startup probe has succeeded, or there is none */
  readonly started: boolean;
  /** its readiness probe has succeeded, or there is none */
  readonly ready: boolean;
  /** it has ended, and whether it is to start again */
  readonly down: boolean;
  readonly again: boolean;
  /** how it ended last, and when (RFC 3339 text); of no meaning while it runs */
  readonly exitCode: number;
  readonly endedAt: string;
  /** message of the back-off it waits in, "" for none */
  readonly backOff: string;
  /** ns it waited before its last restart */
  readonly lastWait: number;
  readonly tallies: Readonly<Partial<Record<ProbeKind, Tally>>>;
}

/** Numbers of the programs of a pod. */
export function appsOf(run: PodRun | undefined): readonly number[] {
  return (run?.containers ?? []).flatMap(({ app }) => (app === 0 ? [] : [app]));
}
