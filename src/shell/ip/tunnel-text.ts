/** What `ip` prints of tunnels that carry IP packets, and of ifb devices (iproute2: link_iptnl.c, ipaddress.c). */
import { formatMac } from "../../base/mac.js";
import { devicesOf } from "../../linux/device.js";
import { DEV, type Stack } from "../../linux/stack.js";
import type { Field } from "../fields.js";

const INHERIT_TOS = 1;

/** Link type, address, and the word and address of what is at the other end. */
export function linkLayer(s: Stack, dev: number): { readonly type: string; readonly address: string; readonly other: "brd" | "peer"; readonly broadcast: string } {
  const { ipip } = s.devInfo.get(dev)!;
  const kind = s.dev.c.kind[dev]!;
  const text = (addr: number): string => (addr === 0 ? "0.0.0.0" : s.book.text(addr));
  if (ipip !== undefined) return { type: "ipip", address: text(ipip.local), other: ipip.remote === 0 ? "brd" : "peer", broadcast: text(ipip.remote) };
  if (kind === DEV.wireguard) return { type: "none", address: "", other: "brd", broadcast: "" };
  const [type, broadcast] = kind === DEV.loopback ? ["loopback", "00:00:00:00:00:00"] : ["ether", "ff:ff:ff:ff:ff:ff"];
  return { type: type!, address: formatMac(s.dev.c.mac[dev]!), other: "brd", broadcast: broadcast! };
}

/** `@NONE`, or `@eth0` for a tunnel that is bound to a device. */
export function tunnelEnd(s: Stack, dev: number): string {
  const { ipip } = s.devInfo.get(dev)!;
  if (ipip === undefined) return "";
  const lower = devicesOf(s, s.dev.c.ns[dev]!).find((other) => s.devInfo.get(other)!.index === ipip.link);
  return `@${lower === undefined ? "NONE" : s.devInfo.get(lower)!.name}`;
}

/** Flags of the kinds that are neither loopback nor Ethernet; null: one of those. */
export function tunnelFlags(s: Stack, dev: number): readonly string[] | null {
  const kind = s.dev.c.kind[dev]!;
  if (kind === DEV.ipip) return s.devInfo.get(dev)!.ipip!.remote === 0 ? ["NOARP"] : ["POINTOPOINT", "NOARP"];
  if (kind === DEV.wireguard) return ["POINTOPOINT", "NOARP"];
  return kind === DEV.dummy || kind === DEV.ifb ? ["BROADCAST", "NOARP"] : null;
}

/** Word of `type`, and the least and most MTU, of the kinds here; null: another kind. */
export function tunnelKind(s: Stack, dev: number): { readonly kind: string; readonly least: number; readonly most: number } | null {
  const kind = s.dev.c.kind[dev]!;
  if (kind === DEV.ipip) return { kind: "ipip", least: 0, most: 0 };
  if (kind === DEV.wireguard) return { kind: "wireguard", least: 0, most: 2147483552 };
  return kind === DEV.ifb ? { kind: "ifb", least: 0, most: 0 } : null;
}

/** The words behind `ipip`; `tunl0` is for any protocol. */
export function ipipFields(s: Stack, dev: number): Field[] {
  const { ipip, name } = s.devInfo.get(dev)!;
  if (ipip === undefined) return [];
  const end = (addr: number): string => (addr === 0 ? "any" : s.book.text(addr));
  const isFallback = s.nsInfo.get(s.dev.c.ns[dev]!)!.fallback === dev && name !== "";
  const proto = isFallback ? "any" : "ipip";
  const tos = ipip.tos === INHERIT_TOS ? "inherit" : `0x${ipip.tos.toString(16)}`;
  const lower = tunnelEnd(s, dev).slice(1);
  return [
    { key: "proto", value: proto, text: proto },
    { key: "remote", value: end(ipip.remote), text: `remote ${end(ipip.remote)}` },
    { key: "local", value: end(ipip.local), text: `local ${end(ipip.local)}` },
    ...(lower === "NONE" ? [] : [{ key: "link", value: lower, text: `dev ${lower}` }]),
    { key: "ttl", value: ipip.ttl, text: `ttl ${ipip.ttl === 0 ? "inherit" : ipip.ttl}` },
    ...(ipip.tos === 0 ? [] : [{ key: "tos", value: tos, text: `tos ${tos}` }]),
    { key: "pmtudisc", value: ipip.pmtudisc, text: ipip.pmtudisc ? "pmtudisc" : "nopmtudisc" },
  ];
}
