// The health check node ports of load balancers with a Local policy: a load balancer asks each node whether it has
// endpoints. Read first: kubernetes pkg/proxy/healthcheck/service_health.go.

import type { HealthAnswer } from "./health-program.js";
import type { ProxyNode } from "./proxy-node.js";
import { portsOf, type ProxyView } from "./view.js";

/** What a node listens on for one Service, and how many endpoints it can report. */
export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly nodePort: number;
  /** Distinct addresses of ready endpoints on the node. */
  readonly localEndpoints: number;
}

/** Every health check port of a view as a node answers it. */
export function healthChecks(view: ProxyView, node: Pick<ProxyNode, "family" | "name">): readonly HealthCheck[] {
  return view.entries.flatMap((entry) => {
    const ports = portsOf(entry, node.family);
    const checked = ports.find((port) => port.healthCheckNodePort !== 0);
    if (checked === undefined) return [];
    const here = ports.flatMap((port) =>
      port.endpoints.filter((each) => each.ready && each.nodeName !== "" && each.nodeName === node.name),
    );
    const { namespace, name, healthCheckNodePort: nodePort } = checked;
    return [{ namespace, name, nodePort, localEndpoints: new Set(here.map((endpoint) => endpoint.ip)).size }];
  });
}

/** The HTTP answer to any request on a health check port; `proxyHealthy` is false while syncs fail. */
export function answerHealthCheck(
  check: HealthCheck,
  proxyHealthy: boolean,
): HealthAnswer {
  const { namespace, name, localEndpoints } = check;
  return {
    status: localEndpoints > 0 && proxyHealthy ? 200 : 503,
    headers: [
      ["Content-Type", "application/json"],
      ["X-Content-Type-Options", "nosniff"],
      ["X-Load-Balancing-Endpoint-Weight", `${localEndpoints}`],
    ],
    body: `${JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: proxyHealthy }, null, "\t")}\n`,
  };
}
