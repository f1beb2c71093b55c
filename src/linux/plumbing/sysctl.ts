/** Sysctls of a namespace: those that a packet's path reads are columns, the others are kept as text. */
import { disableChanged, forwardingChanged6 } from "../addrconf.js";
import type { Stack } from "../stack.js";
import { type ActResult, noSysctl, type SysctlSet } from "./act.js";
import { forgetFlowSettings } from "../nf/conntrack-timeouts.js";

type NsColumn =
  | "ipForward" | "ip6Forward" | "bridgeNf" | "bridgeNf6" | "rpFilter" | "routeLocalnet" | "arpIgnore" | "proxyArp"
  | "acceptLocal" | "sendRedirects" | "icmpRatemask" | "icmpRatelimit" | "disableIp6";
type DevColumn = "rpFilter" | "routeLocalnet" | "arpIgnore" | "proxyArp";

const NS_COLUMNS: ReadonlyMap<string, NsColumn> = new Map<string, NsColumn>([
  ["net.ipv4.ip_forward", "ipForward"],
  ["net.ipv4.conf.all.forwarding", "ipForward"],
  ["net.ipv6.conf.all.forwarding", "ip6Forward"],
  ["net.bridge.bridge-nf-call-iptables", "bridgeNf"],
  ["net.bridge.bridge-nf-call-ip6tables", "bridgeNf6"],
  ["net.ipv4.conf.all.rp_filter", "rpFilter"],
  ["net.ipv4.conf.all.route_localnet", "routeLocalnet"],
  ["net.ipv4.conf.all.arp_ignore", "arpIgnore"],
  ["net.ipv4.conf.all.proxy_arp", "proxyArp"],
  ["net.ipv4.conf.all.accept_local", "acceptLocal"],
  ["net.ipv4.conf.all.send_redirects", "sendRedirects"],
  ["net.ipv4.icmp_ratemask", "icmpRatemask"],
  ["net.ipv4.icmp_ratelimit", "icmpRatelimit"],
  ["net.ipv6.conf.all.disable_ipv6", "disableIp6"],
]);

const DEV_COLUMNS: ReadonlyMap<string, DevColumn> = new Map<string, DevColumn>([
  ["rp_filter", "rpFilter"],
  ["route_localnet", "routeLocalnet"],
  ["arp_ignore", "arpIgnore"],
  ["proxy_arp", "proxyArp"],
]);

/** `net/ipv4/ip_forward` is `net.ipv4.ip_forward`; a device name may hold dots, which then are slashes in the dotted form. */
function dotted(key: string): string {
  const slash = key.indexOf("/");
  const dot = key.indexOf(".");
  return slash >= 0 && (dot < 0 || slash < dot) ? key.replaceAll(/[./]/g, (ch) => (ch === "/" ? "." : "/")) : key;
}

/** `net.ipv4.conf.DEV.WORD` taken apart; the device may be written with / for its dots. */
function ofDevice(key: string): { readonly dev: string; readonly word: string } | null {
  const found = /^net\.ipv4\.conf\.(.+)\.(\w+)$/.exec(key);
  return found === null ? null : { dev: found[1]!.replaceAll("/", "."), word: found[2]! };
}

/** `sysctl -w KEY=VALUE`. */
export function setSysctl(s: Stack, act: SysctlSet): ActResult {
  const key = dotted(act.key);
  const column = NS_COLUMNS.get(key);
  const number = Number.parseInt(act.value, 10);
  if (column !== undefined) {
    if (!Number.isInteger(number)) return { errno: "EINVAL", message: `sysctl: setting key "${act.key}": Invalid argument` };
    s.ns.c[column][act.ns] = number;
    if (column === "disableIp6") disableChanged(s, act.ns, 0);
    if (column === "ip6Forward") forwardingChanged6(s, act.ns);
    return null;
  }
  const conf = ofDevice(key);
  if (conf !== null && conf.dev !== "all" && conf.dev !== "default") {
    const dev = s.nsInfo.get(act.ns)!.devices.get(conf.dev);
    if (dev === undefined) return noSysctl(act.key);
    const devColumn = DEV_COLUMNS.get(conf.word);
    if (devColumn !== undefined) {
      s.dev.c[devColumn][dev] = number;
      return null;
    }
  }
  const info = s.nsInfo.get(act.ns)!;
  forgetFlowSettings(s, act.ns);
  s.nsInfo.set(act.ns, Object.freeze({ ...info, sysctls: Object.freeze({ ...info.sysctls, [key]: act.value }) }));
  const switched = /^net\.ipv6\.conf\.(.+)\.disable_ipv6$/.exec(key);
  const dev = switched === null ? undefined : info.devices.get(switched[1]!);
  if (dev !== undefined) disableChanged(s, act.ns, dev);
  return null;
}

/** `sysctl -n KEY`: the value as text, or null if it was never set and no column holds it. */
export function getSysctl(s: Stack, ns: number, name: string): string | null {
  const key = dotted(name);
  const column = NS_COLUMNS.get(key);
  if (column !== undefined) return String(s.ns.c[column][ns]!);
  const conf = ofDevice(key);
  const dev = conf === null ? undefined : s.nsInfo.get(ns)!.devices.get(conf.dev);
  const devColumn = conf === null ? undefined : DEV_COLUMNS.get(conf.word);
  if (dev !== undefined && devColumn !== undefined) return String(s.dev.c[devColumn][dev]!);
  return s.nsInfo.get(ns)!.sysctls[key] ?? null;
}
