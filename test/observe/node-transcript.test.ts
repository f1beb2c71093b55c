/** A node's transcript as text. */
import { describe, expect, test } from "vitest";
import { createCluster } from "../../src/cluster/cluster.js";
import { transcriptText } from "../../src/observe/transcript.js";
import { shop } from "../support/shop.js";

describe("a node's transcript", () => {
  test("names pods by their namespaces, also where a row is used again", () => {
    const cluster = shop();
    cluster.delete("Pod", "shop", cluster.objects("Pod").find((pod) => pod.metadata.name.startsWith("db-"))!.metadata.name, 0);
    cluster.settle();
    for (const { name, ns } of cluster.fabric.nodes) {
      const text = transcriptText(cluster.transcript(name), ns);
      expect(text).not.toContain("netns-");
      const made = [...text.matchAll(/^ip netns add (\S+)$/gm)].map(([, sandbox]) => sandbox!);
      expect(made.length).toBeGreaterThan(0);
      for (const sandbox of made) expect(text).toContain(`ip -n ${sandbox} link add eth0 `);
    }
  });

  test("of a node that is not there", () => {
    expect(() => createCluster({ nodes: 1 }).transcript("nobody")).toThrow('nodes "nobody" not found');
  });
});
