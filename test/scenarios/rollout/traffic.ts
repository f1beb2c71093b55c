import { SECOND } from "../../../src/base/time.js";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";
import type { Delays } from "../../../src/control/delays.js";
import { launch } from "../../../src/linux/sock/app.js";
import type { ClientResult } from "../../../src/models/app/client.js";

export interface Web {
  readonly image?: string;
  /** how long its program takes before it listens */
  readonly slow?: string;
  /** a readiness probe every second */
  readonly probed?: boolean;
  /** seconds that a preStop hook sleeps */
  readonly preStop?: number;
}

/** Three replicas that serve port 8080. */
export function web({ image = "web:1", slow = "2s", probed = false, preStop = 0 }: Web): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" }, annotations: { "podwire.dev/listen-after": slow } },
        spec: {
          containers: [
            {
              name: "web",
              image,
              ports: [{ containerPort: 8080 }],
              ...(probed ? { readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 } } : {}),
              ...(preStop === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStop } } } }),
            },
          ],
        },
      },
    },
  };
}

const SERVICE = { apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "default" }, spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] } };
const CLIENT = { apiVersion: "v1", kind: "Pod", metadata: { name: "client", namespace: "default" }, spec: { containers: [{ name: "c", image: "busybox" }] } };

/** A cluster in which `web` serves, and a pod "client". */
export function serving(wish: Web, delays: Partial<Delays> = {}): Cluster {
  const cluster = createCluster({ delays });
  cluster.settle();
  put(cluster, web(wish), SERVICE, CLIENT);
  cluster.settle();
  cluster.run(5 * SECOND);
  return cluster;
}

export function put(cluster: Cluster, ...objects: readonly object[]): void {
  const problems = cluster.apply(objects);
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
}

/** Requests of the client to the Service, one every `every` ns; their programs. */
export function send(cluster: Cluster, count: number, every: number): readonly number[] {
  const host = cluster.get("Service", "default", "web")!.spec.clusterIP!;
  const ns = cluster.control.podNetns("default/client");
  const request = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";
  return Array.from({ length: count }, () => {
    const app = launch(cluster.stack, ns, "client", { host, port: 80, protocol: "tcp", resolv: { nameservers: [], search: [], options: {} }, request, timeout: 3 * SECOND });
    cluster.run(every);
    return app;
  });
}

/** The same for so long, and how each ended. */
export function requests(cluster: Cluster, duration: number, every: number): readonly ClientResult[] {
  const apps = send(cluster, duration / every, every);
  cluster.run(4 * SECOND);
  return apps.map((app) => cluster.stack.app.apps.get(app)!.state as unknown as ClientResult);
}

export function lost(results: readonly ClientResult[]): readonly string[] {
  return results.filter(({ outcome }) => outcome !== "ok").map(({ outcome, errno }) => errno || outcome);
}
