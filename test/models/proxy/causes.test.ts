import { expect, test } from "vitest";
import { IptablesRenderer } from "../../../src/models/proxy/iptables/render.js";
import { syncDoc } from "../../../src/models/proxy/iptables/sync-doc.js";
import { buildView } from "../../../src/models/proxy/view.js";
import { iptablesNode } from "./proxy-nodes.js";
import { simpleService, simpleSlice } from "./simple-services.js";

/** Object and path behind every rule that matches the words. */
function causes(...words: readonly string[]): readonly string[] {
  const table: string[] = [];
  const causeOf = (object: string, path: string): number => table.push(`${object} ${path}`) - 1;
  const renderer = new IptablesRenderer(causeOf);
  const open = simpleService(
    "shop/web",
    "10.96.0.1",
    {
      type: "LoadBalancer",
      externalIPs: ["198.51.100.1"],
      loadBalancerSourceRanges: ["203.0.113.0/25", "192.168.0.0/24"],
      externalTrafficPolicy: "Local",
      healthCheckNodePort: 32000,
      ports: [
        { name: "x", port: 1 },
        { name: "p80", port: 80, nodePort: 30080 },
      ],
    },
    ["203.0.113.9"],
  );
  const view = buildView([open, simpleService("shop/idle", "10.96.0.2")], [simpleSlice("shop/web", ["10.0.0.1", "10.0.0.2"])]);
  const doc = syncDoc(renderer, renderer.render(view, iptablesNode()), iptablesNode(), { changed: "all", stale: [] });
  const found = doc.tables
    .flatMap((each) => each.rules)
    .filter((rule) => words.every((word) => `${rule.chain} ${rule.spec}`.includes(word)));
  return [...new Set(found.map((rule) => table[rule.cause]!))];
}

test("every rule knows the field that it was written for", () => {
  expect(causes("shop/idle:p80 has no endpoints")).toEqual(["Service shop/idle spec.ports[0]"]);
  expect(causes("KUBE-SERVICES", "shop/web:p80 cluster IP")).toEqual(["Service shop/web spec.ports[1]"]);
  expect(causes("KUBE-SERVICES", "shop/web:p80 external IP")).toEqual(["Service shop/web spec.externalIPs[0]"]);
  expect(causes("KUBE-SERVICES", "shop/web:p80 loadbalancer IP")).toEqual(["Service shop/web status.loadBalancer.ingress[0]"]);
  expect(causes("KUBE-NODEPORTS", "--dport 30080")).toEqual(["Service shop/web spec.ports[1].nodePort"]);
  expect(causes("health check node port")).toEqual(["Service shop/web spec.healthCheckNodePort"]);
  expect(causes("KUBE-FW-", "-s 192.168.0.0/24")).toEqual(["Service shop/web spec.loadBalancerSourceRanges[1]"]);
  expect(causes("KUBE-PROXY-FIREWALL", "-j DROP")).toEqual(["Service shop/web spec.loadBalancerSourceRanges"]);
  expect(causes("KUBE-EXT-", "pod traffic for shop/web:p80")).toEqual(["Service shop/web spec.externalTrafficPolicy"]);
  expect(causes("--to-destination 10.0.0.2:80")).toEqual(["EndpointSlice shop/web-1 endpoints[1]"]);
  expect(causes("must be the last rule")).toEqual(["kube-proxy nodePortAddresses"]);
});
