/** `ip -d link`: what a device's kind adds. */
import { formatMac } from "../../base/mac.js";
import { SECOND } from "../../base/time.js";
import { deviceName, portsOf } from "../../linux/device.js";
import { DEV, DEVF, type Stack } from "../../linux/stack.js";
import { NotModelled } from "../output.js";

const queues = (n: number): string => `addrgenmode eui64 numtxqueues ${n} numrxqueues ${n} gso_max_size 65536 gso_max_segs 65535 tso_max_size 524280 tso_max_segs 65535 gro_max_size 65536 `;
const DEFAULT_SOURCE_PORTS = 32768;

/** The end of the address line, then further lines. */
export function detailLines(s: Stack, dev: number): string[] {
  const kind = s.dev.c.kind[dev]!;
  const master = s.dev.c.master[dev]!;
  const promisc = master !== 0 || (s.dev.c.flags[dev]! & DEVF.promisc) !== 0 ? 1 : 0;
  const limits = kind === DEV.loopback ? "minmtu 0 maxmtu 0" : "minmtu 68 maxmtu 65535";
  const head = ` promiscuity ${promisc}  allmulti ${master !== 0 ? 1 : 0} ${limits} `;
  if (kind === DEV.loopback) return [`${head}${queues(1)}`];
  if (kind === DEV.veth || kind === DEV.uplink) return master === 0 ? [head, `    veth ${queues(2)}`] : [head, "    veth ", `    ${slaveText(s, dev, master)} ${queues(2)}`];
  if (kind === DEV.vxlan) return master === 0 ? [head, `    ${vxlanText(s, dev)} ${queues(1)}`] : [head, `    ${vxlanText(s, dev)} `, `    ${slaveText(s, dev, master)} ${queues(1)}`];
  throw new NotModelled(`ip -d link of ${deviceName(s, dev)}`);
}

const onOff = (on: boolean): string => (on ? "on" : "off");

/** `bridge_slave ...`; ports are numbered as they joined. */
function slaveText(s: Stack, dev: number, bridge: number): string {
  const flags = s.dev.c.flags[dev]!;
  const ports = [...portsOf(s, bridge)].reverse();
  const number = ports.indexOf(dev) + 1;
  const id = `8000.${formatMac(s.dev.c.mac[bridge]!)}`;
  const state = (flags & (DEVF.up | DEVF.carrier)) === (DEVF.up | DEVF.carrier) ? "forwarding" : "disabled";
  return [
    `bridge_slave state ${state} priority 32 cost 2 hairpin ${onOff((flags & DEVF.hairpin) !== 0)} guard off root_block off fastleave off`,
    `learning ${onOff((flags & DEVF.learning) !== 0)} flood ${onOff((flags & DEVF.flood) !== 0)} port_id 0x${(0x8000 + number).toString(16)} port_no 0x${number.toString(16)}`,
    `designated_port ${0x8000 + number} designated_cost 0 designated_bridge ${id} designated_root ${id} hold_timer    0.00 message_age_timer    0.00`,
    "forward_delay_timer    0.00 topology_change_ack 0 config_pending 0 proxy_arp off proxy_arp_wifi off mcast_router 1 mcast_fast_leave off",
    "mcast_flood on bcast_flood on mcast_to_unicast off neigh_suppress off group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off isolated off locked off",
  ].join(" ");
}

function vxlanText(s: Stack, dev: number): string {
  const { vxlan } = s.devInfo.get(dev)!;
  const lower = s.dev.c.peer[dev]!;
  if (vxlan === undefined) return "vxlan";
  const [low, high] = vxlan.sourcePorts;
  const words = [`vxlan id ${vxlan.vni}`];
  if (vxlan.remote !== 0) words.push(`remote ${s.book.text(vxlan.remote)}`);
  if (vxlan.local !== 0) words.push(`local ${s.book.text(vxlan.local)}`);
  if (lower !== 0) words.push(`dev ${deviceName(s, lower)}`);
  words.push(`srcport ${low === DEFAULT_SOURCE_PORTS ? "0 0" : `${low} ${high}`} dstport ${vxlan.port}`);
  if (!vxlan.learning) words.push("nolearning");
  words.push(`ttl auto ageing ${300 * SECOND / SECOND} udpcsum noudp6zerocsumtx noudp6zerocsumrx`);
  return words.join(" ");
}
