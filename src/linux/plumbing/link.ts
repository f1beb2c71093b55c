/** `ip link add|set|del` and `bridge link set` (net/core/rtnetlink.c, net/core/dev.c): all checks first, then all changes. */
import { parseMac } from "../../base/mac.js";
import { SECOND } from "../../base/time.js";
import { disableChanged } from "../addrconf.js";
import { addPermanent } from "../dev/fdb-entry.js";
import { initBridge, isBridge, joinBridge, leaveBridge, portMacChanged, portMtuChanged, changeBridgeMac } from "../dev/bridge-port.js";
import { addDevice, carriesIp, deviceByName, isUnicastMac, moveDevice, renameDevice, setDeviceInfo } from "../device.js";
import { deleteDevice, detach, setDown, setUp } from "../device-state.js";
import { flushNeighbours } from "../neigh.js";
import { DEV, DEVF, type LinkOptions, type Stack, type VxlanOptions } from "../stack.js";
import { type ActResult, type CableAct, extackError, type LinkAdd, type LinkDel, type LinkSet, noDevice, rtnetlinkError } from "./act.js";
import type { VxlanAct } from "./tunnel-act.js";
import { addIpip, MOST_IPIP_MTU } from "./link-ipip.js";
import { addWireguard } from "./wireguard.js";

const AGEING = 300 * SECOND;
const VXLAN_PORT = 8472;
/** net.ipv4.ip_local_port_range, the upper bound exclusive. */
const LOCAL_PORTS: readonly [number, number] = [32768, 61000];
const VXLAN_HEADROOM = 50;
const OVER_IPV6 = 20;

/** vxlan_headroom: outer headers in front of the inner packet. */
function vxlanHeadroom(s: Stack, vxlan: Pick<VxlanOptions, "local" | "remote">): number {
  return VXLAN_HEADROOM + (s.book.family[vxlan.local] === 6 || s.book.family[vxlan.remote] === 6 ? OVER_IPV6 : 0);
}
const LEAST_MTU = 68;
const NAME_BYTES = 15;

/** dev_valid_name, as iproute2 says it. */
function badName(name: string): ActResult {
  const fits = name.length > 0 && name.length <= NAME_BYTES && name !== "." && name !== ".." && !/[\s/:]/.test(name);
  return fits ? null : { errno: "EINVAL", message: `Error: argument "${name}" is wrong: "name" not a valid ifname` };
}

function badMac(text: string | undefined): ActResult {
  if (text === undefined) return null;
  const mac = parseMac(text);
  if (mac === null) return { errno: "EINVAL", message: `"${text}" is invalid lladdr.` };
  return isUnicastMac(mac) ? null : rtnetlinkError("EADDRNOTAVAIL");
}

function badMtu(s: Stack, dev: number, mtu: number): ActResult {
  const kind = s.dev.c.kind[dev]!;
  if (kind === DEV.loopback) return null;
  if (kind === DEV.ipip) return mtu < LEAST_MTU || mtu > MOST_IPIP_MTU ? rtnetlinkError("EINVAL") : null;
  if (mtu < LEAST_MTU) return extackError("EINVAL", "mtu less than device minimum");
  const lower = kind === DEV.vxlan ? s.dev.c.peer[dev]! : 0;
  const most = lower !== 0 ? s.dev.c.mtu[lower]! - vxlanHeadroom(s, s.devInfo.get(dev)!.vxlan!) : 65535;
  if (mtu <= most) return null;
  return lower !== 0 ? rtnetlinkError("EINVAL") : extackError("EINVAL", "mtu greater than device maximum");
}

const macOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : (parseMac(text) ?? undefined));

function cableOf(cable: CableAct | undefined, before?: LinkOptions): LinkOptions {
  return Object.freeze({
    delay: cable?.delay ?? before?.delay ?? 0,
    rate: cable?.rate ?? before?.rate ?? 0,
    loss: cable?.loss ?? before?.loss ?? 0,
  });
}

function badCable(cable: CableAct | undefined): ActResult {
  const { delay = 0, rate = 0, loss = 0 } = cable ?? {};
  const sound = Number.isSafeInteger(delay) && delay >= 0 && rate >= 0 && rate < Infinity && loss >= 0 && loss <= 1;
  return sound ? null : rtnetlinkError("EINVAL");
}

