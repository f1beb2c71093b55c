/** What controllers tell people: Kubernetes Events, kept apart from the store so that they cost one small record each. */
import { kindInfo, type Kind } from "../api/index.js";
import type { Event, KubeObject } from "../api/index.js";
import { timeText } from "./time-text.js";

/** One event about one object; equal ones are counted, not repeated. Times in ns since boot. */
export interface EventRecord {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** `default-scheduler`, `kubelet` ... */
  readonly source: string;
  readonly host: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

export interface EventLogState {
  readonly records: readonly EventRecord[];
}

/** The API server forgets events after an hour; here the oldest go when there are more than `limit`. */
export class EventLog {
  private records = new Map<string, EventRecord>();
  /** Where the oldest is. A map that is asked for its first key again and again goes over all that were deleted before it. */
  private oldest = this.records.keys();

  constructor(private readonly limit: number) {}

  add(now: number, about: KubeObject, type: "Normal" | "Warning", reason: string, message: string, source: string, host = ""): void {
    const uid = about.metadata.uid ?? "";
    const key = `${uid} ${reason} ${source} ${message}`;
    const known = this.records.get(key);
    if (known !== undefined) {
      this.records.set(key, Object.freeze({ ...known, last: now, count: known.count + 1 }));
      return;
    }
    const { namespace = "", name } = about.metadata;
    const record: EventRecord = {
      type,
      reason,
      message,
      source,
      host,
      kind: about.kind,
      namespace,
      name,
      uid,
      first: now,
      last: now,
      count: 1,
    };
    this.records.set(key, Object.freeze(record));
    if (this.records.size <= this.limit) return;
    this.records.delete(this.oldest.next().value!);
  }

  /** In the order of their first time. */
  all(): readonly EventRecord[] {
    return [...this.records.values()];
  }

  save(): EventLogState {
    return { records: this.all() };
  }

  restore(state: EventLogState): void {
    this.records = new Map(
      state.records.map((record) => [`${record.uid} ${record.reason} ${record.source} ${record.message}`, Object.freeze(record)]),
    );
    this.oldest = this.records.keys();
  }
}

/** The record as the Event object that the API would hold. */
export function eventObject(record: EventRecord, epoch: number): Event {
  const { kind, name, namespace, uid, source, host } = record;
  const home = namespace === "" ? "default" : namespace;
  const instant = (BigInt(epoch) * 1_000_000_000n + BigInt(record.first)).toString(16);
  return Object.freeze({
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: `${name}.${instant}`,
      namespace: home,
      creationTimestamp: timeText(epoch, record.first),
    },
    involvedObject: { apiVersion: kindInfo(kind).apiVersion, kind, name, uid, ...(namespace === "" ? {} : { namespace }) },
    reason: record.reason,
    message: record.message,
    type: record.type,
    source: { component: source, ...(host === "" ? {} : { host }) },
    firstTimestamp: timeText(epoch, record.first),
    lastTimestamp: timeText(epoch, record.last),
    count: record.count,
  });
}
