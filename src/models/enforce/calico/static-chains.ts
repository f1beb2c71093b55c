/** Felix's chains that stand on every node, and the rules that lead to them (felix/rules/static.go, nat.go). */
import { CALICO_VXLAN, type CalicoTunnel, TUNNELS } from "../../cni/calico/calico-options.js";
import type { MarkSpace } from "./endpoint-marks.js";
import { fixedSetName } from "./felix-names.js";
import { action, ALL_MARKS, type FelixChain, felixRule, type FelixRule, MARK, match } from "./felix-rule.js";
import { fixedMarkChains, markedRule, markingRules } from "./mark-chains.js";

/** The tables that Felix writes to. */
export type FelixTable = "raw" | "mangle" | "nat" | "filter";

/** What the fixed chains depend on. */
export interface StaticOptions {
  readonly tunnel: CalicoTunnel;
  readonly natOutgoing: boolean;
  /** marks of endpoints, where kube-proxy is in its IPVS mode; left out: it is not */
  readonly endpointMarks?: MarkSpace;
}

const fixed = (name: string, ...rules: readonly FelixRule[]): FelixChain => ({ name, rules });

const acceptMarked = (comments: readonly string[] = []): FelixRule => felixRule([match.markSet(MARK.accept)], action.accept, comments);
const clearAll: FelixRule = felixRule([], action.clear(ALL_MARKS));
const jump = (chain: string, ...matches: readonly string[]): FelixRule => felixRule(matches, action.jump(chain));
const HOST_ACCEPTED: readonly string[] = ["Host endpoint policy accepted packet."];
const toVxlan = match.toPorts(`${CALICO_VXLAN.port}`);
const LOCAL_SOURCE = "-m addrtype --src-type LOCAL";
const LOCAL_DESTINATION = "-m addrtype --dst-type LOCAL";

function inputTunnelRules(tunnel: CalicoTunnel): readonly FelixRule[] {
  const hosts = match.inSet(fixedSetName("all-hosts-net"), "src");
  const vteps = match.inSet(fixedSetName("all-vxlan-net"), "src");
  if (tunnel === "ipip") {
    return [
      felixRule(["-p 4", hosts, LOCAL_DESTINATION], action.accept, ["Allow IPIP packets from Calico hosts"]),
      felixRule(["-p 4"], action.drop, ["Drop IPIP packets from non-Calico hosts"]),
    ];
  }
  if (tunnel === "none") return [];
  return [
    felixRule(["-p 17", toVxlan, vteps, LOCAL_DESTINATION], action.accept, ["Allow IPv4 VXLAN packets from allowed hosts"]),
    felixRule(["-p 17", toVxlan, LOCAL_DESTINATION], action.drop, ["Drop IPv4 VXLAN packets from non-allowed hosts"]),
  ];
}

function outputTunnelRules(tunnel: CalicoTunnel): readonly FelixRule[] {
  if (tunnel === "ipip") return [felixRule(["-p 4", match.inSet(fixedSetName("all-hosts-net"), "dst"), LOCAL_SOURCE], action.accept, ["Allow IPIP packets to other Calico hosts"])];
  if (tunnel === "none") return [];
  return [felixRule(["-p 17", toVxlan, LOCAL_SOURCE, match.inSet(fixedSetName("all-vxlan-net"), "dst")], action.accept, ["Allow IPv4 VXLAN packets to other allowed hosts"])];
}

function filterChains({ tunnel, endpointMarks }: StaticOptions): readonly FelixChain[] {
  return [
    fixed(
      "cali-FORWARD",
      felixRule([], action.clear(ALL_MARKS & ~MARK.accept)),
      jump("cali-from-hep-forward", match.markClear(MARK.accept)),
      jump("cali-from-wl-dispatch", "--in-interface cali+"),
      jump("cali-to-wl-dispatch", "--out-interface cali+"),
      jump("cali-to-hep-forward"),
      jump("cali-cidr-block"),
    ),
    fixed(
      "cali-INPUT",
      ...inputTunnelRules(tunnel),
      ...(endpointMarks === undefined ? [] : markingRules(endpointMarks)),
      felixRule(["--in-interface cali+"], action.goto("cali-wl-to-host")),
      acceptMarked(),
      clearAll,
      jump("cali-from-host-endpoint"),
      acceptMarked(HOST_ACCEPTED),
    ),
    fixed("cali-wl-to-host", jump("cali-from-wl-dispatch"), felixRule([], action.accept, ["Configured DefaultEndpointToHostAction"])),
    fixed(
      "cali-OUTPUT",
      acceptMarked(),
      ...(endpointMarks === undefined ? [] : [markedRule(endpointMarks)]),
      felixRule(["--out-interface cali+"], action.return),
      ...outputTunnelRules(tunnel),
      clearAll,
      jump("cali-to-host-endpoint", match.notState("DNAT")),
      acceptMarked(HOST_ACCEPTED),
    ),
    fixed("cali-cidr-block"),
    ...(endpointMarks === undefined ? [] : fixedMarkChains(endpointMarks)),
  ];
}

