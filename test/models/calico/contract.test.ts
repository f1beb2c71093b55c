/** The CNI contract for every way in which Calico reaches other nodes. */
import { describe, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { createCluster } from "../../../src/cluster/cluster.js";
import { cniContract } from "../../../src/testing/cni-contract.js";

describe.each(["calico", "calico:encapsulation=VXLAN", "calico:encapsulation=IPIP", "calico:encapsulation=IPIPCrossSubnet", "calico:encapsulation=None,blockSize=29"])("%s", (cni) => {
  test.each(cniContract(() => createCluster({ nodes: 3, cni }), walk).map((one) => [one.name, one] as const))("%s", (_, one) => one.holds());
});
