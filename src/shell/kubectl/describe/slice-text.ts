import type { EndpointSlice } from "../../../api/index.js";
import { hostPort } from "../get/network-tables.js";
import type { KubectlSource } from "../source.js";

const MOST_NAMED = 3;

/** The slices of a Service. */
export function slicesOf(source: KubectlSource, namespace: string, service: string): readonly EndpointSlice[] {
  return (source.list("EndpointSlice", namespace) as readonly EndpointSlice[]).filter((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === service);
}

/** Ready endpoints of the port of that name: three of them, `<none>` where there is no slice at all. */
export function readyEndpoints(slices: readonly EndpointSlice[], portName: string): string {
  if (slices.length === 0) return "<none>";
  const list = slices.flatMap(({ ports = [], endpoints }) => {
    const ready = (endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false).map((endpoint) => endpoint.addresses[0] ?? "");
    if (ports.length === 0) return ready;
    return ports.filter((port) => (port.name ?? "") === portName && port.port !== undefined).flatMap((port) => ready.map((address) => hostPort(address, port.port!)));
  });
  const named = list.slice(0, MOST_NAMED).join(",");
  return list.length > MOST_NAMED ? `${named} + ${list.length - MOST_NAMED} more...` : named;
}
