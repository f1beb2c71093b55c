/** A device as `ip -j link` and `ip -j addr` give it. */
import { deviceName } from "../../linux/device.js";
import type { Stack } from "../../linux/stack.js";
import type { Json } from "../json-text.js";
import { detailFields } from "./device-details.js";
import { flagWords, misreadEnd, misreadName, otherEnd, queueText, stateText } from "./device-text.js";
import type { IpOptions } from "./ip-options.js";
import { linkLayer } from "./tunnel-text.js";

/** `inet6` is the form of `ip -6 addr` without a device, whose dump holds less; `family` that of one family's addresses. */
export type LinkMode = "link" | "addr" | "family" | "inet6";

export function linkJson(s: Stack, dev: number, mode: LinkMode, home: number, options: IpOptions): { readonly [key: string]: Json } {
  const { name, index } = s.devInfo.get(dev)!;
  const c = s.dev.c;
  const master = c.master[dev]!;
  const made: { [key: string]: Json } = { ifindex: index, ...linkOf(s, dev, mode), ifname: name, flags: mode === "inet6" ? flagWords(s, dev, misreadEnd(s, dev)) : flagWords(s, dev), mtu: c.mtu[dev]! };
  if (mode !== "inet6") made["qdisc"] = queueText(s, dev);
  if (master !== 0) made["master"] = deviceName(s, master);
  made["operstate"] = stateText(s, dev);
  if (mode === "link") made["linkmode"] = "DEFAULT";
  if (mode !== "inet6") made["group"] = "default";
  made["txqlen"] = 1000;
  if (mode === "link" || mode === "addr" || options.details) {
    const { type, address, broadcast } = linkLayer(s, dev);
    Object.assign(made, { link_type: type, ...(address === "" ? {} : { address, broadcast }) });
  }
  if (mode !== "inet6") Object.assign(made, elsewhere(s, dev, home));
  if (options.details && mode !== "inet6") Object.assign(made, detailFields(s, dev, mode === "link"));
  if (options.statistics && mode === "link") made["stats64"] = statisticsJson(s, dev);
  return made;
}

/** `-br` begins with these. */
export function briefNames(s: Stack, dev: number): { readonly [key: string]: Json } {
  const { name } = s.devInfo.get(dev)!;
  return { ...linkOf(s, dev, "link"), ifname: name, operstate: stateText(s, dev) };
}

/** The other end of a veth pair: by its index where it is in another namespace, else by its name. */
function linkOf(s: Stack, dev: number, mode: LinkMode): { readonly [key: string]: Json } {
  if (mode === "inet6") {
    const [, link] = misreadName(s, dev).split("@");
    return link === undefined ? {} : { link };
  }
  const peer = otherEnd(s, dev);
  if (peer === 0) return {};
  return s.dev.c.ns[peer] === s.dev.c.ns[dev] ? { link: deviceName(s, peer) } : { link_index: s.devInfo.get(peer)!.index };
}

/**
 * Each namespace numbers the others it has devices' ends in as it meets them; a simulated one does not keep these numbers,
 * so the order of its devices is taken.
 */
function elsewhere(s: Stack, dev: number, home: number): { readonly [key: string]: Json } {
  const there = s.dev.c.ns[otherEnd(s, dev)] ?? 0;
  const here = s.dev.c.ns[dev]!;
  if (otherEnd(s, dev) === 0 || there === here) return {};
  if (there === home) return { link_netnsid: 0 };
  const met: number[] = [];
  for (const other of s.nsInfo.get(here)!.devices.values()) {
    const peer = otherEnd(s, other);
    const ns = peer === 0 ? here : s.dev.c.ns[peer]!;
    if (ns !== here && !met.includes(ns)) met.push(ns);
  }
  return { link_netnsid: met.indexOf(there) };
}

export function statisticsJson(s: Stack, dev: number): Json {
  const c = s.dev.c;
  return {
    rx: { bytes: c.rxBytes[dev]!, packets: c.rxPackets[dev]!, errors: 0, dropped: c.rxDropped[dev]!, over_errors: 0, multicast: 0 },
    tx: { bytes: c.txBytes[dev]!, packets: c.txPackets[dev]!, errors: c.txErrors[dev]!, dropped: c.txDropped[dev]!, carrier_errors: c.txCarrier[dev]!, collisions: c.collisions[dev]! },
  };
}
