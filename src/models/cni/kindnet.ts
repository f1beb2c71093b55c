/**
 * kindnet as kind ships it: the ptp plugin for pods, a route by each node's address to its pods, and a masquerade chain for
 * what leaves the pod network (kubernetes-sigs/kind, images/kindnetd). No overlay, so nodes must share a link.
 *
 * kindnetd looks at all nodes every ten seconds; here it hears of them. A node that has gone takes its route along, as in the
 * standalone kindnet.
 */
import { formatCidr, masked, parseCidr } from "../../base/cidr.js";
import type { NodeDoor } from "../node-door.js";
import { pluginError } from "./cni-errors.js";
import type { CniError, CniModel, CniNode } from "./cni-model.js";
import { ensureChain, ensureRules } from "./ensure-rules.js";
import { type PtpConfig, ptpAdd, ptpDel } from "./ptp.js";
import { mapPodPorts, unmapPodPorts } from "./plugins/pod-ports.js";
import { loopbackAdd } from "./sandbox-veth.js";

/** What a kindnet is told. */
export interface KindnetOptions {
  /** pod networks of the whole cluster */
  readonly podSubnets: readonly string[];
}

/** The name in 10-kindnet.conflist. */
const NETWORK = "kindnet";
const CHAIN = "KIND-MASQ-AGENT";
const DIRECTS = "kind-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom KIND-MASQ-AGENT chain";
const LOCAL = "kind-masq-agent: local traffic is not subject to MASQUERADE";
const OUTBOUND = "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)";

/** The CNI "kindnet". */
export function kindnet(options: KindnetOptions): CniModel {
  return {
    name: "kindnet",
    podMtu: (uplinkMtu) => uplinkMtu,
    nodeUp(door) {
      return masquerade(door, options.podSubnets) ?? { annotations: {} };
    },
    peerUp(door, self, peer) {
      for (const { dst, via } of waysTo(self, peer)) door.plumb({ verb: "route-replace", ns: door.ns, dst, via, cause: door.cause(`Node ${peer.name}`, "spec.podCIDR") });
    },
    peerDown(door, self, peer) {
      for (const { dst, via } of waysTo(self, peer)) door.plumb({ verb: "route-del", ns: door.ns, dst, via });
    },
    add(door, self, at) {
      const config = ptpConfig(door, self);
      if (self.podCidrs.length === 0) return pluginError(`no pod CIDR of node "${self.name}"`);
      return loopbackAdd(door, at) ?? mapPodPorts(door, NETWORK, at, ptpAdd(door, config, at));
    },
    del: (door, self, at) => unmapPodPorts(door, NETWORK, at) ?? ptpDel(door, ptpConfig(door, self), at),
  };
}

const daemonCause = (door: NodeDoor): number => door.cause("DaemonSet kube-system/kindnet", "");

const isV6 = (text: string): boolean => text.includes(":");

/** Its own chain for each family, made and kept as it should be: a daemon that starts again finds it. */
function masquerade(door: NodeDoor, podSubnets: readonly string[]): CniError | null {
  const cause = daemonCause(door);
  for (const family of [4, 6] as const) {
    const own = podSubnets.filter((subnet) => isV6(subnet) === (family === 6));
    if (own.length === 0) continue;
    const at = { family, table: "nat", cause } as const;
    const rules = [...own.map((subnet) => `-m comment --comment "${LOCAL}" -d ${subnet} -j RETURN`), `-m comment --comment "${OUTBOUND}" -j MASQUERADE`];
    const refused =
      ensureChain(door, at, CHAIN) ?? ensureRules(door, at, "POSTROUTING", [`-m comment --comment "${DIRECTS}" -m addrtype ! --dst-type LOCAL -j ${CHAIN}`]) ?? ensureRules(door, at, CHAIN, rules);
    if (refused !== null) return refused;
  }
  return null;
}

/** Another node's pod networks, each with that node's address of the same family. */
function waysTo(self: CniNode, peer: CniNode): { readonly dst: string; readonly via: string }[] {
  if (peer.name === self.name) return [];
  return peer.podCidrs.flatMap((cidr) => {
    const via = peer.addresses.find((address) => isV6(address) === isV6(cidr));
    return via === undefined ? [] : [{ dst: formatCidr(masked(parseCidr(cidr)!)), via }];
  });
}

/** What kindnetd writes into 10-kindnet.conflist. */
function ptpConfig(door: NodeDoor, self: CniNode): PtpConfig {
  const uplink = door.stack.nsInfo.get(door.ns)!.devices.get(self.uplink)!;
  const subnets = self.podCidrs.map((cidr) => formatCidr(masked(parseCidr(cidr)!)));
  const ranges = subnets.map((subnet) => [{ subnet }]);
  const routes = subnets.map((subnet) => ({ dst: isV6(subnet) ? "::/0" : "0.0.0.0/0" }));
  return { network: NETWORK, mtu: door.stack.dev.c.mtu[uplink]!, ipMasq: false, ipam: { type: "host-local", dataDir: "/run/cni-ipam-state", ranges, routes } };
}
