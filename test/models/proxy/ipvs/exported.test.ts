import { expect, test } from "vitest";
import { exportLab } from "../../../../src/ask/export-lab.js";
import { rulesOfNode } from "../../../../src/ask/rules.js";
import { runLab } from "../../../../src/shell/lab/run-lab.js";
import { deployment, service, shop } from "../../../scenarios/proxy/shop.js";

test("a cluster in IPVS mode is exported as commands that build it again", () => {
  const cluster = shop(
    [deployment({ name: "web", node: "kind-worker2", replicas: 2 }), service("web", { clusterIP: "10.96.0.77", type: "NodePort", sessionAffinity: "ClientIP" }, { nodePort: 30080 }), deployment({ name: "client", node: "kind-worker" })],
    { proxy: "ipvs:strictARP=true" },
  );
  const from = "deploy/client";
  const probes = [
    { from, to: "http://web", count: 2 }, { from, to: "http://10.96.0.77:81" }, { from: "deploy/web", to: "http://web" }, { from: "node/kind-worker", to: "http://10.96.0.77" },
    { from: "internet", to: "node/kind-worker", port: 30080 }, { from, to: "https://kubernetes.default", port: 443 },
  ];
  const state = "ip netns exec kind-worker ipvsadm -Sn\nip netns exec kind-worker sysctl -n net.ipv4.conf.all.arp_ignore\n";
  const { output, problem } = runLab(`${exportLab(cluster, { probes, counters: false })}${state}`, "export");
  expect(problem).toBeUndefined();
  expect(output).not.toContain("[exit ");
  const answers = [...output.matchAll(/^\$ probe .*\n((?:ok|E|timeout).*(?:\nok.*)*)$/gm)].map(([, line]) => line!.replaceAll(/web-[\w-]+|:\d+$/gm, "").replaceAll("\n", " | "));
  const stands = cluster.exec("node/kind-worker", "ipvsadm -Sn").text;
  expect(answers.map((answer) => answer.split(" ").slice(0, 2).join(" "))).toEqual(["ok default.", "ECONNREFUSED", "ok default.", "ok default.", "ok default.", "ok kind-control-plane"]);
  expect(output.trimEnd().endsWith(`ipvsadm -Sn\n${stands}\n$ ip netns exec kind-worker sysctl -n net.ipv4.conf.all.arp_ignore\n1`)).toBe(true);
});

test("what stands in a node's kernel is what the mode writes for the cluster's objects", () => {
  const cluster = shop(
    [deployment({ name: "web", node: "kind-worker2", replicas: 2 }), service("web", { type: "NodePort", externalTrafficPolicy: "Local", externalIPs: ["172.18.0.200"] }, { nodePort: 30080 }), service("none")],
    { proxy: "ipvs:scheduler=wrr" },
  );
  for (const { name } of cluster.fabric.nodes) {
    const lists = (form: "saved" | "payload"): readonly string[] => rulesOfNode(cluster, name, "ipvs", form).split(/^[*#]/m)[0]!.split("\n").sort();
    expect(lists("saved")).toEqual(lists("payload"));
    expect(lists("saved").length).toBeGreaterThan(40);
  }
});
