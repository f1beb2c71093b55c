import { encodeBase32 } from "../../../base/base32.js";
import { sha256 } from "../../../base/sha256.js";
import type { EndpointInfo, ServicePortInfo } from "../service-port-info.js";

/** The kernel takes 256 bytes; the rest is room for prefixes. */
const LONGEST = 240;

/** `HASH-ns/name/tcp/port`, what the names of a port's chains end in. */
export function servicePortName(port: ServicePortInfo): string {
  return hashedName(serviceText(port));
}

/** `HASH-ns/name/tcp/port__10.0.0.1/80`, what the names of an endpoint's chain and affinity set end in. */
export function endpointName(port: ServicePortInfo, endpoint: EndpointInfo): string {
  return hashedName(`${serviceText(port)}__${endpoint.ip.replaceAll(":", ".")}/${endpoint.port}`);
}

/** The text with the first eight characters of its hash before it, cut where it is too long for the kernel. */
export function hashedName(text: string): string {
  const name = `${encodeBase32(sha256(text).subarray(0, 5))}-${text}`;
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 3)}...` : name;
}

/** Whether a chain was made for one Service or endpoint. */
export function isServiceObject(name: string): boolean {
  return name.includes("/");
}

function serviceText(port: ServicePortInfo): string {
  return `${port.namespace}/${port.name}/${port.protocol}/${port.portName}`;
}
