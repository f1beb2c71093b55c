// The one picture of Services and their endpoints that every node's proxy programs. It depends on no node, so a cluster
// holds it once; a node adds only what it alone knows (see endpoint-choice.ts). Views are values: a change makes a new
// one that shares every unchanged entry, so what changed between two views is found by comparing references.

import type { EndpointSlice, Service } from "../../api/index.js";
import { sameData } from "../../base/same-data.js";
import { compareText } from "./compare-text.js";
import { readEndpoints } from "./read-endpoints.js";
import { readServicePorts, type ServicePortInfo } from "./service-port-info.js";
import type { Family } from "./sloppy-address.js";

/** A Service that at least one family's proxy knows. */
export interface ServiceEntry {
  /** `namespace/name`. */
  readonly key: string;
  /** Its ports in `spec.ports` order, with endpoints; empty where the Service has no address of the family. */
  readonly v4: readonly ServicePortInfo[];
  readonly v6: readonly ServicePortInfo[];
}

/** Services in byte order of `namespace/name`: the order in which rules are written. */
export interface ProxyView {
  readonly version: number;
  readonly entries: readonly ServiceEntry[];
  /** Endpoints of all ports of all entries, whatever their state; a thousand is where kube-proxy shortens its rules. */
  readonly endpoints: { readonly v4: number; readonly v6: number };
}

/** A cluster without Services. */
export const emptyView: ProxyView = Object.freeze({ version: 0, entries: Object.freeze([]), endpoints: Object.freeze({ v4: 0, v6: 0 }) });

/** The ports of an entry in one family. */
export function portsOf(entry: ServiceEntry, family: Family): readonly ServicePortInfo[] {
  return family === 4 ? entry.v4 : entry.v6;
}

/** What a Service and its slices are now; `service` is undefined once it is gone. */
export interface ServiceState {
  readonly key: string;
  readonly service: Service | undefined;
  readonly slices: readonly EndpointSlice[];
}

/** The view of a whole list of objects; of two objects of one name the later counts. */
export function buildView(services: readonly Service[], slices: readonly EndpointSlice[]): ProxyView {
  const slicesOf = groupSlices(slices);
  const states = new Map<string, ServiceState>();
  for (const service of services) {
    const key = `${service.metadata.namespace ?? "default"}/${service.metadata.name}`;
    states.set(key, { key, service, slices: [...(slicesOf.get(key)?.values() ?? [])] });
  }
  return changeView(emptyView, [...states.values()]);
}

/** The view after some Services, or their slices, became what `states` says; the same object if nothing differs. */
export function changeView(view: ProxyView, states: readonly ServiceState[]): ProxyView {
  const latest = new Map(states.map((state) => [state.key, readEntry(state)]));
  const news = [...latest].sort((a, b) => compareText(a[0], b[0]));
  const entries: ServiceEntry[] = [];
  let [v4, v6, changed, at] = [view.endpoints.v4, view.endpoints.v6, false, 0];
  for (const [key, entry] of news) {
    const until = lowerBound(view.entries, key, at);
    for (; at < until; at++) entries.push(view.entries[at]!);
    const old = view.entries[at]?.key === key ? view.entries[at++]! : undefined;
    if (old === undefined && entry === undefined) continue;
    if (old !== undefined && entry !== undefined && sameData(old, entry)) {
      entries.push(old);
      continue;
    }
    changed = true;
    v4 += count(entry?.v4) - count(old?.v4);
    v6 += count(entry?.v6) - count(old?.v6);
    if (entry !== undefined) entries.push(entry);
  }
  if (!changed) return view;
  for (; at < view.entries.length; at++) entries.push(view.entries[at]!);
  return { version: view.version + 1, entries, endpoints: { v4, v6 } };
}

/** Keys of the Services that differ between two views, in order. */
export function changedServices(before: ProxyView, after: ProxyView): readonly string[] {
  const keys: string[] = [];
  let [i, j] = [0, 0];
  while (i < before.entries.length || j < after.entries.length) {
    const a = before.entries[i];
    const b = after.entries[j];
    if (a !== undefined && b !== undefined && sameEntry(a, b)) i++, j++;
    else if (b === undefined || (a !== undefined && a.key < b.key)) keys.push(a!.key), i++;
    else if (a === undefined || b.key < a.key) keys.push(b.key), j++;
    else keys.push(b.key), i++, j++;
  }
  return keys;
}

/** Whether nothing differs; views made apart, as after a restored run, hold equal entries that are not the same object. */
export function sameEntry(a: ServiceEntry, b: ServiceEntry): boolean {
  return a === b || (a.key === b.key && sameData(a, b));
}

/** The Service an EndpointSlice belongs to, as `namespace/name`; null for one that no proxy looks at. */
export function sliceOwner(slice: EndpointSlice): string | null {
  const name = slice.metadata.labels?.["kubernetes.io/service-name"];
  return name === undefined || name === "" || isLeftToOthers(slice) ? null : `${slice.metadata.namespace ?? "default"}/${name}`;
}

function groupSlices(slices: readonly EndpointSlice[]): ReadonlyMap<string, ReadonlyMap<string, EndpointSlice>> {
  const groups = new Map<string, Map<string, EndpointSlice>>();
  for (const slice of slices) {
    const key = sliceOwner(slice);
    if (key === null) continue;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = new Map()));
    group.set(slice.metadata.name, slice);
  }
  return groups;
}

/** Labels by which kube-proxy's informers leave an object to another proxy. */
function isLeftToOthers(object: Service | EndpointSlice): boolean {
  const labels = object.metadata.labels ?? {};
  return Object.hasOwn(labels, "service.kubernetes.io/service-proxy-name") || Object.hasOwn(labels, "service.kubernetes.io/headless");
}

function readEntry(state: ServiceState): ServiceEntry | undefined {
  if (state.service === undefined || isLeftToOthers(state.service)) return undefined;
  const v4 = withEndpoints(state, 4);
  const v6 = withEndpoints(state, 6);
  return v4.length + v6.length === 0 ? undefined : { key: state.key, v4, v6 };
}

function withEndpoints(state: ServiceState, family: Family): readonly ServicePortInfo[] {
  const ports = readServicePorts(state.service!, family);
  if (ports.length === 0) return ports;
  const endpoints = readEndpoints(state.slices, family);
  return ports.map((port) => ({ ...port, endpoints: endpoints.get(`${port.portName}/${port.protocol}`) ?? [] }));
}

function lowerBound(entries: readonly ServiceEntry[], key: string, from: number): number {
  let [low, high] = [from, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (entries[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function count(ports: readonly ServicePortInfo[] | undefined): number {
  return (ports ?? []).reduce((sum, port) => sum + port.endpoints.length, 0);
}
