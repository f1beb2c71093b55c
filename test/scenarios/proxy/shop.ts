import { walk, type WalkQuery } from "../../../src/ask/walk.js";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";
import type { ClusterOptions } from "../../../src/cluster/options.js";
import { plumb } from "../../../src/linux/plumbing.js";
import type { Act } from "../../../src/linux/plumbing/act.js";
import type { Walk, WalkStep } from "../../../src/observe/walk-record.js";

export const SECOND = 1e9;

export interface Wish {
  readonly name: string;
  /** node it must run on */
  readonly node?: string;
  readonly port?: number;
  readonly protocol?: "TCP" | "UDP";
  readonly replicas?: number;
}

/** A Deployment whose containers serve one port. */
export function deployment({ name, node, port = 8080, protocol = "TCP", replicas = 1 }: Wish): object {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...(node === undefined ? {} : { nodeSelector: { "kubernetes.io/hostname": node } }),
          containers: [{ name: "c", image: "example.org/c", ports: [{ containerPort: port, protocol }] }],
        },
      },
    },
  };
}

/** A Service of the Deployment of its name. */
export function service(name: string, spec: object = {}, port: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: { selector: { app: name }, ...spec, ports: [{ port: 80, targetPort: 8080, ...port }] },
  };
}

/** A settled cluster with these objects. */
export function shop(objects: readonly object[], options: ClusterOptions = {}): Cluster {
  const cluster = createCluster(options);
  cluster.settle();
  put(cluster, objects);
  return cluster;
}

/** Applies objects and lets the cluster come to rest. */
export function put(cluster: Cluster, objects: readonly object[]): void {
  const problems = cluster.apply(objects);
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
  cluster.settle();
  cluster.run(2 * SECOND);
}

export function ask(cluster: Cluster, query: WalkQuery): Walk {
  return cluster.ask(walk(query));
}

/** What an administrator does on a machine. */
export function does(cluster: Cluster, act: Act): void {
  const refused = plumb(cluster.stack, act);
  if (refused !== null) throw new Error(refused.message);
}

export function nodeNs(cluster: Cluster, name: string): number {
  return cluster.fabric.nodes.find((node) => node.name === name)!.ns;
}

/** Steps of one kind on the way there, in their order. */
export function steps<K extends WalkStep["kind"]>(of: Walk, kind: K): readonly Extract<WalkStep, { kind: K }>[] {
  return of.hops.flatMap((hop) => hop.steps.filter((step): step is Extract<WalkStep, { kind: K }> => step.kind === kind));
}

/** The packet's source as the last device saw it. */
export function arrivedFrom(of: Walk): string {
  return of.hops.at(-1)!.packet.src;
}