/** `ip link add`. */
export function addLink(s: Stack, act: LinkAdd): ActResult {
  const refused = badName(act.name) ?? badMac(act.mac) ?? badCable(act.link);
  if (refused !== null) return refused;
  if (deviceByName(s, act.ns, act.name) !== 0) return rtnetlinkError("EEXIST");
  if (act.mtu !== undefined && (act.mtu < LEAST_MTU || act.mtu > 65535)) return extackError("EINVAL", act.mtu < LEAST_MTU ? "mtu less than device minimum" : "mtu greater than device maximum");
  if (act.kind === "veth" || act.kind === "uplink") return addPair(s, act);
  if (act.kind === "vxlan") return addVxlan(s, act, act.vxlan);
  if (act.kind === "ipip") return addIpip(s, act);
  if (act.kind === "wireguard") return addWireguard(s, act);
  const dev = addDevice(s, act.ns, { kind: DEV[act.kind], name: act.name, mac: macOf(act.mac), mtu: act.mtu, cause: act.cause });
  // An MTU that it is made with gives way to its ports'.
  if (act.kind === "bridge") initBridge(s, dev, act.bridge?.ageing ?? AGEING, act.mac !== undefined);
  if (act.up === true) setUp(s, dev);
  return null;
}

/** The peer is made first and so has the lower index, as veth_newlink does. */
function addPair(s: Stack, act: LinkAdd): ActResult {
  const peer = act.peer ?? { name: "" };
  const peerNs = peer.ns ?? act.ns;
  if (peer.name === "") return rtnetlinkError("EINVAL");
  const refused = badName(peer.name) ?? badMac(peer.mac);
  if (refused !== null) return refused;
  if (deviceByName(s, peerNs, peer.name) !== 0 || (peerNs === act.ns && peer.name === act.name)) return rtnetlinkError("EEXIST");
  const kind = DEV[act.kind];
  const other = addDevice(s, peerNs, { kind, name: peer.name, mac: macOf(peer.mac), mtu: peer.mtu ?? act.mtu, cause: act.cause });
  const dev = addDevice(s, act.ns, { kind, name: act.name, mac: macOf(act.mac), mtu: act.mtu, cause: act.cause });
  s.dev.c.peer[dev] = other;
  s.dev.c.peer[other] = dev;
  if (act.kind === "uplink") {
    const link = cableOf(act.link);
    setDeviceInfo(s, dev, { link });
    setDeviceInfo(s, other, { link });
  }
  if (act.up === true) {
    setUp(s, dev);
    setUp(s, other);
  }
  return null;
}

function addVxlan(s: Stack, act: LinkAdd, vxlan: VxlanAct | undefined): ActResult {
  if (vxlan === undefined || !Number.isInteger(vxlan.id) || vxlan.id < 0 || vxlan.id > 0xffffff) {
    return { errno: "EINVAL", message: `Error: argument "${vxlan?.id ?? ""}" is wrong: invalid id` };
  }
  const lower = vxlan.dev === undefined ? 0 : deviceByName(s, act.ns, vxlan.dev);
  if (vxlan.dev !== undefined && lower === 0) return noDevice(vxlan.dev);
  const port = vxlan.port ?? VXLAN_PORT;
  for (const other of s.nsInfo.get(act.ns)!.tunnels ?? []) {
    const known = s.devInfo.get(other)!.vxlan;
    if (known !== undefined && known.vni === vxlan.id && known.port === port) {
      return extackError("EEXIST", "A VXLAN device with the specified VNI already exists");
    }
  }
  const options: VxlanOptions = Object.freeze({
    vni: vxlan.id,
    port,
    local: s.book.ofText(vxlan.local ?? ""),
    learning: vxlan.learning ?? true,
    remote: s.book.ofText(vxlan.remote ?? ""),
    sourcePorts: Object.freeze(vxlan.srcport ?? LOCAL_PORTS) as readonly [number, number],
  });
  const mtu = lower === 0 ? 1500 : s.dev.c.mtu[lower]! - vxlanHeadroom(s, options);
  if (act.mtu !== undefined && lower !== 0 && act.mtu > mtu) return rtnetlinkError("EINVAL");
  const dev = addDevice(s, act.ns, { kind: DEV.vxlan, name: act.name, mac: macOf(act.mac), mtu: act.mtu ?? mtu, cause: act.cause });
  s.dev.c.peer[dev] = lower;
  setDeviceInfo(s, dev, { vxlan: options });
  if (options.remote !== 0) addPermanent(s, dev, 0, options.remote, act.cause ?? 0);
  if (act.up === true) setUp(s, dev);
  return null;
}

/** `ip link del`: a veth takes its peer along. */
export function deleteLink(s: Stack, act: LinkDel): ActResult {
  const dev = deviceByName(s, act.ns, act.name);
  if (dev === 0) return noDevice(act.name);
  if (s.dev.c.kind[dev] === DEV.loopback) return rtnetlinkError("EOPNOTSUPP");
  if (s.nsInfo.get(act.ns)!.fallback === dev) return null;
  deleteDevice(s, dev);
  return null;
}

