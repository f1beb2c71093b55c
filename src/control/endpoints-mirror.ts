/** Endpoints that people wrote, copied to slices. Read first: kubernetes `pkg/controller/endpointslicemirroring`. */
import type { Endpoint, EndpointAddress, EndpointPort, Endpoints, EndpointSlice, EndpointSubset } from "../api/index.js";
import { parseIpText } from "../api/index.js";
import { compareText } from "../base/names.js";
import { forget } from "./deletion.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { freeName, ownedBy } from "./pod-from-template.js";
import { type Change, keyOf } from "./store.js";

const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslicemirroring-controller.k8s.io";
const SERVICE_NAME = "kubernetes.io/service-name";
const SKIP = "endpointslice.kubernetes.io/skip-mirror";

export const endpointsMirror: Controller = {
  number: CONTROLLER.endpointsMirror,

  watch(p: Plane, { object }: Change): void {
    if (object.kind === "Endpoints" || object.kind === "Service")
      p.enqueue(CONTROLLER.endpointsMirror, keyOf(object), p.delays.endpointSlice);
  },

  sync(p: Plane, key: string): void {
    const endpoints = p.store.get("Endpoints", key);
    const service = p.store.get("Service", key);
    const old = [...p.indexes.slicesOf.of(key)]
      .sort(compareText)
      .flatMap((each) => p.store.get("EndpointSlice", each) ?? [])
      .filter((slice) => slice.metadata.labels?.[MANAGED_BY] === MANAGER);
    const mirrored =
      endpoints !== undefined &&
      service !== undefined &&
      service.spec.selector === undefined &&
      endpoints.metadata.labels?.[SKIP] !== "true";
    const wanted = mirrored ? (endpoints.subsets ?? []).flatMap(slicesOf) : [];
    wanted.forEach((content, at) => {
      const slice = old[at];
      if (slice === undefined) create(p, endpoints!, content);
      else if (slice.addressType === content.addressType) p.store.update({ ...slice, ...content });
      else {
        forget(p, "EndpointSlice", keyOf(slice));
        create(p, endpoints!, content);
      }
    });
    for (const slice of old.slice(wanted.length)) forget(p, "EndpointSlice", keyOf(slice));
  },
};

type Content = Pick<EndpointSlice, "addressType" | "endpoints" | "ports">;

/** One slice for each family of a subset. */
function slicesOf({ addresses = [], notReadyAddresses = [], ports = [] }: EndpointSubset): readonly Content[] {
  const listed = ports.map(
    ({ name = "", port, protocol = "TCP", appProtocol }): EndpointPort => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }),
  );
  return (["IPv4", "IPv6"] as const).flatMap((addressType) => {
    const ofFamily = ({ ip }: EndpointAddress): boolean => (parseIpText(ip)?.family === 6) === (addressType === "IPv6");
    const endpoints = [
      ...addresses.filter(ofFamily).map((each) => endpointOf(each, true)),
      ...notReadyAddresses.filter(ofFamily).map((each) => endpointOf(each, false)),
    ];
    return endpoints.length === 0 ? [] : [{ addressType, endpoints, ports: listed }];
  });
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function create(p: Plane, endpoints: Endpoints, content: Content): void {
  const { namespace = "default", name, labels } = endpoints.metadata;
  p.store.create<EndpointSlice>({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: freeName(p, "EndpointSlice", namespace, `${name}-`),
      namespace,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      ownerReferences: [ownedBy(endpoints)],
    },
    ...content,
  });
}
