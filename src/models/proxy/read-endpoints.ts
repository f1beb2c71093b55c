import type { EndpointSlice } from "../../api/index.js";
import { compareText } from "./compare-text.js";
import type { EndpointInfo } from "./service-port-info.js";
import { bracketed, canonicalAddress, type Family, familyName } from "./sloppy-address.js";

/** Endpoints of a Service's slices by `portName/protocol`, each list sorted by `ip:port` byte by byte. */
export type EndpointsByPort = ReadonlyMap<string, readonly EndpointInfo[]>;

/**
 * Merges the slices of one Service in one family. Slices are taken by name, so that which of two equal endpoints
 * counts does not depend on the order of arrival: the first seen, unless a later one is not terminating.
 */
export function readEndpoints(slices: readonly EndpointSlice[], family: Family): EndpointsByPort {
  const found = new Map<string, Map<string, EndpointInfo>>();
  const ofFamily = slices.filter((slice) => slice.addressType === familyName(family));
  for (const slice of ofFamily.sort((a, b) => compareText(a.metadata.name, b.metadata.name))) {
    for (const port of slice.ports ?? []) {
      if (port.name === undefined || port.port === undefined || port.port === 0) continue;
      const key = `${port.name}/${(port.protocol ?? "TCP").toLowerCase()}`;
      let list = found.get(key);
      if (list === undefined) found.set(key, (list = new Map()));
      addEndpoints(list, slice, port.port, family);
    }
  }
  const sorted = new Map<string, readonly EndpointInfo[]>();
  for (const [key, list] of found)
    sorted.set(
      key,
      [...list.values()].sort((a, b) => compareText(a.text, b.text)),
    );
  return sorted;
}

function addEndpoints(list: Map<string, EndpointInfo>, slice: EndpointSlice, port: number, family: Family): void {
  (slice.endpoints ?? []).forEach((endpoint, index) => {
    const address = canonicalAddress(endpoint.addresses?.[0] ?? "");
    if (address?.family !== family) return;
    const { ready, serving, terminating } = endpoint.conditions ?? {};
    const info: EndpointInfo = {
      ip: address.text,
      port,
      text: `${bracketed(address)}:${port}`,
      nodeName: endpoint.nodeName ?? "",
      ready: ready ?? true,
      serving: serving ?? true,
      terminating: terminating ?? false,
      zoneHints: (endpoint.hints?.forZones ?? []).map((zone) => zone.name),
      nodeHints: (endpoint.hints?.forNodes ?? []).map((node) => node.name),
      slice: `${slice.metadata.namespace ?? "default"}/${slice.metadata.name}`,
      path: `endpoints[${index}]`,
    };
    if (!list.has(info.text) || !info.terminating) list.set(info.text, info);
  });
}
