/** Keeps the EndpointSlices of Services with selectors. Read first: kubernetes `pkg/controller/endpointslice`. */
import { type Endpoint, type EndpointPort, type EndpointSlice, matchesLabels, type Pod, type Service } from "../api/index.js";
import { compareText } from "../base/names.js";
import { sameData } from "../base/same-data.js";
import { type EndpointGroup, endpointGroups, groupKey } from "./endpoints-of.js";
import { forget } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { freeName, ownedBy } from "./pod-from-template.js";
import { isFinished, isReady, isTerminating } from "./pod-state.js";
import { packSlices } from "./slice-packing.js";
import { type Change, keyOf } from "./store.js";

/** `--max-endpoints-per-slice` */
const MOST_ENDPOINTS = 100;
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslice-controller.k8s.io";
const SERVICE_NAME = "kubernetes.io/service-name";
const HEADLESS = "service.kubernetes.io/headless";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

export const endpointSlices: Controller = {
  number: CONTROLLER.endpointSlice,

  watch(p: Plane, change: Change): void {
    const { type, object, old } = change;
    const { namespace = "", labels } = object.metadata;
    if (object.kind === "Service") p.enqueue(CONTROLLER.endpointSlice, keyOf(object), p.delays.endpointSlice);
    else if (object.kind === "EndpointSlice") {
      const service = labels?.[SERVICE_NAME];
      if (type === "DELETED" && service !== undefined && labels?.[MANAGED_BY] === MANAGER)
        p.enqueue(CONTROLLER.endpointSlice, `${namespace}/${service}`, p.delays.endpointSlice);
    } else if (object.kind === "Pod") {
      const before = old?.kind === "Pod" && type === "MODIFIED" ? old : null;
      if (before !== null && !matters(before, object)) return;
      for (const labelled of before === null || before.metadata.labels === labels ? [object] : [before, object]) {
        for (const key of [...p.indexes.serviceSelectors.candidates(namespace, labelled.metadata.labels)].sort(compareText)) {
          if (matchesLabels(p.store.get("Service", key)?.spec.selector, labelled.metadata.labels))
            p.enqueue(CONTROLLER.endpointSlice, key, p.delays.endpointSlice);
        }
      }
    }
  },

  sync(p: Plane, key: string): void {
    const service = p.store.get("Service", key);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
    if (service.spec.selector === undefined || service.spec.type === "ExternalName") return;
    reconcile(p, service);
  },
};

/** Whether an endpoint looks different after a change of its pod. */
function matters(a: Pod, b: Pod): boolean {
  return (
    a.status?.podIP !== b.status?.podIP ||
    isReady(a) !== isReady(b) ||
    isTerminating(a) !== isTerminating(b) ||
    isFinished(a) !== isFinished(b) ||
    a.metadata.labels !== b.metadata.labels ||
    a.spec.nodeName !== b.spec.nodeName
  );
}

interface Planned {
  readonly group: EndpointGroup;
  readonly endpoints: readonly Endpoint[];
}

function reconcile(p: Plane, service: Service): void {
  const groups = endpointGroups(p, service);
  const byGroup = new Map<string, EndpointSlice[]>();
  for (const slice of slicesOf(p, service)) {
    const key = groupKey(slice.addressType, slice.ports ?? []);
    byGroup.set(key, [...(byGroup.get(key) ?? []), slice]);
  }
  const creates: Planned[] = [];
  const spare: EndpointSlice[] = [];
  for (const [key, group] of groups) {
    const packing = packSlices(byGroup.get(key) ?? [], group.endpoints, MOST_ENDPOINTS);
    byGroup.delete(key);
    for (const { slice, endpoints } of packing.updates) write(p, service, slice, { group, endpoints });
    creates.push(...packing.creates.map((endpoints) => ({ group, endpoints })));
    spare.push(...packing.deletes);
  }
  for (const slices of byGroup.values()) spare.push(...slices);
  for (const addressType of service.spec.ipFamilies ?? ["IPv4"]) {
    const filled = [...groups.values()].some((group) => group.addressType === addressType);
    if (!filled) creates.push({ group: { addressType, ports: [], endpoints: new Map() }, endpoints: [] });
  }
  for (const planned of creates) {
    const at = spare.findIndex((slice) => slice.addressType === planned.group.addressType);
    if (at < 0) write(p, service, null, planned);
    else write(p, service, spare.splice(at, 1)[0]!, planned);
  }
  for (const slice of spare) forget(p, "EndpointSlice", keyOf(slice));
  refreshLabels(p, service);
}

function slicesOf(p: Plane, service: Service): readonly EndpointSlice[] {
  return [...p.indexes.slicesOf.of(keyOf(service))]
    .sort(compareText)
    .flatMap((key) => p.store.get("EndpointSlice", key) ?? [])
    .filter((slice) => slice.metadata.labels?.[MANAGED_BY] === MANAGER);
}

/** Writes a slice: a new one, or an old one with other contents. */
function write(p: Plane, service: Service, old: EndpointSlice | null, { group, endpoints }: Planned): void {
  const { namespace = "default", name } = service.metadata;
  const ports: readonly EndpointPort[] = group.ports;
  if (old !== null) {
    if (endpoints.length === 0 && old.endpoints.length === 0 && (old.ports ?? []).length === 0) return;
    const annotations = { ...old.metadata.annotations, [TRIGGER_TIME]: p.time() };
    p.store.update({ ...old, metadata: { ...old.metadata, annotations }, endpoints, ports });
    return;
  }
  p.store.create<EndpointSlice>({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: freeName(p, "EndpointSlice", namespace, `${name}-`),
      namespace,
      labels: labelsFor(service),
      annotations: { [TRIGGER_TIME]: p.time() },
      ownerReferences: [ownedBy(service)],
    },
    addressType: group.addressType,
    endpoints,
    ports,
  });
}

/** The Service's labels, and those by which slices are found. */
function labelsFor(service: Service): Readonly<Record<string, string>> {
  const headless = service.spec.clusterIP === "None" ? { [HEADLESS]: "" } : {};
  return { ...service.metadata.labels, ...headless, [SERVICE_NAME]: service.metadata.name, [MANAGED_BY]: MANAGER };
}

function refreshLabels(p: Plane, service: Service): void {
  const labels = labelsFor(service);
  for (const slice of slicesOf(p, service)) if (!sameData(slice.metadata.labels, labels)) p.store.update({ ...slice, metadata: { ...slice.metadata, labels } });
}
