// What the IPVS mode programs on a node, as data.

import type { RestoreDoc } from "../iptables/restore-doc.js";

/** A backend of a virtual server; the forwarding method is always NAT ("masq"). */
export interface RealServer {
  readonly ip: string;
  readonly port: number;
  /** `ip:port`, or `[ip]:port` for IPv6. */
  readonly text: string;
  readonly weight: number;
  readonly cause: number;
}

/** An address, port and protocol that IPVS answers for, and where to. */
export interface VirtualServer {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
  /** `TCP 10.96.0.1:443`, unique on a node. */
  readonly key: string;
  readonly scheduler: string;
  /** Seconds for which a client keeps its server, 0 where it does not. */
  readonly persistence: number;
  /** IP_VS_SVC_F_PERSISTENT 0x1, and 0x10 where the scheduler `mh` is to hash the source port too. */
  readonly flags: number;
  /** In the order they are added; the kernel puts each new one first. */
  readonly servers: readonly RealServer[];
  readonly cause: number;
}

/** An element of a set, and why it is there. */
export interface IpSetEntry {
  readonly text: string;
  readonly cause: number;
}

/** A set that the fixed rules ask. */
export interface IpSet {
  readonly name: string;
  readonly type: "hash:ip" | "hash:ip,port" | "hash:ip,port,ip" | "hash:ip,port,net" | "bitmap:port";
  readonly family: "inet" | "inet6";
  readonly entries: readonly IpSetEntry[];
}

/** Everything that the IPVS mode keeps on a node. */
export interface IpvsDoc {
  /** Addresses bound to `kube-ipvs0`, each with its whole length as prefix. */
  readonly addresses: readonly { readonly text: string; readonly cause: number }[];
  readonly virtualServers: readonly VirtualServer[];
  readonly sets: readonly IpSet[];
  readonly rules: RestoreDoc;
}

/** The lists, one item a line: addresses, virtual servers with their real servers, sets with their entries, chains and rules. */
export function formatIpvs(doc: IpvsDoc, formatRules: (rules: RestoreDoc) => string): string {
  const lines = [
    ...doc.addresses.map(({ text }) => `kube-ipvs0 ${text}`),
    ...doc.virtualServers.flatMap((server) => [
      `${server.key} ${server.scheduler}${server.persistence === 0 ? "" : ` persistent ${server.persistence}`}`,
      ...server.servers.map((real) => `  ${real.text} w${real.weight} masq`),
    ]),
    ...doc.sets.flatMap((set) => set.entries.map(({ text }) => `${set.name} ${text}`)),
  ];
  return lines.map((line) => `${line}\n`).join("") + formatRules(doc.rules);
}
