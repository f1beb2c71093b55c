/** `ip -d link`: what a device's kind adds (print_linkinfo and the files iplink_KIND.c), as text and as JSON. */
import { formatMac } from "../../base/mac.js";
import { MS, SECOND } from "../../base/time.js";
import { deviceName, portsOf } from "../../linux/device.js";
import { isBridge } from "../../linux/dev/bridge-port.js";
import { DEV, DEVF, type Stack } from "../../linux/stack.js";
import { type Field, fieldsObject, fieldsText } from "../fields.js";
import type { Json } from "../json-text.js";
import { NotModelled } from "../output.js";
import { ipipFields, tunnelKind } from "./tunnel-text.js";

const DEFAULT_SOURCE_PORTS = 32768;
const SEGMENTED = 524280;
const WHOLE = 65536;
const AGEING: number = 300 * SECOND;
const CENTISECOND: number = 10 * MS;
const NO_TIME: Json = { digits: "0.00" };
const TIMER = "   0.00";

const field = (key: string, value: Json, text: string): Field => ({ key, value, text });
/** `WORD VALUE` of one name in both forms. */
const plain = (key: string, value: string | number, word = key): Field => field(key, value, `${word} ${value}`);
const timer = (key: string): Field => field(key, NO_TIME, `${key} ${TIMER}`);

interface Details {
  readonly head: readonly Field[];
  readonly kind: string;
  readonly data: readonly Field[];
  readonly slave: readonly Field[];
  readonly tail: readonly Field[];
}

function detailsOf(s: Stack, dev: number, withMode: boolean): Details {
  const kind = s.dev.c.kind[dev]!;
  const master = s.dev.c.master[dev]!;
  const promisc = master !== 0 || (s.dev.c.flags[dev]! & DEVF.promisc) !== 0 ? 1 : 0;
  const loopback = kind === DEV.loopback;
  const veth = kind === DEV.veth || kind === DEV.uplink;
  const tunnel = tunnelKind(s, dev);
  if (!loopback && !veth && kind !== DEV.vxlan && !isBridge(s, dev) && tunnel === null) throw new NotModelled(`ip -d link of ${deviceName(s, dev)}`);
  const queues = veth ? 2 : 1;
  return {
    head: [
      field("promiscuity", promisc, `promiscuity ${promisc} `),
      plain("allmulti", master !== 0 ? 1 : 0),
      plain("min_mtu", loopback ? 0 : (tunnel?.least ?? 68), "minmtu"),
      plain("max_mtu", loopback ? 0 : (tunnel?.most ?? 65535), "maxmtu"),
    ],
    kind: loopback ? "" : veth ? "veth" : kind === DEV.vxlan ? "vxlan" : (tunnel?.kind ?? "bridge"),
    data: kind === DEV.vxlan ? vxlanFields(s, dev) : isBridge(s, dev) ? bridgeFields(s, dev) : ipipFields(s, dev),
    slave: master === 0 ? [] : slaveFields(s, dev, master),
    tail: [
      ...(withMode ? [field("inet6_addr_gen_mode", "eui64", "addrgenmode eui64")] : []),
      plain("num_tx_queues", queues, "numtxqueues"),
      plain("num_rx_queues", queues, "numrxqueues"),
      plain("gso_max_size", WHOLE),
      plain("gso_max_segs", 65535),
      plain("tso_max_size", isBridge(s, dev) && portsOf(s, dev).length === 0 ? WHOLE : SEGMENTED),
      plain("tso_max_segs", 65535),
      plain("gro_max_size", WHOLE),
    ],
  };
}

/** The end of the address line, then further lines; `withMode` is the form of `ip link`. */
export function detailLines(s: Stack, dev: number, withMode: boolean): string[] {
  const { head, kind, data, slave, tail } = detailsOf(s, dev, withMode);
  const lines = [` ${fieldsText(head)} `];
  if (kind !== "") lines.push(`    ${[kind, ...(data.length === 0 ? [] : [fieldsText(data)])].join(" ")} `);
  if (slave.length > 0) lines.push(`    bridge_slave ${fieldsText(slave)} `);
  lines[lines.length - 1] += `${fieldsText(tail)} `;
  return lines;
}

export function detailFields(s: Stack, dev: number, withMode: boolean): { readonly [key: string]: Json } {
  const { head, kind, data, slave, tail } = detailsOf(s, dev, withMode);
  const info: { [key: string]: Json } = {};
  if (kind !== "") info["info_kind"] = kind;
  if (data.length > 0) info["info_data"] = fieldsObject(data);
  if (slave.length > 0) Object.assign(info, { info_slave_kind: "bridge", info_slave_data: fieldsObject(slave) });
  return { ...fieldsObject(head), ...(kind === "" ? {} : { linkinfo: info }), ...fieldsObject(tail) };
}

/** `8000.2:0:0:0:0:1` */
function bridgeId(s: Stack, bridge: number): string {
  return `8000.${formatMac(s.dev.c.mac[bridge]!).replace(/\b0(?=[0-9a-f])/g, "")}`;
}

const onOff = (key: string, on: boolean): Field => field(key, on, `${key} ${on ? "on" : "off"}`);

