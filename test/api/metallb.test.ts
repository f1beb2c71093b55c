/** MetalLB's objects: what its webhooks take, and why they refuse (metallb internal/config/config.go, internal/bgp/community). */
import { describe, expect, test } from "vitest";
import { admitManifests, parseGoDuration } from "../../src/api/index.js";

const problems = (text: string): readonly string[] => admitManifests([{ name: "m.yaml", text }]).problems.map(({ path, message }) => `${path}: ${message}`);
const object = (kind: string, spec: string, version = "v1beta1"): string => `apiVersion: metallb.io/${version}\nkind: ${kind}\nmetadata: { name: one, namespace: metallb-system }\nspec: ${spec}\n`;
const peer = (more: string): string => object("BGPPeer", `{ myASN: 64512, peerASN: 64513, peerAddress: 10.0.0.1, ${more} }`, "v1beta2");

test("what the documentation shows is taken", () => {
  expect(problems([
    object("IPAddressPool", "{ addresses: [192.168.10.0/24, 192.168.9.1-192.168.9.5, 'fc00:f853:0ccd:e799::/124'], autoAssign: false, avoidBuggyIPs: true }"),
    object("L2Advertisement", "{ ipAddressPools: [one], nodeSelectors: [{ matchLabels: { a: b } }] }"),
    object("BGPAdvertisement", "{ ipAddressPools: [one], aggregationLength: 24, localPref: 100, communities: ['65535:65282', vpn, 'large:4200000000:1:2'], peers: [one] }"),
    object("Community", "{ communities: [{ name: vpn, value: '1234:1' }] }"),
    peer("holdTime: 90s, keepaliveTime: 30s, connectTime: 1m, routerID: 10.10.10.10, ebgpMultiHop: true"),
    "apiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: { name: two, namespace: metallb-system }\n",
  ].join("---\n"))).toEqual([]);
});

describe("refused", () => {
  test.each([
    [object("IPAddressPool", "{ addresses: [] }"), "spec.addresses: Invalid value: []: pool has no prefixes defined"],
    [object("IPAddressPool", "{ addresses: [10.0.0.1/33] }"), 'spec.addresses[0]: Invalid value: "10.0.0.1/33": invalid CIDR "10.0.0.1/33"'],
    [object("IPAddressPool", "{ addresses: [10.0.0.1-x] }"), 'spec.addresses[0]: Invalid value: "10.0.0.1-x": invalid IP range "10.0.0.1-x": invalid end IP "x"'],
    [object("BGPAdvertisement", "{ aggregationLength: 33 }"), "spec.aggregationLength: Invalid value: 33: invalid aggregation length 33 for IPv4"],
    [object("BGPAdvertisement", "{ communities: ['1:2', '1:2'] }"), 'spec.communities[1]: Invalid value: "1:2": duplicate definition of community "1:2"'],
    [object("BGPAdvertisement", "{ communities: ['70000:2'] }"), 'spec.communities[0]: Invalid value: "70000:2": invalid community format: 70000:2'],
    [peer("holdTime: 90s"), 'spec.holdTime: Invalid value: "90s": one of KeepaliveTime/HoldTime specified, both must be set or none'],
    [peer("holdTime: 2s, keepaliveTime: 1s"), 'spec.holdTime: Invalid value: "2s": invalid hold time "2s": must be 0 or >=3s'],
    [peer("holdTime: 9s, keepaliveTime: 10s"), 'spec.keepaliveTime: Invalid value: "10s": invalid keepaliveTime "10s", must be lower than holdTime "9s"'],
    [peer("holdTime: soon, keepaliveTime: 1s"), 'spec.holdTime: Invalid value: "soon": time: invalid duration "soon"'],
    [peer("peerPort: 20000"), "spec.peerPort: Invalid value: 20000: spec.peerPort in body should be between 1 and 16384"],
    [peer("dynamicASN: internal"), 'spec.dynamicASN: Invalid value: "internal": both peer ASN and dynamicASN specified'],
    [peer("password: secret"), "spec.password: Forbidden: password of a BGPPeer is not modelled"],
    [object("BGPPeer", "{ myASN: 1, peerASN: 1, peerAddress: 10.0.0.1, ebgpMultiHop: true }", "v1beta2"), "spec.ebgpMultiHop: Invalid value: true: invalid ebgp-multihop parameter set for an ibgp peer"],
    [object("BGPPeer", "{ myASN: 1, peerAddress: x }", "v1beta2"), "spec.peerASN: Required value: missing peer ASN and dynamicASN"],
    [object("BGPPeer", "{ myASN: 1, peerASN: 2 }", "v1beta2"), "spec.peerAddress: Required value: peer has no Address or Interface specified"],
  ])("%s", (text, problem) => {
    expect(problems(text)).toContain(problem);
  });
});

test("durations are Go's", () => {
  expect(["90s", "1m30s", "1.5h", "250ms", "0", "-3s"].map(parseGoDuration)).toEqual([90, 90, 5400, 0.25, 0, -3]);
  expect(["", "90", "s", "1d", "1 s"].map(parseGoDuration)).toEqual([null, null, null, null, null]);
});
