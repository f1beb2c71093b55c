/** Endpoints objects of Services with selectors, the old form of slices. Read first: kubernetes `pkg/controller/endpoint`. */
import { extended } from "../base/extended.js";
import type { EndpointAddress, Endpoints, EndpointSubset, Service } from "../api/index.js";
import { compareText } from "../base/names.js";
import { endpointGroups } from "./endpoints-of.js";
import { forget } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { type Change, keyOf } from "./store.js";

const SERVICE_NAME = "kubernetes.io/service-name";
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";
const OVER = "endpoints.kubernetes.io/over-capacity";
const MOST_ADDRESSES = 1000;

/** It follows the slices, which tell of the same pods. */
export const endpointsObjects: Controller = {
  number: CONTROLLER.endpoints,

  watch(p: Plane, { object }: Change): void {
    const { namespace = "", labels } = object.metadata;
    if (object.kind === "Service") p.enqueue(CONTROLLER.endpoints, keyOf(object), p.delays.endpointSlice);
    else if (object.kind === "EndpointSlice" && labels?.[SERVICE_NAME] !== undefined)
      p.enqueue(CONTROLLER.endpoints, `${namespace}/${labels[SERVICE_NAME]}`, p.delays.controller);
  },

  sync(p: Plane, key: string): void {
    const service = p.store.get("Service", key);
    const old = p.store.get("Endpoints", key);
    if (service === undefined) {
      if (old !== undefined) forget(p, "Endpoints", key);
      return;
    }
    if (service.spec.selector === undefined || service.spec.type === "ExternalName") return;
    write(p, service, old);
  },
};

function write(p: Plane, service: Service, old: Endpoints | undefined): void {
  const { namespace = "default", name } = service.metadata;
  const subsets = subsetsOf(p, service);
  const headless = service.spec.clusterIP === "None" ? { "service.kubernetes.io/headless": "" } : {};
  const labels = { ...service.metadata.labels, ...headless };
  if (old !== undefined && JSON.stringify([old.subsets ?? [], old.metadata.labels]) === JSON.stringify([subsets, labels])) return;
  const over = subsets.reduce((sum, { addresses = [], notReadyAddresses = [] }) => sum + addresses.length + notReadyAddresses.length, 0) >= MOST_ADDRESSES;
  const annotations = { [TRIGGER_TIME]: p.time(), ...(over ? { [OVER]: "truncated" } : {}) };
  const object: Endpoints = { apiVersion: "v1", kind: "Endpoints", metadata: { name, namespace, labels, annotations }, ...(subsets.length === 0 ? {} : { subsets }) };
  if (old === undefined) p.store.create(object);
  else p.store.update({ ...object, metadata: { ...old.metadata, labels, annotations } });
}

/** One subset for each list of ports; pods that end are left out. */
function subsetsOf(p: Plane, service: Service): readonly EndpointSubset[] {
  const family = service.spec.ipFamilies?.[0] ?? "IPv4";
  let left = MOST_ADDRESSES;
  const subsets: EndpointSubset[] = [];
  for (const { addressType, ports, endpoints } of endpointGroups(p, service).values()) {
    if (addressType !== family) continue;
    const [ready, waiting]: [EndpointAddress[], EndpointAddress[]] = [[], []];
    const sorted = [...endpoints.values()].sort((a, b) => compareText(a.addresses[0]!, b.addresses[0]!));
    for (const { addresses, conditions, nodeName, targetRef, hostname } of sorted) {
      if (conditions?.terminating === true || left-- <= 0) continue;
      const address: EndpointAddress = {
        ip: addresses[0]!,
        ...(hostname === undefined ? {} : { hostname }),
        ...(nodeName === undefined ? {} : { nodeName }),
        ...(targetRef === undefined ? {} : { targetRef }),
      };
      (conditions?.ready === true ? ready : waiting).push(address);
    }
    if (ready.length + waiting.length === 0) continue;
    const addresses = ready.length === 0 ? { notReadyAddresses: waiting } : { addresses: ready, ...(waiting.length === 0 ? {} : { notReadyAddresses: waiting }) };
    subsets.push(extended(addresses, {
      ports: ports.map(({ name = "", port = 0, protocol = "TCP" }) => (name === "" ? { port, protocol } : { name, port, protocol })),
    }));
  }
  return subsets;
}
