/** Columns of `kubectl get events` and `kubectl events`. Read first: kubectl pkg/cmd/events/event_printer.go, printers.go printEvent. */
import type { Event } from "../../../api/index.js";
import { TabWriter } from "../output/tab-writer.js";
import { ageText, secondsOf } from "../output/time.js";
import type { TableKind } from "./table.js";

const firstTime = (event: Event): string | undefined => event.firstTimestamp ?? event.eventTime;
const lastTime = (event: Event): string | undefined => event.series?.lastObservedTime ?? event.lastTimestamp ?? firstTime(event);
const times = (event: Event): number => event.series?.count ?? Math.max(1, event.count ?? 1);

/** `kubelet, kind-worker` */
export function eventSource(event: Event): string {
  const component = event.source?.component ?? event.reportingComponent ?? "";
  const host = event.source?.host ?? event.reportingInstance ?? "";
  return host === "" ? component : `${component}, ${host}`;
}

/** `47s (x5 over 87s)`, or `92s` of what happened once. */
export function eventSpan(event: Event, now: number): string {
  const last = ageText(now, lastTime(event));
  return times(event) > 1 ? `${last} (x${times(event)} over ${ageText(now, firstTime(event))})` : ageText(now, firstTime(event));
}

/** Events in the order of their last time. */
export function byTime(events: readonly Event[]): Event[] {
  return events
    .map((event, at) => ({ event, at, time: secondsOf(lastTime(event)) ?? 0 }))
    .sort((a, b) => a.time - b.time || a.at - b.at)
    .map(({ event }) => event);
}

export const eventTable: TableKind<Event> = {
  columns: ["Last Seen", "Type", "Reason", "Object", "Message"],
  all: ["Last Seen", "Type", "Reason", "Object", "Subobject", "Source", "Message", "First Seen", "Count", "Name"],
  cells(event, { now }) {
    const { kind = "", name = "", fieldPath = "" } = event.involvedObject;
    return [
      ageText(now, lastTime(event)),
      event.type ?? "",
      event.reason ?? "",
      `${kind.toLowerCase()}/${name}`,
      fieldPath,
      eventSource(event),
      (event.message ?? "").trim(),
      ageText(now, firstTime(event)),
      String(times(event)),
      event.metadata.name,
    ];
  },
};

/** What `kubectl events` prints of events already in order. */
export function eventsText(events: readonly Event[], now: number, namespaces: boolean, headers: boolean): string {
  const writer = new TabWriter(6, 3);
  if (headers) writer.write(`${namespaces ? "NAMESPACE\t" : ""}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n`);
  for (const event of events) {
    const { kind = "", name = "" } = event.involvedObject;
    const home = namespaces ? `${event.metadata.namespace ?? ""}\t` : "";
    writer.write(`${home}${eventSpan(event, now)}\t${event.type ?? ""}\t${event.reason ?? ""}\t${kind}/${name}\t${(event.message ?? "").trim()}\n`);
  }
  return writer.result();
}
