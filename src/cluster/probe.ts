/** A connection that a program in a pod or on a node makes here and now; what it was told is the answer. */
import { SECOND } from "../base/time.js";
import { launch } from "../linux/sock/app.js";
import type { ClientArguments, ClientResult } from "../models/app/client.js";
import type { ResolvConf } from "../models/dns/resolv-conf.js";
import type { World } from "./world.js";

/** A connection to be made. */
export interface ProbeQuery {
  /** "ns/pod", "pod", "node/NAME" or "internet" */
  readonly from: string;
  /** an address or a name */
  readonly to: string;
  /** 80 */
  readonly port?: number;
  /** "tcp" */
  readonly protocol?: "tcp" | "udp" | "icmp";
  /** what is sent once the connection stands; an HTTP request unless given */
  readonly request?: string;
  /** ns of virtual time after which it gives up (10 s) */
  readonly timeout?: number;
}

const TIMEOUT: number = 10 * SECOND;
const HTTP_PORT = 80;
/** A resolver gives up long before. */
const RESOLVE_LIMIT: number = 60 * SECOND;

/** Runs it to its end, as long as that takes. */
export function runProbe({ engine, stack }: World, ns: number, resolv: ResolvConf, probe: ProbeQuery): ClientResult {
  const { to, port = HTTP_PORT, protocol = "tcp", timeout = TIMEOUT } = probe;
  const request = probe.request ?? (protocol === "tcp" ? `GET / HTTP/1.1\r\nHost: ${to}:${port}\r\nUser-Agent: podwire\r\n\r\n` : "");
  const args: ClientArguments = { host: to, port, protocol, resolv, request, timeout };
  const app = launch(stack, ns, "client", { ...args });
  const end = engine.now + RESOLVE_LIMIT + timeout;
  while (stack.app.apps.get(app)?.exit === undefined && engine.nextTime() <= end && engine.step());
  const { phase, outcome, errno, address, reply, lookups } = stack.app.apps.get(app)!.state as unknown as ClientResult;
  return { phase, outcome, errno, address, reply, lookups };
}
