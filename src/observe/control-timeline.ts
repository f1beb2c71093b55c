/**
 * What the control plane did, in time order: every write that reached the cluster's clients, told by what it changed in the row
 * that `kubectl get -o wide` shows of the object, and every Event about it.
 */
import type { KubeObject } from "../api/index.js";
import { SECOND } from "../base/time.js";
import type { Cluster } from "../cluster/cluster.js";
import { columnsOf, rowOf } from "../shell/kubectl/index.js";

/** One moment; `time` in ns since boot. */
export interface ControlMoment {
  readonly time: number;
  readonly what: "added" | "modified" | "deleted" | "event";
  /** "Pod default/web-0", "Node kind-worker" */
  readonly object: string;
  /** "STATUS Pending -> Running", or the Event's reason and message */
  readonly text: string;
}

/** A timeline being kept; `end` stops it, and what it has stays. */
export interface ControlTimeline {
  /** All moments so far, in time order. */
  moments(): readonly ControlMoment[];
  /** Nothing is added from now on. */
  end(): void;
}

/** Nothing that happens to an object: what it is called, and how old it is. */
const STILL: ReadonlySet<string> = new Set(["Name", "Age", "Last Seen"]);

/** Keeps the timeline of a cluster from now on. Watching changes nothing. */
export function controlTimeline(cluster: Cluster): ControlTimeline {
  const moments: ControlMoment[] = [];
  const from = cluster.now;
  let until = Infinity;
  const stop = cluster.control.onWatch(({ type, object, old }) => {
    const text = changeText(object, type === "MODIFIED" ? old : null);
    if (type === "MODIFIED" && text === "") return;
    moments.push({ time: cluster.now, what: type === "ADDED" ? "added" : type === "MODIFIED" ? "modified" : "deleted", object: objectName(object.kind, object.metadata), text: type === "DELETED" ? "" : text });
  });
  return {
    moments() {
      const events = cluster.control.eventRecords
        .filter(({ first }) => first >= from && first <= until)
        .map(({ first, kind, namespace, name, reason, message, source }): ControlMoment => ({ time: first, what: "event", object: objectName(kind, { namespace, name }), text: `${source} ${reason}: ${message}` }));
      // At one instant the write comes first, of which the Event tells.
      return [...moments, ...events].map((moment, at) => ({ moment, at })).sort((x, y) => x.moment.time - y.moment.time || x.at - y.at).map(({ moment }) => moment);
    },
    end() {
      until = cluster.now;
      stop();
    },
  };
}

function objectName(kind: string, { namespace = "", name }: { readonly namespace?: string; readonly name: string }): string {
  return `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
}

/** The cells that differ, or all that say something where there is nothing to compare with. */
function changeText(object: KubeObject, old: KubeObject | null): string {
  const context = { now: 0, wide: true };
  const cells = rowOf(object, context).cells;
  const before = old === null ? null : rowOf(old, context).cells;
  return columnsOf(object.kind, true)
    .flatMap((column, at) => {
      const cell = cells[at] ?? "";
      if (STILL.has(column) || cell === before?.[at]) return [];
      if (before === null) return cell === "" || cell === "<none>" || cell === "<unset>" || cell === "<unknown>" ? [] : [`${column.toUpperCase()} ${cell}`];
      return [`${column.toUpperCase()} ${before[at]} -> ${cell}`];
    })
    .join(", ");
}

/** One line a moment: seconds, what, object, text. */
export function controlTimelineText(moments: readonly ControlMoment[]): string {
  const width = Math.max(0, ...moments.map(({ object }) => object.length));
  return moments.map(({ time, what, object, text }) => `${(time / SECOND).toFixed(3).padStart(9)}s  ${what.padEnd(8)}  ${object.padEnd(width)}  ${text}`.trimEnd().concat("\n")).join("");
}
