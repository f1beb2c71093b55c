// One more node in a cluster with Calico and two BGP route reflectors: two sessions, whatever the size.
import type { Job } from "../job.js";
import { nodeJoins } from "../node-joins.js";

export const job: Job = { sizes: [100, 1000], quickSizes: [20], rounds: 1, contenders: { ours: (size) => nodeJoins("calico:encapsulation=None,clusterRoutingMode=BIRD,routeReflectors=2", size) } };
