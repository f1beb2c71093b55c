/** `ip link add ... type ipip` (ipip_newlink, ip_tunnel_newlink). */
import { IPIP_OVERHEAD, loadIpip, makeIpip } from "../dev/ipip-device.js";
import { deviceByName } from "../device.js";
import { setUp } from "../device-state.js";
import { fibLookup } from "../fib.js";
import type { IpipOptions, Stack } from "../stack.js";
import { type ActResult, type LinkAdd, noDevice, rtnetlinkError } from "./act.js";

/** IP_MAX_MTU without the outer header. */
export const MOST_IPIP_MTU: number = 65535 - IPIP_OVERHEAD;
const ETHERNET_MTU = 1500;
const INHERIT_TOS = 1;

/** The first ipip device of a machine loads the module, whose `tunl0` is then in every namespace. */
export function addIpip(s: Stack, act: LinkAdd): ActResult {
  const { local = "", remote = "", dev, ttl = 0, tos = 0, pmtudisc = true } = act.ipip ?? {};
  const lower = dev === undefined ? 0 : deviceByName(s, act.ns, dev);
  if (dev !== undefined && lower === 0) return noDevice(dev);
  if (ttl !== 0 && !pmtudisc) return { errno: "EINVAL", message: "ttl != 0 and nopmtudisc are incompatible" };
  const isNew = loadIpip(s, act.ns);
  const fallback = deviceByName(s, act.ns, act.name);
  if (fallback !== 0) {
    if (!isNew || act.ipip !== undefined) return rtnetlinkError("EEXIST");
    if (act.mtu !== undefined) s.dev.c.mtu[fallback] = act.mtu;
    if (act.up === true) setUp(s, fallback);
    return null;
  }
  const options: IpipOptions = Object.freeze({
    local: s.book.ofText(local),
    remote: s.book.ofText(remote),
    link: lower === 0 ? 0 : s.devInfo.get(lower)!.index,
    ttl,
    tos: tos === "inherit" ? INHERIT_TOS : tos,
    pmtudisc,
  });
  if (isTaken(s, act.ns, options)) return rtnetlinkError("EEXIST");
  const under = lowerOf(s, act.ns, options, lower);
  const mtu = act.mtu ?? (under === 0 ? ETHERNET_MTU : s.dev.c.mtu[under]!) - IPIP_OVERHEAD;
  const made = makeIpip(s, act.ns, act.name, options, Math.min(mtu, MOST_IPIP_MTU), act.cause ?? 0);
  if (act.up === true) setUp(s, made);
  return null;
}

/** ip_tunnel_bind_dev: the device by which a known other end is reached says how much there is room for. */
function lowerOf(s: Stack, ns: number, { local, remote }: IpipOptions, lower: number): number {
  const route = remote === 0 ? null : fibLookup(s, ns, remote, local, 0, 0, 0);
  return route?.hops[0]?.dev ?? lower;
}

/** ip_tunnel_find: no two tunnels of a namespace have the same ends and device; `tunl0` has none. */
function isTaken(s: Stack, ns: number, { local, remote, link }: IpipOptions): boolean {
  return (s.nsInfo.get(ns)!.tunnels ?? []).some((dev) => {
    const known = s.devInfo.get(dev)!.ipip;
    return known !== undefined && known.local === local && known.remote === remote && known.link === link;
  });
}
