/** What CoreDNS's kubernetes plugin knows of the cluster: answered from the API's objects by whoever holds them. */

/** A Service as DNS sees it. */
export interface DnsService {
  readonly namespace: string;
  readonly name: string;
  /** empty for a headless one */
  readonly clusterIps: readonly string[];
  readonly externalName?: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
}

/** One ready endpoint address of a Service. */
export interface DnsEndpoint {
  readonly address: string;
  /** the slice's hostname; without one the dashed address is its name */
  readonly hostname?: string;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
}

/** Read-only questions; every answer is about this very instant. */
export interface DnsSource {
  /** Whether a namespace exists. */
  hasNamespace(namespace: string): boolean;
  /** A Service by namespace and name, undefined if there is none. */
  service(namespace: string, name: string): DnsService | undefined;
  /** ready endpoints in slice order */
  endpoints(namespace: string, name: string): readonly DnsEndpoint[];
  /** the Service that has this cluster IP */
  serviceOfIp(address: string): DnsService | undefined;
  /** every ready endpoint with this address, in the order of namespaces and Services */
  endpointsOfIp(address: string): readonly { readonly service: DnsService; readonly endpoint: DnsEndpoint }[];
  /** for `pods verified`: a pod of that namespace with this address */
  hasPod(namespace: string, address: string): boolean;
  /** seconds since 1970 of the last change of what is answered: the serial of the zone; left out, 1 */
  serial?(): number;
}
