import { encodeBase32 } from "../../../base/base32.js";
import { sha256 } from "../../../base/sha256.js";
import type { EndpointInfo, ServicePortInfo } from "../service-port-info.js";

/** The four chains of one Service port; they share one suffix. */
export interface ServiceChainNames {
  readonly cluster: string;
  readonly local: string;
  readonly external: string;
  readonly firewall: string;
}

/** What marks a chain as made for one Service or endpoint, so that it may be deleted when nothing uses it any more. */
export const ownedPrefixes: readonly string[] = Object.freeze(["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-FW-", "KUBE-EXT-"]);

/** Sixteen characters that stand for `text` in chain names. */
export function nameHash(text: string): string {
  return encodeBase32(sha256(text).subarray(0, 10));
}

export function serviceChainNames(port: ServicePortInfo): ServiceChainNames {
  const hash = nameHash(port.title + port.protocol);
  return { cluster: `KUBE-SVC-${hash}`, local: `KUBE-SVL-${hash}`, external: `KUBE-EXT-${hash}`, firewall: `KUBE-FW-${hash}` };
}

export function endpointChainName(port: ServicePortInfo, endpoint: EndpointInfo): string {
  return `KUBE-SEP-${nameHash(port.title + port.protocol + endpoint.text)}`;
}
