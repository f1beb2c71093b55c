// One more node in a cluster with Calico's full BGP mesh: a session with every other node. Beside node-joins-reflectors.
import type { Job } from "../job.js";
import { nodeJoins } from "../node-joins.js";

export const job: Job = { sizes: [25, 50, 100], quickSizes: [10], rounds: 1, contenders: { ours: (size) => nodeJoins("calico:encapsulation=None,clusterRoutingMode=BIRD", size) } };
