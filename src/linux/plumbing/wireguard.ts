/** `ip link add ... type wireguard` and `wg set` (drivers/net/wireguard: device.c, netlink.c; wireguard-tools: set.c, config.c). */
import { decodeBase64, encodeBase64 } from "../../base/base64.js";
import { type Cidr, formatCidr, masked, parseCidr } from "../../base/cidr.js";
import { clampedKey, publicKeyOf } from "../../base/x25519.js";
import { addDevice, deviceByName, setDeviceInfo } from "../device.js";
import { setUp } from "../device-state.js";
import { DEV, type Stack, type WireguardOptions, type WireguardPeer } from "../stack.js";
import type { ActResult, LinkAdd } from "./act.js";
import type { WireguardPeerAct, WireguardSet } from "./tunnel-act.js";

/** An Ethernet's 1500 without the headers over IPv6: 40, 8, 16, and 16 for the tag. */
const MTU = 1420;
const KEY_BYTES = 32;
const NEW: WireguardOptions = Object.freeze({ privateKey: "", publicKey: "", port: 0, peers: Object.freeze([]) });

/** The device, without keys and peers. */
export function addWireguard(s: Stack, act: LinkAdd): ActResult {
  const dev = addDevice(s, act.ns, { kind: DEV.wireguard, name: act.name, mtu: act.mtu ?? MTU, cause: act.cause });
  setDeviceInfo(s, dev, { wireguard: NEW });
  if (act.up === true) setUp(s, dev);
  return null;
}

function refused(errno: string, message: string): ActResult {
  return { errno, message };
}

function badKey(text: string): ActResult {
  return decodeBase64(text)?.length === KEY_BYTES ? null : refused("EINVAL", `Key is not the correct length or format: \`${text}'`);
}

function endpointOf(s: Stack, text: string): { readonly endpoint: number; readonly endpointPort: number } | null {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const endpoint = match === null ? 0 : s.book.ofText(match[1] ?? match[2]!);
  return endpoint === 0 ? null : { endpoint, endpointPort: Number(match![3]) };
}

function badPeer(s: Stack, { publicKey, endpoint, allowedIps = [] }: WireguardPeerAct): ActResult {
  const bad = badKey(publicKey);
  if (bad !== null) return bad;
  if (endpoint !== undefined && endpointOf(s, endpoint) === null) return refused("EINVAL", `Unable to parse endpoint: \`${endpoint}'`);
  const wrong = allowedIps.find((cidr) => parseCidr(cidr) === null);
  return wrong === undefined ? null : refused("EINVAL", `Unable to parse IP address: \`${wrong.split("/")[0]!}'`);
}

/** `wg set`. */
export function setWireguard(s: Stack, act: WireguardSet): ActResult {
  const dev = deviceByName(s, act.ns, act.dev);
  if (dev === 0) return refused("ENODEV", "Unable to modify interface: No such device");
  const before = s.devInfo.get(dev)!.wireguard;
  if (before === undefined) return refused("EOPNOTSUPP", "Unable to modify interface: Operation not supported");
  const bad = (act.privateKey === undefined ? null : badKey(act.privateKey)) ?? (act.peers ?? []).map((peer) => badPeer(s, peer)).find((one) => one !== null) ?? null;
  if (bad !== null) return bad;
  const keys = act.privateKey === undefined ? {} : keysOf(act.privateKey);
  const peers = (act.peers ?? []).reduce((known, peer) => changePeer(s, known, peer), before.peers);
  const after = { ...before, ...keys, ...(act.listenPort === undefined ? {} : { port: act.listenPort }), peers };
  // A peer with the device's own key is the device itself.
  setDeviceInfo(s, dev, { wireguard: Object.freeze({ ...after, peers: Object.freeze(peers.filter((peer) => peer.publicKey !== after.publicKey)) }) });
  return null;
}

function keysOf(text: string): { readonly privateKey: string; readonly publicKey: string } {
  const key = clampedKey(decodeBase64(text)!);
  return { privateKey: encodeBase64(key), publicKey: encodeBase64(publicKeyOf(key)) };
}

const same = (a: Cidr, b: Cidr): boolean => formatCidr(a) === formatCidr(b);

function changePeer(s: Stack, known: readonly WireguardPeer[], act: WireguardPeerAct): readonly WireguardPeer[] {
  const others = known.filter((peer) => peer.publicKey !== act.publicKey);
  if (act.remove === true) return others;
  const before = known.find((peer) => peer.publicKey === act.publicKey) ?? { publicKey: act.publicKey, endpoint: 0, endpointPort: 0, allowed: [] };
  const taken = act.allowedIps?.map((cidr) => masked(parseCidr(cidr)!));
  const after: WireguardPeer = Object.freeze({
    ...before,
    ...(act.endpoint === undefined ? {} : endpointOf(s, act.endpoint)!),
    ...(taken === undefined ? {} : { allowed: Object.freeze(taken) }),
  });
  const left = taken === undefined ? known : known.map((peer) => (peer.publicKey === act.publicKey ? peer : withoutIps(peer, taken)));
  return before === known.find((peer) => peer.publicKey === act.publicKey) ? left.map((peer) => (peer.publicKey === act.publicKey ? after : peer)) : [...left, after];
}

function withoutIps(peer: WireguardPeer, taken: readonly Cidr[]): WireguardPeer {
  const allowed = peer.allowed.filter((cidr) => !taken.some((other) => same(cidr, other)));
  return allowed.length === peer.allowed.length ? peer : Object.freeze({ ...peer, allowed: Object.freeze(allowed) });
}
