/**
 * Hashes and names against what clusters have: rules printed by iptables on an AKS and a GKE cluster (kubenet with Calico 3.2x,
 * whose mark bits were one fewer) and in Felix's issues, as far as their words have stayed the same.
 */
import { describe, expect, test } from "vitest";
import { formatCalicoSelector } from "../../../src/api/calico-selector.js";
import { felixEndpoints } from "../../../src/models/enforce/calico/felix-endpoints.js";
import { policyChainName, profileChainName, setName, uniqueId } from "../../../src/models/enforce/calico/felix-names.js";
import { action, felixRule, MARK, match, ruleHashes } from "../../../src/models/enforce/calico/felix-rule.js";
import { fromNetworkPolicy } from "../../../src/models/enforce/calico/from-network-policy.js";
import { KERNEL_HOOKS, staticChains } from "../../../src/models/enforce/calico/static-chains.js";
import { dispatchChains, profileChain } from "../../../src/models/enforce/calico/workload-chains.js";
import { input, pod } from "../../policy/build.js";

describe("hashes of rules", () => {
  test("that lead into Felix's chains", () => {
    const inserted = (table: string, chain: string): string | undefined => ruleHashes({ name: chain, rules: KERNEL_HOOKS.find((hook) => hook.table === table && hook.chain === chain)!.insert })[0];
    expect(inserted("filter", "INPUT")).toBe("Cz_u1IQiXIMmKD4c");
    expect(inserted("filter", "FORWARD")).toBe("wUHhoiAYhphO9Mso");
    expect(inserted("filter", "OUTPUT")).toBe("tVnHkvAo15HuiPy0");
    expect(inserted("nat", "PREROUTING")).toBe("6gwbT8clXdHdC1b1");
  });

  test("at the end of FORWARD", () => {
    const rules = [felixRule([match.markSet(MARK.accept)], action.accept, ["Policy explicitly accepted packet."]), felixRule([], action.mark(MARK.accept))];
    expect(ruleHashes({ name: "FORWARD*appends*", rules })).toEqual(["S93hcgKJrXEqnTfs", "mp77cMpurHhyjLrM"]);
    expect(KERNEL_HOOKS.find(({ table, chain }) => table === "filter" && chain === "FORWARD")!.append).toEqual(rules);
  });

  test("of fixed chains", () => {
    const chain = (tunnel: "none" | "vxlan", name: string): readonly string[] => ruleHashes(staticChains({ tunnel, natOutgoing: true }).filter.find((each) => each.name === name)!);
    expect(chain("vxlan", "cali-INPUT").slice(0, 2)).toEqual(["J76FwxInZIsk7uKY", "EDCNTTxYfggApx8C"]);
    expect(chain("none", "cali-INPUT").slice(0, 2)).toEqual(["FewJpBykm9iJ-YNH", "hder3ARWznqqv8Va"]);
    expect(chain("none", "cali-OUTPUT").slice(0, 2)).toEqual(["Mq1_rAdXXH3YkrzW", "69FkRTJDvD5Vu6Vl"]);
  });

  test("of an older cali-FORWARD, mark by mark", () => {
    const jump = (chain: string, ...matches: string[]): ReturnType<typeof felixRule> => felixRule(matches, action.jump(chain));
    const rules = [
      felixRule([], action.clear(0xe0000)),
      jump("cali-from-hep-forward", match.markClear(0x10000)),
      jump("cali-from-wl-dispatch", "--in-interface cali+"),
      jump("cali-to-wl-dispatch", "--out-interface cali+"),
      jump("cali-to-hep-forward"),
      jump("cali-cidr-block"),
    ];
    expect(ruleHashes({ name: "cali-FORWARD", rules })).toEqual(["vjrMJCRpqwy5oRoX", "A_sPAO0mcxbT9mOV", "8ZoYfO5HKXWbB3pk", "jdEuaPBe14V2hutn", "12bc6HljsMKsmfr-", "NOSxoaGx8OIstr1z"]);
  });

  test("of dispatch and profiles", () => {
    const devices = ["cali112d888c0c2", "cali26cecacb712", "cali55f439ddb0e", "cali9d7310e16e7", "calic5a1f1aa0ed", "calif6abb148530"];
    const [from] = dispatchChains(devices, "egress");
    expect(ruleHashes(from!)).toEqual(["887K6j2m0yTxV8XZ", "-1f18nv9_J5o_MPL", "X28EvX2q55aZM8gM", "CxKCBaJmNdZnWGOY", "ZPC1pWieGIBIr5A7", "xDvXvF5yVFq7Y1QJ", "FUqQW1upEuPXcL7s"]);
    const [to] = dispatchChains(devices, "ingress");
    expect(ruleHashes(to!)).toEqual(["2HgECeqPiWlvDcYF", "qItgN3WleQpIBiyv", "_Ru9douyhVpAz36r", "D9Su0ifqHghdWNA-", "yXvE2mPsXdk4a0va", "bHXL9zWxzC6IixEY", "XGNeZ7jL7MJ6PeId"]);
    expect(ruleHashes(profileChain("kns.kube-system", "ingress"))).toEqual(["J1TyxtHWd0qaBGK-"]);
    expect(ruleHashes(profileChain("kns.kube-system", "egress"))).toEqual(["tgOR2S8DVHZW3F1M"]);
    expect(ruleHashes(profileChain("ksa.kube-system.metrics-server", "ingress"))).toEqual(["Jm7TmoNoWplOEka1"]);
  });
});

describe("names", () => {
  test("of chains that are too long end in a hash", () => {
    expect(profileChainName("ksa.kube-system.metrics-server", "ingress")).toBe("cali-pri-_CVSZITRyIpEmH8AB6H");
    expect(profileChainName("kns.calico-system", "egress")).toBe("cali-pro-kns.calico-system");
    expect(policyChainName("alpha/knp.default.alpha-deny", "ingress")).toBe("cali-pi-_kxgQy6VBWOo3Mj1GNsy");
    expect(policyChainName("knp/default/allow-web", "ingress")).toBe("cali-pi-_l7X9Omtz7dibbh9L3Lp");
  });

  test("of sets are made of the selector that a peer becomes", () => {
    const policy = fromNetworkPolicy({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "access-nginx", namespace: "alpha" },
      spec: { podSelector: { matchLabels: { run: "nginx" } }, ingress: [{ from: [{ podSelector: { matchLabels: { run: "access" } } }] }] },
    });
    const selector = formatCalicoSelector(policy.ingress![0]!.source.selector!);
    expect(selector).toBe('(projectcalico.org/namespace == "alpha" && (projectcalico.org/orchestrator == "k8s" && run == "access"))');
    expect(setName(uniqueId("s", selector))).toBe("cali40s:XZEFRy4u2E2Kz28IwtNm0u8");
  });

  test("of interfaces are those of the pods", () => {
    expect(felixEndpoints(input({ pods: [pod("default/nginx", { ips: ["10.0.0.1"] })] })).map(({ device }) => device)).toEqual(["calic440f455693"]);
  });
});
