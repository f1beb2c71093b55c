/** The CNI contract for every way in which Calico reaches other nodes. */
import { describe, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { createCluster } from "../../../src/cluster/cluster.js";
import { cniContract } from "../../../src/testing/cni-contract.js";

const FORMS = ["calico", "calico:encapsulation=VXLAN", "calico:encapsulation=IPIP", "calico:encapsulation=IPIPCrossSubnet", "calico:encapsulation=None,blockSize=29"];

describe.each(["iptables", "nftables"])("%s", (proxy) => {
  describe.each(FORMS)("%s", (cni) => {
    test.each(cniContract(() => createCluster({ nodes: 3, cni, proxy }), walk).map((one) => [one.name, one] as const))("%s", (_, one) => one.holds());
  });
});