/** `ip link set`, `bridge link set`. */
export function setLink(s: Stack, act: LinkSet): ActResult {
  const dev = deviceByName(s, act.ns, act.name);
  if (dev === 0) return noDevice(act.name);
  const refused = refusal(s, act, dev);
  if (refused !== null) return refused;
  if (act.netns !== undefined && act.netns !== act.ns) {
    detach(s, dev);
    if (act.rename !== undefined) renameDevice(s, dev, act.rename);
    moveDevice(s, dev, act.netns);
  } else if (act.rename !== undefined) renameDevice(s, dev, act.rename);
  if (act.mac !== undefined) setMac(s, dev, parseMac(act.mac)!);
  if (act.mtu !== undefined) setMtu(s, dev, act.mtu);
  if (act.master !== undefined) {
    leaveBridge(s, dev);
    if (act.master !== null) joinBridge(s, deviceByName(s, act.ns, act.master), dev);
  }
  setFlag(s, dev, DEVF.hairpin, act.hairpin);
  setFlag(s, dev, DEVF.learning, act.learning);
  setFlag(s, dev, DEVF.flood, act.flood);
  setFlag(s, dev, DEVF.promisc, act.promisc);
  if (act.link !== undefined) setDeviceInfo(s, dev, { link: cableOf(act.link, s.devInfo.get(dev)!.link) });
  if (act.ageing !== undefined) setDeviceInfo(s, dev, { bridge: Object.freeze({ ageing: act.ageing }) });
  if (act.up === true) setUp(s, dev);
  if (act.up === false) setDown(s, dev);
  return null;
}

function refusal(s: Stack, act: LinkSet, dev: number): ActResult {
  const kind = s.dev.c.kind[dev]!;
  if (act.netns !== undefined && act.netns !== act.ns) {
    if (kind === DEV.loopback || kind === DEV.bridge || s.nsInfo.get(act.ns)!.fallback === dev) return extackError("EINVAL", "The interface netns is immutable");
    if (!s.nsInfo.has(act.netns)) return rtnetlinkError("EINVAL");
    if (deviceByName(s, act.netns, act.rename ?? act.name) !== 0) return extackError("EEXIST", "An interface with the same name exists in the target netns");
  } else if (act.rename !== undefined && act.rename !== act.name && deviceByName(s, act.ns, act.rename) !== 0) return rtnetlinkError("EEXIST");
  const bad = (act.rename === undefined ? null : badName(act.rename)) ?? badMac(act.mac) ?? badCable(act.link);
  if (bad !== null) return bad;
  if (act.mac !== undefined && carriesIp(kind)) return rtnetlinkError("EOPNOTSUPP");
  if (act.mtu !== undefined) {
    const wrong = badMtu(s, dev, act.mtu);
    if (wrong !== null) return wrong;
  }
  if (act.master !== undefined && act.master !== null) return badMaster(s, act, dev, act.master);
  if (s.dev.c.master[dev] === 0 && act.master === undefined && (act.hairpin ?? act.learning ?? act.flood) !== undefined && kind !== DEV.vxlan) return rtnetlinkError("EOPNOTSUPP");
  if ((act.link !== undefined && kind !== DEV.uplink) || (act.ageing !== undefined && kind !== DEV.bridge)) return rtnetlinkError("EOPNOTSUPP");
  return null;
}

function badMaster(s: Stack, act: LinkSet, dev: number, name: string): ActResult {
  const bridge = deviceByName(s, act.ns, name);
  if (bridge === 0) return { errno: "ENODEV", message: `Error: argument "${name}" is wrong: Device does not exist` };
  if (!isBridge(s, bridge)) return rtnetlinkError("EOPNOTSUPP");
  if (isBridge(s, dev)) return extackError("ELOOP", "Can not enslave a bridge to a bridge");
  return s.dev.c.kind[dev] === DEV.loopback || carriesIp(s.dev.c.kind[dev]!) ? rtnetlinkError("EINVAL") : null;
}

function setFlag(s: Stack, dev: number, bit: number, on: boolean | undefined): void {
  if (on === undefined) return;
  const flags = s.dev.c.flags[dev]!;
  s.dev.c.flags[dev] = on ? flags | bit : flags & ~bit;
}

function setMac(s: Stack, dev: number, mac: number): void {
  const before = s.dev.c.mac[dev]!;
  if (isBridge(s, dev)) {
    setDeviceInfo(s, dev, { macGiven: true });
    if (mac !== before) changeBridgeMac(s, dev, mac);
    return;
  }
  if (mac === before) return;
  s.dev.c.mac[dev] = mac;
  flushNeighbours(s, dev, false);
  portMacChanged(s, dev, before);
}

function setMtu(s: Stack, dev: number, mtu: number): void {
  s.dev.c.mtu[dev] = mtu;
  disableChanged(s, s.dev.c.ns[dev]!, dev);
  if (isBridge(s, dev)) setDeviceInfo(s, dev, { mtuGiven: true });
  portMtuChanged(s, dev);
}
