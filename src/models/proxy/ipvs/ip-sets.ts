import type { Family } from "../sloppy-address.js";
import type { IpSet } from "./ipvs-doc.js";

interface SetRow {
  readonly type: IpSet["type"];
  /** Becomes the comment of rules that match the set. */
  readonly comment: string;
}

const ipPort = (comment: string): SetRow => ({ type: "hash:ip,port", comment });
const ports = (comment: string): SetRow => ({ type: "bitmap:port", comment });

/** Every set, by its IPv4 name, in the order they are made. */
export const setRows: Readonly<Record<SetName, SetRow>> = Object.freeze({
  "KUBE-LOOP-BACK": { type: "hash:ip,port,ip", comment: "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" },
  "KUBE-CLUSTER-IP": ipPort("Kubernetes service cluster ip + port for masquerade purpose"),
  "KUBE-EXTERNAL-IP": ipPort("Kubernetes service external ip + port for masquerade and filter purpose"),
  "KUBE-EXTERNAL-IP-LOCAL": ipPort("Kubernetes service external ip + port with externalTrafficPolicy=local"),
  "KUBE-LOAD-BALANCER": ipPort("Kubernetes service lb portal"),
  "KUBE-LOAD-BALANCER-LOCAL": ipPort("Kubernetes service load balancer ip + port with externalTrafficPolicy=local"),
  "KUBE-LOAD-BALANCER-FW": ipPort("Kubernetes service load balancer ip + port for load balancer with sourceRange"),
  "KUBE-LOAD-BALANCER-SOURCE-IP": {
    type: "hash:ip,port,ip",
    comment: "Kubernetes service load balancer ip + port + source IP for packet filter purpose",
  },
  "KUBE-LOAD-BALANCER-SOURCE-CIDR": {
    type: "hash:ip,port,net",
    comment: "Kubernetes service load balancer ip + port + source cidr for packet filter purpose",
  },
  "KUBE-NODE-PORT-TCP": ports("Kubernetes nodeport TCP port for masquerade purpose"),
  "KUBE-NODE-PORT-LOCAL-TCP": ports("Kubernetes nodeport TCP port with externalTrafficPolicy=local"),
  "KUBE-NODE-PORT-UDP": ports("Kubernetes nodeport UDP port for masquerade purpose"),
  "KUBE-NODE-PORT-LOCAL-UDP": ports("Kubernetes nodeport UDP port with externalTrafficPolicy=local"),
  "KUBE-NODE-PORT-SCTP-HASH": ipPort("Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'"),
  "KUBE-NODE-PORT-LOCAL-SCTP-HASH": ipPort("Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'"),
  "KUBE-HEALTH-CHECK-NODE-PORT": ports("Kubernetes health check node port"),
  "KUBE-IPVS-IPS": { type: "hash:ip", comment: "Addresses on the ipvs interface" },
});

/** The names of the ipsets that kube-proxy keeps in ipvs mode. */
export type SetName =
  | "KUBE-LOOP-BACK"
  | "KUBE-CLUSTER-IP"
  | "KUBE-EXTERNAL-IP"
  | "KUBE-EXTERNAL-IP-LOCAL"
  | "KUBE-LOAD-BALANCER"
  | "KUBE-LOAD-BALANCER-LOCAL"
  | "KUBE-LOAD-BALANCER-FW"
  | "KUBE-LOAD-BALANCER-SOURCE-IP"
  | "KUBE-LOAD-BALANCER-SOURCE-CIDR"
  | "KUBE-NODE-PORT-TCP"
  | "KUBE-NODE-PORT-LOCAL-TCP"
  | "KUBE-NODE-PORT-UDP"
  | "KUBE-NODE-PORT-LOCAL-UDP"
  | "KUBE-NODE-PORT-SCTP-HASH"
  | "KUBE-NODE-PORT-LOCAL-SCTP-HASH"
  | "KUBE-HEALTH-CHECK-NODE-PORT"
  | "KUBE-IPVS-IPS";

/** The kernel takes 31 characters. */
const LONGEST = 31;

/** A set's name in a family: IPv6 ones are `KUBE-6-...`. */
export function setName(name: SetName, family: Family): string {
  return family === 4 ? name : name.replace("KUBE-", "KUBE-6-").slice(0, LONGEST);
}
