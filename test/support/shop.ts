import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Cluster, createCluster } from "../../src/cluster/cluster.js";
import type { ClusterOptions } from "../../src/cluster/options.js";
import { root } from "./shared.js";

/** The demonstration's manifests, as the command line reads them. */
export function shopFiles(): { readonly name: string; readonly text: string }[] {
  return ["app.yaml", "policies.yaml"].map((name) => ({ name, text: readFileSync(resolve(root, "docs/examples/shop", name), "utf8") }));
}

/** The shop, booted and settled. */
export function shop(options: ClusterOptions = {}): Cluster {
  const cluster = createCluster(options);
  cluster.settle();
  const problems = cluster.apply(shopFiles());
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
  cluster.settle();
  return cluster;
}
