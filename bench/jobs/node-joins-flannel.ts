// One more node in a cluster with flannel: a neighbour, an FDB entry and a route on every other node.
import type { Job } from "../job.js";
import { nodeJoins } from "../node-joins.js";

export const job: Job = { sizes: [100, 1000], quickSizes: [20], rounds: 1, contenders: { ours: (size) => nodeJoins("flannel", size) } };
