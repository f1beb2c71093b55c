import type { EndpointSlice } from "../../../api/index.js";
import type { KubectlSource } from "../source.js";
import { eventsAbout, Page } from "./page.js";

const orUnset = (text: string | undefined): string => (text === undefined || text === "" ? "<unset>" : text);

/** Read first: kubectl pkg/describe/describe.go, describeEndpointSliceV1. */
export function describeEndpointSlice(slice: EndpointSlice, source: KubectlSource): string {
  const page = new Page();
  const { metadata, ports = [] } = slice;
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
  page.line(0, `AddressType:\t${slice.addressType}`);
  if (ports.length === 0) page.line(0, "Ports: <unset>");
  else {
    page.line(0, "Ports:");
    page.line(1, "Name\tPort\tProtocol");
    page.line(1, "----\t----\t--------");
    for (const { name, port, protocol = "TCP" } of ports) page.line(1, `${orUnset(name)}\t${port ?? "<unset>"}\t${protocol}`);
  }
  const endpoints = slice.endpoints ?? [];
  page.line(0, endpoints.length === 0 ? "Endpoints: <none>" : "Endpoints:");
  for (const endpoint of endpoints) {
    page.line(1, `- Addresses:\t${endpoint.addresses.length === 0 ? "<none>" : endpoint.addresses.join(", ")}`);
    page.line(2, "Conditions:");
    page.line(3, `Ready:\t${endpoint.conditions?.ready ?? "<unset>"}`);
    page.line(2, `Hostname:\t${orUnset(endpoint.hostname)}`);
    if (endpoint.targetRef !== undefined) page.line(2, `TargetRef:\t${endpoint.targetRef.kind ?? ""}/${endpoint.targetRef.name ?? ""}`);
    page.line(2, `NodeName:\t${orUnset(endpoint.nodeName)}`);
    page.line(2, `Zone:\t${orUnset(endpoint.zone)}`);
  }
  page.events(eventsAbout(source.events(), slice), source.now());
  return page.text();
}
