/* Read first: k8s.io/kubernetes pkg/apis/discovery/validation and pkg/apis/core/validation (`validateEndpointSubsets`). */
import type { EndpointAddress, Endpoints, EndpointSubset } from "../core.js";
import type { Endpoint, EndpointPort, EndpointSlice } from "../discovery.js";
import { parseIpText } from "../ip-text.js";
import { dnsLabelFaults, dnsSubdomainFaults, labelKeyFaults, portNumberFaults } from "../names.js";
import { checkEndpointIp, checkIp, warnIp } from "./addresses.js";
import type { Faults } from "./faults.js";
import { checkLabels, checkObjectMeta } from "./meta.js";
import { checkProtocol } from "./ports.js";

const most = Object.freeze({ endpoints: 1000, addresses: 100, ports: 20_000, zones: 8, topology: 16 });

export function checkEndpointSlice(faults: Faults, slice: EndpointSlice): void {
  checkObjectMeta(faults, slice.metadata, true, dnsSubdomainFaults);
  if (slice.addressType === "") faults.required("addressType");
  else faults.oneOf("addressType", slice.addressType, ["FQDN", "IPv4", "IPv6"]);

  if (slice.endpoints.length > most.endpoints) faults.tooMany("endpoints", slice.endpoints.length, most.endpoints);
  else slice.endpoints.forEach((each, index) => checkEndpoint(faults, `endpoints[${index}]`, each, slice.addressType));

  const ports = slice.ports ?? [];
  if (ports.length > most.ports) faults.tooMany("ports", ports.length, most.ports);
  else checkSlicePorts(faults, ports);
}

function checkEndpoint(faults: Faults, path: string, endpoint: Endpoint, type: string): void {
  const { addresses } = endpoint;
  if (addresses.length === 0) faults.required(`${path}.addresses`, "must contain at least 1 address");
  else if (addresses.length > most.addresses) faults.tooMany(`${path}.addresses`, addresses.length, most.addresses);
  addresses.forEach((address, index) => checkSliceAddress(faults, `${path}.addresses[${index}]`, address, type));

  const topology = endpoint.deprecatedTopology ?? {};
  const labels = Object.keys(topology).length;
  if (labels > most.topology) faults.tooMany(`${path}.deprecatedTopology`, labels, most.topology);
  checkLabels(faults, `${path}.deprecatedTopology`, topology);
  if (endpoint.hostname !== undefined) faults.invalidEach(`${path}.hostname`, endpoint.hostname, dnsLabelFaults(endpoint.hostname));
  const zones = endpoint.hints?.forZones?.length ?? 0;
  if (zones > most.zones) faults.tooMany(`${path}.hints.forZones`, zones, most.zones);
}

function checkSliceAddress(faults: Faults, path: string, text: string, type: string): void {
  if (type === "FQDN") {
    checkFullName(faults, path, text);
    return;
  }
  if (type !== "IPv4" && type !== "IPv6") return;
  const address = parseIpText(text);
  const family = type === "IPv4" ? 4 : 6;
  if (address?.family !== family) faults.invalid(path, text, `must be a valid ${type} address`);
  else if (faults.strict) checkIp(faults, path, text);
  else warnIp(faults, path, text, address);
  checkEndpointIp(faults, path, text);
}

function checkFullName(faults: Faults, path: string, text: string): void {
  const name = text.replace(/\.$/, "");
  if (text === "") faults.required(path);
  else if (dnsSubdomainFaults(name).length > 0) faults.invalidEach(path, text, dnsSubdomainFaults(name));
  else if (!name.includes(".")) faults.invalid(path, text, "should be a domain with at least two segments separated by dots");
}

function checkSlicePorts(faults: Faults, ports: readonly EndpointPort[]): void {
  const names = new Set<string>();
  ports.forEach(({ name = "", protocol, appProtocol }, index) => {
    const path = `ports[${index}]`;
    if (name !== "") faults.invalidEach(`${path}.name`, name, dnsLabelFaults(name));
    if (names.has(name)) faults.duplicate(`${path}.name`, name);
    names.add(name);
    checkProtocol(faults, `${path}.protocol`, protocol);
    if (appProtocol !== undefined) faults.invalidEach(`${path}.appProtocol`, appProtocol, labelKeyFaults(appProtocol));
  });
}

export function checkEndpoints(faults: Faults, { metadata, subsets = [] }: Endpoints): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  subsets.forEach((subset, index) => checkSubset(faults, `subsets[${index}]`, subset));
}

function checkSubset(faults: Faults, path: string, subset: EndpointSubset): void {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  if (addresses.length + notReadyAddresses.length === 0) {
    faults.required(path, "must specify `addresses` or `notReadyAddresses`");
  }
  addresses.forEach((each, index) => checkAddress(faults, `${path}.addresses[${index}]`, each));
  notReadyAddresses.forEach((each, index) => checkAddress(faults, `${path}.notReadyAddresses[${index}]`, each));
  ports.forEach(({ name = "", port, protocol }, index) => {
    const at = `${path}.ports[${index}]`;
    if (name === "" && ports.length > 1) faults.required(`${at}.name`);
    else if (name !== "") faults.invalidEach(`${at}.name`, name, dnsLabelFaults(name));
    faults.invalidEach(`${at}.port`, port, portNumberFaults(port));
    checkProtocol(faults, `${at}.protocol`, protocol);
  });
}

function checkAddress(faults: Faults, path: string, { ip, hostname = "", nodeName }: EndpointAddress): void {
  const address = checkIp(faults, `${path}.ip`, ip);
  const hostFaults = hostname === "" ? [] : dnsLabelFaults(hostname);
  const nodeFaults = nodeName === undefined ? [] : dnsSubdomainFaults(nodeName);
  faults.invalidEach(`${path}.hostname`, hostname, hostFaults);
  faults.invalidEach(`${path}.nodeName`, nodeName, nodeFaults);
  if (address !== undefined && hostFaults.length === 0 && nodeFaults.length === 0) checkEndpointIp(faults, `${path}.ip`, ip);
}
