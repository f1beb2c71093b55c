/** The page of `kubectl describe`: indented lines in columns two blanks apart, and the parts that all kinds share. */
import type { Event, KubeObject, Labels } from "../../../api/index.js";
import { compareText } from "../../../base/names.js";
import { eventSpan } from "../get/event-table.js";
import { TabWriter } from "../output/tab-writer.js";
import { secondsOf } from "../output/time.js";

const LONGEST_ANNOTATION = 140;
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Read first: kubectl pkg/describe/describe.go, prefixWriter and the print functions at its end. */
export class Page {
  private readonly writer: Pick<TabWriter, "write" | "flush" | "result">;

  /** Aligned, unless another writer is given. */
  constructor(writer: Pick<TabWriter, "write" | "flush" | "result"> = new TabWriter(0, 2)) {
    this.writer = writer;
  }

  /** One line at an indent of `level` times two blanks. */
  line(level: number, text: string): void {
    this.writer.write(`${"  ".repeat(level)}${text}\n`);
  }

  /** What follows is aligned on its own. */
  flush(): void {
    this.writer.flush();
  }

  /** A title and one value a line. */
  list(title: string, values: readonly string[]): void {
    if (values.length === 0) this.line(0, `${title}:\t<none>`);
    values.forEach((value, i) => this.line(0, i === 0 ? `${title}:\t${value}` : `\t${value}`));
  }

  labels(title: string, labels: Labels | undefined): void {
    this.list(title, sortedEntries(labels).map(([key, value]) => `${key}=${value}`));
  }

  annotations(annotations: Labels | undefined, title = "Annotations"): void {
    const shown = sortedEntries(annotations).filter(([key]) => key !== LAST_APPLIED);
    this.list(title, shown.map(([key, value]) => annotation(key, value.endsWith("\n") ? value.slice(0, -1) : value)));
  }

  events(events: readonly Event[], now: number): void {
    if (events.length === 0) {
      this.line(0, "Events:\t<none>");
      return;
    }
    this.flush();
    this.line(0, "Events:");
    this.line(1, "Type\tReason\tAge\tFrom\tMessage");
    this.line(1, "----\t------\t----\t----\t-------");
    for (const event of byLastTime(events)) {
      const from = event.source?.component ?? event.reportingComponent ?? "";
      this.line(1, `${event.type ?? ""}\t${event.reason ?? ""}\t${eventSpan(event, now)}\t${from}\t${(event.message ?? "").trim()}`);
    }
  }

  text(): string {
    return this.writer.result();
  }
}

/** Events without a last time come first, as for kubectl that is the zero time. */
function byLastTime(events: readonly Event[]): Event[] {
  const last = (event: Event): number => secondsOf(event.lastTimestamp) ?? Number.NEGATIVE_INFINITY;
  return [...events].sort((a, b) => (last(a) === last(b) ? 0 : last(a) < last(b) ? -1 : 1));
}

/** Entries in byte order of their keys. */
export function sortedEntries<T>(map: Readonly<Record<string, T>> | undefined): readonly (readonly [string, T])[] {
  return Object.entries(map ?? {}).sort(([a], [b]) => compareText(a, b));
}

function annotation(key: string, value: string): string {
  if (value.length + key.length + 2 <= LONGEST_ANNOTATION && !value.includes("\n")) return `${key}: ${value}`;
  const most = LONGEST_ANNOTATION - 2;
  const lines = value.split("\n").map((line) => `\t  ${line.length > most ? `${line.slice(0, most)}...` : line}`);
  return [`${key}:`, ...lines].join("\n");
}

/** The events about an object. */
export function eventsAbout(events: readonly Event[], object: KubeObject): Event[] {
  const { name, namespace, uid } = object.metadata;
  return events.filter(({ involvedObject: about }) => {
    if (about.kind !== object.kind || about.name !== name || (about.namespace ?? "") !== (namespace ?? "")) return false;
    return uid === undefined || about.uid === undefined || about.uid === uid || object.kind === "Node";
  });
}
