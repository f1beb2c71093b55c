import fc from "fast-check";
import type { IptablesNode } from "../../../src/models/proxy/iptables/iptables-node.js";
import { type NftablesNode, nftablesReleases } from "../../../src/models/proxy/nftables/nftables-node.js";
import { readNodePortAddresses } from "../../../src/models/proxy/proxy-node.js";
import { canonicalAddress } from "../../../src/models/proxy/sloppy-address.js";

/** A node with the addresses of the recorded cases and production settings, changed by `over`. */
export function iptablesNode(over: Partial<IptablesNode> = {}): IptablesNode {
  const family = over.family ?? 4;
  const addresses = ["127.0.0.1", "::1", "192.168.0.2", "192.168.1.2", "2001:db8::1", "2001:db8:1::2"].map(
    (text) => canonicalAddress(text)!,
  );
  const primary = canonicalAddress(family === 4 ? "192.168.0.2" : "2001:db8::1");
  return {
    name: "node-a",
    zone: "zone-1",
    preferSameNode: true,
    family,
    primary,
    addresses,
    mark: "0x00004000",
    masqueradeAll: false,
    detector: { kind: "cidr", cidr: family === 4 ? "10.244.0.0/16" : "fd00:244::/32" },
    nodePorts: readNodePortAddresses([], family, primary, addresses),
    randomFully: true,
    localhostNodePorts: true,
    conntrackTcpBeLiberal: false,
    counters: { invalidDropped: true, localhostAccepted: true },
    ...over,
  };
}

export const anyIptablesNode: fc.Arbitrary<IptablesNode> = fc
  .record({
    name: fc.constantFrom("node-a", "node-b", "node-z"),
    zone: fc.constantFrom("zone-1", "zone-2", ""),
    family: fc.constantFrom(4 as const, 6 as const),
    masqueradeAll: fc.boolean(),
    localhostNodePorts: fc.boolean(),
    detector: fc.constantFrom(null, { kind: "bridge", name: "cni0" } as const, { kind: "prefix", name: "cali" } as const, undefined),
    nodePorts: fc.constantFrom([], ["192.168.0.0/16", "2001:db8::/32"], ["primary"]),
  })
  .map(({ detector, nodePorts, ...over }) => {
    const node = iptablesNode({ ...over, ...(detector === undefined ? {} : { detector }) });
    return { ...node, nodePorts: readNodePortAddresses(nodePorts, node.family, node.primary, node.addresses) };
  });

export const anyNftablesNode: fc.Arbitrary<NftablesNode> = fc
  .record({ node: anyIptablesNode, release: fc.constantFrom(...nftablesReleases), serviceCIDRs: fc.subarray([0, 1]) })
  .map(({ node, release, serviceCIDRs }) => {
    const { randomFully: _r, localhostNodePorts: _l, conntrackTcpBeLiberal: _c, counters: _n, ...every } = node;
    const networks = node.family === 4 ? ["10.96.0.0/16", "10.112.0.0/12"] : ["fd00:96::/112", "fd00:97::/112"];
    return { ...every, release, serviceCIDRs: serviceCIDRs.map((index) => networks[index]!) };
  });