const notrackVxlan = (tunnel: CalicoTunnel): readonly FelixRule[] => (tunnel === "vxlan" ? [felixRule(["-p udp", `--dport ${CALICO_VXLAN.port}`], action.notrack)] : []);

function rawChains({ tunnel }: StaticOptions): readonly FelixChain[] {
  return [
    fixed(
      "cali-PREROUTING",
      clearAll,
      ...notrackVxlan(tunnel),
      felixRule(["--in-interface cali+"], action.mark(MARK.scratch0)),
      jump("cali-rpf-skip", match.markSet(MARK.scratch0)),
      felixRule([match.markSet(MARK.scratch0), "-m rpfilter --invert --validmark"], action.drop),
      jump("cali-from-host-endpoint", match.markClear(MARK.scratch0)),
      acceptMarked(),
    ),
    fixed("cali-OUTPUT", clearAll, jump("cali-to-host-endpoint"), ...notrackVxlan(tunnel), acceptMarked()),
    fixed("cali-rpf-skip"),
  ];
}

function mangleChains({ endpointMarks }: StaticOptions): readonly FelixChain[] {
  return [
    fixed("cali-PREROUTING", felixRule([match.state("RELATED,ESTABLISHED")], action.accept), acceptMarked(), jump("cali-from-host-endpoint"), acceptMarked(HOST_ACCEPTED)),
    fixed(
      "cali-POSTROUTING",
      felixRule([match.markSet(MARK.accept)], action.return),
      ...(endpointMarks === undefined ? [] : [felixRule([match.markAny(endpointMarks.mask)], action.return)]),
      clearAll,
      jump("cali-to-host-endpoint", match.state("DNAT")),
      felixRule([match.markSet(MARK.accept)], action.return, HOST_ACCEPTED),
    ),
  ];
}

function natChains({ tunnel, natOutgoing }: StaticOptions): readonly FelixChain[] {
  const masquerade = felixRule([match.inSet(fixedSetName("masq-ipam-pools"), "src"), match.notInSet(fixedSetName("network-ip-pools"), "dst")], action.masquerade);
  const tunnelSource =
    tunnel === "none" ? [] : [felixRule([`--out-interface ${TUNNELS[tunnel].device}`, "-m addrtype ! --src-type LOCAL --limit-iface-out", LOCAL_SOURCE], action.masquerade)];
  return [
    fixed("cali-PREROUTING", jump("cali-fip-dnat")),
    fixed("cali-OUTPUT", jump("cali-fip-dnat")),
    fixed("cali-POSTROUTING", jump("cali-fip-snat"), jump("cali-nat-outgoing"), ...tunnelSource),
    fixed("cali-nat-outgoing", ...(natOutgoing ? [masquerade] : [])),
    fixed("cali-fip-dnat"),
    fixed("cali-fip-snat"),
  ];
}

/** Fixed chains by table. Those of host endpoints are not among them. */
export function staticChains(options: StaticOptions): Readonly<Record<FelixTable, readonly FelixChain[]>> {
  return { raw: rawChains(options), mangle: mangleChains(options), nat: natChains(options), filter: filterChains(options) };
}

/** Rules at the head or the end of a built-in chain. */
export interface KernelHook {
  readonly table: FelixTable;
  readonly chain: string;
  /** at the head, before anybody else's */
  readonly insert: readonly FelixRule[];
  /** at the end */
  readonly append: readonly FelixRule[];
}

const inserted = (table: FelixTable, chain: string): KernelHook => ({ table, chain, insert: [jump(`cali-${chain}`)], append: [] });

/** What leads to the fixed chains; in nat POSTROUTING kube-proxy comes first. */
export const KERNEL_HOOKS: readonly KernelHook[] = Object.freeze([
  inserted("raw", "PREROUTING"),
  inserted("raw", "OUTPUT"),
  inserted("mangle", "PREROUTING"),
  inserted("mangle", "POSTROUTING"),
  inserted("nat", "PREROUTING"),
  inserted("nat", "OUTPUT"),
  { table: "nat", chain: "POSTROUTING", insert: [], append: [jump("cali-POSTROUTING")] },
  inserted("filter", "INPUT"),
  {
    ...inserted("filter", "FORWARD"),
    append: [acceptMarked(["Policy explicitly accepted packet."]), felixRule([], action.mark(MARK.accept))],
  },
  inserted("filter", "OUTPUT"),
]);
