/** Making ipip devices: named ones, and `tunl0`, which the module puts into every namespace of its machine (ip_tunnel_init_net). */
import { addDevice, setDeviceInfo } from "../device.js";
import { DEV, type IpipOptions, type Stack } from "../stack.js";

const FALLBACK = "tunl0";
/** What the outer IPv4 header takes. */
export const IPIP_OVERHEAD = 20;
const ETHERNET_MTU = 1500;
const ANY: IpipOptions = Object.freeze({ local: 0, remote: 0, link: 0, ttl: 0, tos: 0, pmtudisc: false });

/** A device with its options, down; the name must be free. */
export function makeIpip(s: Stack, ns: number, name: string, options: IpipOptions, mtu: number, cause: number): number {
  const dev = addDevice(s, ns, { kind: DEV.ipip, name, mtu, cause });
  setDeviceInfo(s, dev, { ipip: options });
  return dev;
}

/** The fallback device of one namespace. */
export function addFallback(s: Stack, ns: number): void {
  const dev = makeIpip(s, ns, FALLBACK, ANY, ETHERNET_MTU - IPIP_OVERHEAD, 0);
  s.nsInfo.set(ns, Object.freeze({ ...s.nsInfo.get(ns)!, fallback: dev }));
}

/** `modprobe ipip` on the machine of a namespace; false: it is loaded. */
export function loadIpip(s: Stack, ns: number): boolean {
  const node = s.ns.c.node[ns]!;
  if (s.ipipNodes.has(node)) return false;
  s.ipipNodes.add(node);
  for (const each of [...s.nsInfo.keys()]) if (s.ns.c.node[each] === node) addFallback(s, each);
  return true;
}
