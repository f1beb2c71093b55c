import { describe, expect, test } from "vitest";
import { fixedRules } from "../../../../src/models/proxy/iptables/fixed-rules.js";
import type { IptablesNode } from "../../../../src/models/proxy/iptables/iptables-node.js";
import { readNodePortAddresses } from "../../../../src/models/proxy/proxy-node.js";
import { iptablesNode } from "../proxy-nodes.js";

// Texts of kube-proxy-iptables.md sections 11 and 12.

const texts = (over: Partial<IptablesNode>, part: "filterHead" | "filterTail" | "natHead" | "natTail"): readonly string[] =>
  fixedRules(iptablesNode(over), () => 1)[part].map((rule) => `${rule.chain} ${rule.spec}`);

const withNodePorts = (list: readonly string[], family: 4 | 6 = 4): IptablesNode => {
  const node = iptablesNode({ family });
  return { ...node, nodePorts: readNodePortAddresses(list, family, node.primary, node.addresses) };
};

const LAST = 'KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';

describe("packets in state INVALID", () => {
  const first = (over: Partial<IptablesNode>): string => texts(over, "filterTail")[0]!;

  test("are dropped with a counter, without one, or not at all", () => {
    const counters = { invalidDropped: false, localhostAccepted: false };
    expect(first({})).toBe("KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP");
    expect(first({ counters })).toBe("KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP");
    expect(first({ conntrackTcpBeLiberal: true })).toContain('"kubernetes forwarding rules"');
  });
});

test("masquerading is fully random where iptables knows how", () => {
  const rule = 'KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE';
  expect(texts({}, "natHead")).toContain(`${rule} --random-fully`);
  expect(texts({ randomFully: false }, "natHead")).toContain(rule);
});

describe("node ports", () => {
  test("on all addresses", () => {
    expect(texts({}, "natTail")).toEqual([`${LAST} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`]);
    expect(texts({ localhostNodePorts: false }, "natTail")).toEqual([
      `${LAST} -m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j KUBE-NODEPORTS`,
    ]);
    expect(texts({ family: 6 }, "natTail")).toEqual([`${LAST} -m addrtype --dst-type LOCAL ! -d ::1/128 -j KUBE-NODEPORTS`]);
  });

  test("on some, where loopback counts only if localhost node ports are on", () => {
    const some = withNodePorts(["127.0.0.0/8", "192.168.0.0/24"]);
    expect(texts(some, "natTail")).toEqual([`${LAST} -d 127.0.0.1 -j KUBE-NODEPORTS`, `${LAST} -d 192.168.0.2 -j KUBE-NODEPORTS`]);
    expect(texts({ ...some, localhostNodePorts: false }, "natTail")).toEqual([`${LAST} -d 192.168.0.2 -j KUBE-NODEPORTS`]);
    expect(texts(withNodePorts(["2001:db8::/32", "::1/128"], 6), "natTail")).toEqual([
      `${LAST} -d 2001:db8::1 -j KUBE-NODEPORTS`,
      `${LAST} -d 2001:db8:1::2 -j KUBE-NODEPORTS`,
    ]);
    expect(texts(withNodePorts(["203.0.113.0/24"]), "natTail")).toEqual([]);
  });

  test("on loopback need the guard against packets from outside, and only there", () => {
    expect(texts({}, "filterHead")).toEqual([
      'KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
    ]);
    expect(texts({ localhostNodePorts: false }, "filterHead")).toEqual([]);
    expect(texts({ family: 6 }, "filterHead")).toEqual([]);
    expect(texts(withNodePorts(["192.168.0.0/24"]), "filterHead")).toEqual([]);
  });
});
