import { expect, test } from "vitest";
import { canaryChains, jumpRules } from "../../../../src/models/proxy/iptables/jump-rules.js";

/** Each built-in chain's jumps after the verbs ran on a clean host. */
function builtIn(table: string, chain: string): readonly string[] {
  const rules: string[] = [];
  for (const verb of jumpRules(() => 1)) {
    if (verb.verb === "insertRule" && verb.table === table && verb.chain === chain && !rules.includes(verb.spec)) rules.unshift(verb.spec);
  }
  return rules;
}

// As iptables-save showed them on a real host after the same commands.
test("on a clean host the jumps stand in reverse order of their making", () => {
  expect(builtIn("filter", "INPUT")).toEqual([
    "-j KUBE-FIREWALL",
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES',
  ]);
  expect(builtIn("filter", "FORWARD")).toEqual([
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES',
  ]);
  expect(builtIn("filter", "OUTPUT")).toEqual([
    "-j KUBE-FIREWALL",
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL',
    '-m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
  ]);
  expect(builtIn("nat", "PREROUTING")).toEqual(['-m comment --comment "kubernetes service portals" -j KUBE-SERVICES']);
  expect(builtIn("nat", "OUTPUT")).toEqual(['-m comment --comment "kubernetes service portals" -j KUBE-SERVICES']);
  expect(builtIn("nat", "POSTROUTING")).toEqual(['-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING']);
});

test("every jump's target is made before the jump", () => {
  const made = new Set<string>();
  for (const verb of jumpRules(() => 1)) {
    if (verb.verb === "ensureChain") made.add(`${verb.table} ${verb.chain}`);
    else expect(made).toContain(`${verb.table} ${/-j (\S+)/.exec(verb.spec)![1]}`);
  }
});

test("the canary stands in three tables, mangle first", () => {
  expect(canaryChains(() => 1).map((verb) => `${verb.table} ${verb.chain}`)).toEqual([
    "mangle KUBE-PROXY-CANARY",
    "nat KUBE-PROXY-CANARY",
    "filter KUBE-PROXY-CANARY",
  ]);
});
