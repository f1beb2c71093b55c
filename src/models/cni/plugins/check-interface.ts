/** What CHECK of the bridge and ptp plugins compares with the result of ADD, and in which words it misses something (pkg/ip/utils_linux.go). */
import { parseCidr } from "../../../base/cidr.js";
import { formatMac } from "../../../base/mac.js";
import { mainRoutes, routeGet } from "../../../linux/plumbing/route-get.js";
import { pluginError } from "../cni-errors.js";
import type { CniError, CniResult } from "../cni-model.js";
import { addressesOf, netnsPath } from "../sandbox-veth.js";
import type { PluginCall } from "./plugin.js";

type Interface = CniResult["interfaces"][number];

/** The MAC that a device has now, null if it is not there. */
export function macNow({ door }: PluginCall, ns: number, name: string): string | null {
  const dev = door.stack.nsInfo.get(ns)?.devices.get(name);
  return dev === undefined ? null : formatMac(door.stack.dev.c.mac[dev]!);
}

/** The result's interface in the sandbox, or why it is not this sandbox's. */
export function sandboxOf(call: PluginCall, prev: CniResult): Interface | CniError {
  const path = netnsPath(call.door, call.netns);
  const own = prev.interfaces.find(({ name, sandbox }) => name === call.ifname && sandbox === path);
  return own ?? pluginError(`Sandbox in prevResult  doesn't match configured netns: ${path}`);
}

/** ValidateExpectedInterfaceIPs and ValidateExpectedRoute. */
export function missingAddressOrRoute(call: PluginCall, prev: CniResult): CniError | null {
  const { door, netns, ifname } = call;
  const held = addressesOf(door, netns, ifname);
  for (const { address } of prev.ips) {
    if (!held.includes(address)) return pluginError(`Failed to match addr ${address} on interface ${ifname}`);
  }
  for (const { gateway } of prev.ips) {
    if (gateway !== undefined && routeGet(door.stack, netns, gateway) === null) return pluginError(`Failed to find Gateway ${gateway} for interface ${ifname}`);
  }
  for (const { dst, gw } of prev.routes) {
    const cidr = parseCidr(dst);
    const known = cidr === null ? [] : mainRoutes(door.stack, netns, cidr.family).filter((route) => route.dst === dst);
    // A route that names no gateway is looked for without one, and the plugins have given it the gateway of an address.
    if (!known.some(({ hops }) => hops.some(({ via }) => via === (gw ?? null)))) return pluginError(`Expected Route ${routeWords(dst, gw)} not found in routing table`);
  }
  return null;
}

/** A route as Go prints it: the mask in hexadecimal digits. */
function routeWords(dst: string, gw: string | undefined): string {
  const [address = "", length = "0"] = dst.split("/");
  const digits = address.includes(":") ? 32 : 8;
  const mask = Array.from({ length: digits }, (_, i) => (15 & ~(15 >> Math.max(0, Math.min(4, Number(length) - 4 * i)))).toString(16)).join("");
  return `{Dst:{IP:${address} Mask:${mask}} GW:${gw ?? "<nil>"}}`;
}
