// A cluster from nothing to settled: nodes, CNI, CoreDNS, and thirty pods a node behind a Service for every ten of them. Size: pods.
// An operation is one pod, so a rate that holds as the size grows is a boot that grows linearly. Every size is measured by the
// second boot of a process; the memory is that of the whole cluster.
import { type Cluster, createCluster } from "../../src/cluster/cluster.js";
import type { Job, Work } from "../job.js";

const PODS_A_NODE = 30;
const PODS_A_SERVICE = 10;
/** Room for the /24 of each of 4,096 nodes. */
const POD_SUBNET = "10.0.0.0/12";

function manifests(pods: number): object[] {
  const objects: object[] = [];
  for (let i = 0; i * PODS_A_SERVICE < pods; i++) {
    const labels = { app: `app-${i}` };
    objects.push({
      apiVersion: "apps/v1", kind: "Deployment", metadata: { name: `app-${i}`, namespace: "default" },
      spec: { replicas: Math.min(PODS_A_SERVICE, pods - i * PODS_A_SERVICE), selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "example.org/c", ports: [{ containerPort: 8080 }] }] } } },
    });
    objects.push({ apiVersion: "v1", kind: "Service", metadata: { name: `app-${i}`, namespace: "default" }, spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } });
  }
  return objects;
}

function ours(size: number): Work {
  const objects = manifests(size);
  const nodes = Math.max(2, Math.ceil(size / PODS_A_NODE) + 1);
  const boot = (): Cluster => {
    const cluster = createCluster({ nodes, podSubnet: POD_SUBNET });
    cluster.settle();
    const problems = cluster.apply(objects);
    if (problems.length > 0) throw new Error(problems[0]!.message);
    cluster.settle();
    return cluster;
  };
  // What the work holds is one cluster that has settled.
  let cluster: Cluster | null = boot();
  return {
    batch: size,
    run(n) {
      for (let i = 0; i < n; i++) {
        cluster = null;
        cluster = boot();
      }
    },
    check() {
      const running = cluster!.objects("Pod").filter((pod) => pod.metadata.namespace === "default" && pod.status?.phase === "Running").length;
      if (running !== size) throw new Error(`${running} of ${size} pods run`);
      return running;
    },
  };
}

export const job: Job = { sizes: [300, 3000, 30_000], quickSizes: [30, 300], once: true, rounds: 3, contenders: { ours } };
