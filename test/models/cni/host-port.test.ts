/** Ports of a node that lead to a pod: the portmap plugin behind flannel's bridge and kindnet's ptp. */
import { describe, expect, test } from "vitest";
import { walk } from "../../../src/ask/walk.js";
import { createCluster } from "../../../src/cluster/cluster.js";
import { Shell } from "../../../src/shell/shell.js";

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  nodeName: kind-worker
  containers: [{ name: c, image: example.org/c:1, ports: [{ containerPort: 8080, hostPort: 18080 }] }]
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { nodeName: kind-worker, containers: [{ name: c, image: example.org/c:1 }] }
`;

describe.each(["flannel", "flannel:backend=ipip", "kindnet"])("%s", (cni) => {
  test("a host port leads to the pod from everywhere, and goes with it", () => {
    const cluster = createCluster({ nodes: 3, cni });
    cluster.settle();
    expect(cluster.apply(POD)).toEqual([]);
    cluster.settle();
    const node = cluster.fabric.nodes[1]!;
    const pod = cluster.get("Pod", "default", "web")!.status!.podIP!;
    // From another node, from the node itself by its address and by 127.0.0.1, and from a pod beside it, whose answer must come back this way.
    for (const [from, to] of [["node/kind-worker2", node.address], ["node/kind-worker", node.address], ["node/kind-worker", "127.0.0.1"], ["default/client", node.address]] as const) {
      const found = cluster.ask(walk({ from, to, port: 18080 }));
      expect([from, to, found.verdict, found.end.packet?.dst]).toEqual([from, to, "delivered", pod]);
    }
    const rules = (): string => new Shell(cluster.stack, node.ns).run("iptables-save -t nat").text;
    expect(rules()).toContain(`-j DNAT --to-destination ${pod}:8080`);
    cluster.delete("Pod", "default", "web", 0);
    cluster.settle();
    expect(rules()).not.toContain("CNI-DN-");
    expect(cluster.ask(walk({ from: "node/kind-worker2", to: node.address, port: 18080 })).verdict).toBe("rejected");
  });
});
