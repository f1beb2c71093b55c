/**
 * What kube-proxy answers load balancers: on port 10256 whether it works at all, and on the health check port of a Service
 * with a Local policy whether this node has endpoints. Read first: kubernetes pkg/proxy/healthcheck.
 */
import type { AppDoor, Program } from "../../linux/sock/app.js";

/** The port of `/healthz` and `/livez`. */
export const PROXY_HEALTH_PORT = 10256;

/** An answer to any HTTP request. */
export interface HealthAnswer {
  readonly status: 200 | 404 | 503;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** What is listened on: a node, and the Service `ns/name` whose health check port it is, or "" for the proxy's own. */
export interface HealthListener {
  readonly node: string;
  readonly service: string;
  readonly port: number;
}

const PHRASES: Readonly<Record<number, string>> = Object.freeze({ 200: "OK", 404: "Not Found", 503: "Service Unavailable" });

/** The program "kube-proxy-health"; its arguments are a `HealthListener`, and `answer` judges at the instant of the question. */
export function proxyHealth(answer: (listener: HealthListener, path: string) => HealthAnswer): Program {
  return Object.freeze<Program>({
    name: "kube-proxy-health",
    on(door, event) {
      if (event.kind === "start") {
        door.state = event.args;
        door.tcpListen(0, Number(event.args["port"]));
      } else if (event.kind === "data") reply(door, event.sock, door.text(event), answer);
      else if (event.kind === "end") door.tcpClose(event.sock);
    },
  });
}

function reply(door: AppDoor, sock: number, asked: string, answer: (listener: HealthListener, path: string) => HealthAnswer): void {
  const path = /^[A-Z]+ (\S+) HTTP\/1\.[01]\r\n/.exec(asked)?.[1];
  if (path === undefined) return door.tcpAbort(sock);
  const { status, headers, body } = answer(door.state as unknown as HealthListener, path);
  const lines = [`HTTP/1.1 ${status} ${PHRASES[status]}`, ...headers.map(([name, value]) => `${name}: ${value}`), `Content-Length: ${body.length}`, "Connection: close"];
  door.tcpSend(sock, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`));
  door.tcpClose(sock);
}
