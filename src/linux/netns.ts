/** Network namespaces: making and finding them. A new one has the kernel's default sysctls and a `lo` that is down. */
import { addFallback } from "./dev/ipip-device.js";
import { addDevice } from "./device.js";
import { dropServers } from "./ipvs/virtual-server.js";
import { dropFlows } from "./nf/conntrack.js";
import { DEV, type Stack } from "./stack.js";
import { forgetFlowSettings } from "./nf/conntrack-timeouts.js";

/** net.ipv4.icmp_ratemask: destination unreachable, source quench, time exceeded, parameter problem. */
const ICMP_RATEMASK = 6168;
const ICMP_RATELIMIT_MS = 1000;

/** Row of a namespace by the label of its machine and its name, 0 if there is none. */
export function netnsByName(s: Stack, node: number, name: string): number {
  return s.nsByName.get(`${node}/${name}`) ?? 0;
}

/** Makes a namespace and returns its row; the pair of node and name must be free. */
export function addNetns(s: Stack, node: number, name: string): number {
  const ns = s.ns.alloc();
  const c = s.ns.c;
  c.node[ns] = node;
  c.bridgeNf[ns] = 1;
  c.bridgeNf6[ns] = 1;
  c.sendRedirects[ns] = 1;
  c.icmpRatemask[ns] = ICMP_RATEMASK;
  c.icmpRatelimit[ns] = ICMP_RATELIMIT_MS;
  s.nsInfo.set(ns, Object.freeze({ name, devices: new Map<string, number>(), sysctls: Object.freeze({}) }));
  s.nsByName.set(`${node}/${name}`, ns);
  c.lo[ns] = addDevice(s, ns, { kind: DEV.loopback, name: "lo" });
  if (s.ipipNodes.has(node)) addFallback(s, ns);
  return ns;
}

/** Forgets a namespace whose devices are gone but for `lo`. */
export function removeNetns(s: Stack, ns: number): void {
  dropServers(s, ns);
  dropFlows(s, ns);
  s.fib.drop(ns);
  const lo = s.ns.c.lo[ns]!;
  s.devInfo.delete(lo);
  s.dev.release(lo);
  s.nsByName.delete(`${s.ns.c.node[ns]!}/${s.nsInfo.get(ns)!.name}`);
  forgetFlowSettings(s, ns);
  s.nsInfo.delete(ns);
  s.nf.drop(ns);
  s.sets.drop(ns);
  s.ns.release(ns);
}
