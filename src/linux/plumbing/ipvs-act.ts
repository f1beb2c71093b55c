/** What `ipvsadm` names a virtual server by: address and port with a protocol, or a mark. */
export type IpvsService =
  | { readonly protocol: "tcp" | "udp" | "sctp"; readonly addr: string; readonly port: number }
  | { readonly fwmark: number; readonly family: 4 | 6 };

/** `ipvsadm`: what is left out is the tool's default when something is added, and stays as it is when it is edited. */
export interface IpvsAct {
  readonly verb: "ipvs";
  /** namespace row */
  readonly ns: number;
  readonly cause?: number;
  readonly op: "add-service" | "edit-service" | "delete-service" | "add-server" | "edit-server" | "delete-server" | "clear" | "zero" | "timeouts";
  /** left out: every virtual server (zero) */
  readonly service?: IpvsService;
  /** "wlc" unless given */
  readonly scheduler?: string;
  /** seconds; 0 or left out: not persistent */
  readonly persistent?: number;
  /** of a client's address: a mask of IPv4 as text, a prefix length of IPv6 */
  readonly netmask?: string;
  /** `-b`: "sh-fallback", "sh-port", "mh-fallback", "mh-port", "flag-1" ... */
  readonly schedFlags?: readonly string[];
  /** real server; port 0 or left out: that of the service; `forward` left out: "masquerade" */
  readonly server?: { readonly addr: string; readonly port?: number; readonly weight?: number; readonly forward?: "masquerade" | "tunnel" | "route" };
  /** seconds, 0: as it is */
  readonly timeouts?: { readonly tcp: number; readonly tcpFin: number; readonly udp: number };
}
