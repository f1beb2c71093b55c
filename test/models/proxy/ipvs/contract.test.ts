import { describe, test } from "vitest";
import { walk } from "../../../../src/ask/walk.js";
import { createCluster } from "../../../../src/cluster/cluster.js";
import { cniContract } from "../../../../src/testing/cni-contract.js";

describe.each(["flannel", "flannel:backend=host-gw", "flannel:backend=ipip", "kindnet"])("%s beside IPVS keeps the contract of a CNI", (cni) => {
  test.each(cniContract(() => createCluster({ nodes: 3, cni, proxy: "ipvs" }), walk).map((one) => [one.name, one] as const))("%s", (_, one) => one.holds());
});
