/** A connection of an exported lab: `probe NS tcp IP PORT`. */
import { parseAddress } from "../base/cidr.js";
import type { Cluster } from "../cluster/cluster.js";
import { inputError } from "../cluster/input-error.js";
import { destinationOf, sourceOf } from "./target.js";

/** From and to are written as in a walk. */
export interface LabProbe {
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly protocol?: "tcp" | "udp" | "icmp";
  /** how often, one after the other (1) */
  readonly count?: number;
}

/** Below the second after which a SYN is sent again. */
const TIMEOUT = "timeout=0.5";

/** One line of a lab; a lab has no DNS, so the name of a Service is written as its address. */
export function labProbeLine(cluster: Cluster, names: ReadonlyMap<number, string>, probe: LabProbe): string {
  const source = sourceOf(cluster, probe.from);
  const { host, port, protocol } = destinationOf(cluster, source, probe.to, {
    ...(probe.port === undefined ? {} : { port: probe.port }),
    ...(probe.protocol === undefined ? {} : { protocol: probe.protocol }),
  });
  const name = names.get(source.ns)!;
  const address = addressOf(cluster, host, source.pod?.metadata.namespace ?? "default");
  if (protocol === "icmp") return `probe ${name} icmp ${address} ${TIMEOUT}`;
  return `probe ${name} ${protocol} ${address} ${port} ${TIMEOUT}${probe.count === undefined ? "" : ` count=${probe.count}`}`;
}

function addressOf(cluster: Cluster, host: string, from: string): string {
  if (parseAddress(host) !== null) return host;
  const [name = "", namespace = from] = host.split(".");
  const address = cluster.get("Service", namespace, name)?.spec.clusterIP;
  if (address === undefined || parseAddress(address) === null) throw inputError("not-found", "to", `"${host}" is neither an address nor a Service with one`, "a lab has no name server: say an address");
  return address;
}
