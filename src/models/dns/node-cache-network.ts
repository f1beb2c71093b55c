/**
 * What node-cache does to its node: a dummy device with the addresses that it listens on, and rules that keep its packets out
 * of conntrack and accept them, as no tracked connection will. Read first: kubernetes/dns cmd/node-cache/app/cache_app.go
 * (initIptables, setupNetworking, TeardownNetworking) and pkg/netif.
 */
import { plumb } from "../../linux/plumbing.js";
import type { IptablesAct } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import type { NodeCacheFlags } from "./node-cache-config.js";

const SKIP = '-m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK';
const ALLOW = '-m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT';
const DNS_PORT = 53;

interface Rule {
  readonly table: "raw" | "filter";
  readonly chain: "PREROUTING" | "INPUT" | "OUTPUT";
  readonly spec: string;
}

/** The rules for one address, in the order in which each is put before all others. */
function rulesOf(address: string, healthPort: number): readonly Rule[] {
  const at = `${address}/${address.includes(":") ? 128 : 32}`;
  const to = (proto: "tcp" | "udp", port: number, end: string): string => `-d ${at} -p ${proto} -m ${proto} --dport ${port} ${end}`;
  const from = (proto: "tcp" | "udp", port: number, end: string): string => `-s ${at} -p ${proto} -m ${proto} --sport ${port} ${end}`;
  return [
    { table: "raw", chain: "PREROUTING", spec: to("tcp", DNS_PORT, SKIP) },
    { table: "raw", chain: "PREROUTING", spec: to("udp", DNS_PORT, SKIP) },
    { table: "filter", chain: "INPUT", spec: to("tcp", DNS_PORT, ALLOW) },
    { table: "filter", chain: "INPUT", spec: to("udp", DNS_PORT, ALLOW) },
    { table: "raw", chain: "OUTPUT", spec: from("tcp", DNS_PORT, SKIP) },
    { table: "raw", chain: "OUTPUT", spec: from("udp", DNS_PORT, SKIP) },
    { table: "filter", chain: "OUTPUT", spec: from("tcp", DNS_PORT, ALLOW) },
    { table: "filter", chain: "OUTPUT", spec: from("udp", DNS_PORT, ALLOW) },
    { table: "raw", chain: "OUTPUT", spec: to("tcp", DNS_PORT, SKIP) },
    { table: "raw", chain: "OUTPUT", spec: to("udp", DNS_PORT, SKIP) },
    { table: "raw", chain: "OUTPUT", spec: to("tcp", healthPort, SKIP) },
    { table: "raw", chain: "OUTPUT", spec: from("tcp", healthPort, SKIP) },
  ];
}

type Flags = Pick<NodeCacheFlags, "localIps" | "interfaceName" | "setupInterface" | "setupIptables" | "healthPort">;

function actsOf({ ns }: NodeDoor, { localIps, healthPort }: Flags, cause: number): readonly Omit<IptablesAct, "op">[] {
  const family = localIps[0]?.includes(":") === true ? 6 : 4;
  return localIps.flatMap((address) => rulesOf(address, healthPort)).map((rule) => ({ verb: "iptables", ns, family, ...rule, cause }));
}

/** Makes sure of device, addresses and rules; what is there stays. */
export function setUpNodeCache(door: NodeDoor, flags: Flags, cause: number): void {
  const { ns } = door;
  if (flags.setupInterface) {
    const dev = flags.interfaceName;
    door.plumb({ verb: "link-add", ns, name: dev, kind: "dummy", cause });
    for (const address of flags.localIps) door.plumb({ verb: "addr-add", ns, dev, addr: `${address}/${address.includes(":") ? 128 : 32}`, cause });
  }
  if (!flags.setupIptables) return;
  for (const act of actsOf(door, flags, cause)) if (plumb(door.stack, { ...act, op: "check" }) !== null) door.plumb({ ...act, op: "insert" });
}

/** Takes all of it away, as on SIGTERM. */
export function tearDownNodeCache(door: NodeDoor, flags: Flags): void {
  if (flags.setupInterface) door.plumb({ verb: "link-del", ns: door.ns, name: flags.interfaceName });
  if (!flags.setupIptables) return;
  for (const act of actsOf(door, flags, 0)) if (plumb(door.stack, { ...act, op: "check" }) === null) door.plumb({ ...act, op: "delete" });
}