/** `bridge_slave ...` */
function slaveFields(s: Stack, dev: number, bridge: number): Field[] {
  const flags = s.dev.c.flags[dev]!;
  const number = s.devInfo.get(dev)!.portNumber ?? 0;
  const id = bridgeId(s, bridge);
  const state = (flags & (DEVF.up | DEVF.carrier)) === (DEVF.up | DEVF.carrier) ? "forwarding" : "disabled";
  return [
    plain("state", state),
    plain("priority", 32),
    plain("cost", 2),
    onOff("hairpin", (flags & DEVF.hairpin) !== 0),
    onOff("guard", false),
    onOff("root_block", false),
    onOff("fastleave", false),
    onOff("learning", (flags & DEVF.learning) !== 0),
    onOff("flood", (flags & DEVF.flood) !== 0),
    plain("id", `0x${(0x8000 + number).toString(16)}`, "port_id"),
    plain("no", `0x${number.toString(16)}`, "port_no"),
    plain("designated_port", 0x8000 + number),
    plain("designated_cost", 0),
    plain("bridge_id", id, "designated_bridge"),
    plain("root_id", id, "designated_root"),
    timer("hold_timer"),
    timer("message_age_timer"),
    timer("forward_delay_timer"),
    plain("topology_change_ack", 0),
    plain("config_pending", 0),
    onOff("proxy_arp", false),
    onOff("proxy_arp_wifi", false),
    plain("multicast_router", 1, "mcast_router"),
    field("", null, "mcast_fast_leave off"),
    onOff("mcast_flood", true),
    onOff("bcast_flood", true),
    onOff("mcast_to_unicast", false),
    onOff("neigh_suppress", false),
    plain("group_fwd_mask", "0"),
    plain("group_fwd_mask_str", "0x0"),
    onOff("vlan_tunnel", false),
    onOff("isolated", false),
    onOff("locked", false),
  ];
}

function bridgeFields(s: Stack, dev: number): Field[] {
  const id = bridgeId(s, dev);
  const ageing = Math.round((s.devInfo.get(dev)!.bridge?.ageing ?? AGEING) / CENTISECOND);
  const numbers = (...list: readonly (readonly [key: string, value: number, word?: string])[]): Field[] => list.map(([key, value, word]) => plain(key, value, word));
  return [
    ...numbers(["forward_delay", 1500], ["hello_time", 200], ["max_age", 2000], ["ageing_time", ageing], ["stp_state", 0], ["priority", 32768], ["vlan_filtering", 0]),
    plain("bridge_id", id),
    plain("root_id", id, "designated_root"),
    ...numbers(["root_port", 0], ["root_path_cost", 0], ["topology_change", 0], ["topology_change_detected", 0]),
    ...["hello_timer", "tcn_timer", "topology_change_timer", "gc_timer"].map(timer),
    plain("group_fwd_mask", "0"),
    plain("group_addr", "01:80:c2:00:00:00", "group_address"),
    ...numbers(["mcast_snooping", 0], ["no_linklocal_learn", 0], ["mcast_vlan_snooping", 0], ["mcast_router", 1], ["mcast_query_use_ifaddr", 0], ["mcast_querier", 0], ["mcast_hash_elasticity", 16], ["mcast_hash_max", 4096]),
    ...numbers(["mcast_last_member_cnt", 2, "mcast_last_member_count"], ["mcast_startup_query_cnt", 2, "mcast_startup_query_count"], ["mcast_last_member_intvl", 100, "mcast_last_member_interval"], ["mcast_membership_intvl", 26000, "mcast_membership_interval"]),
    ...numbers(["mcast_querier_intvl", 25500, "mcast_querier_interval"], ["mcast_query_intvl", 12500, "mcast_query_interval"], ["mcast_query_response_intvl", 1000, "mcast_query_response_interval"], ["mcast_startup_query_intvl", 3124, "mcast_startup_query_interval"]),
    ...numbers(["mcast_stats_enabled", 0], ["mcast_igmp_version", 2], ["mcast_mld_version", 1], ["nf_call_iptables", 0], ["nf_call_ip6tables", 0], ["nf_call_arptables", 0]),
  ];
}

function vxlanFields(s: Stack, dev: number): Field[] {
  const { vxlan } = s.devInfo.get(dev)!;
  const lower = s.dev.c.peer[dev]!;
  if (vxlan === undefined) return [];
  const [low, high] = vxlan.sourcePorts[0] === DEFAULT_SOURCE_PORTS ? [0, 0] : vxlan.sourcePorts;
  return [
    plain("id", vxlan.vni),
    ...(vxlan.remote === 0 ? [] : [plain("remote", s.book.text(vxlan.remote))]),
    ...(vxlan.local === 0 ? [] : [plain("local", s.book.text(vxlan.local))]),
    ...(lower === 0 ? [] : [plain("link", deviceName(s, lower), "dev")]),
    field("port_range", { low, high }, `srcport ${low} ${high}`),
    plain("port", vxlan.port, "dstport"),
    ...(vxlan.learning ? [] : [field("learning", false, "nolearning")]),
    field("ttl", 0, "ttl auto"),
    field("df", "unset", ""),
    plain("ageing", AGEING / SECOND),
    field("udp_csum", true, "udpcsum"),
    field("udp_zero_csum6_tx", false, "noudp6zerocsumtx"),
    field("udp_zero_csum6_rx", false, "noudp6zerocsumrx"),
  ];
}
