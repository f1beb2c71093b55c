/** `birdc show protocols [all] [NAME]`. */
import type { BgpConfig, ChannelConfig, ChannelFilter } from "../../models/bgp/config/config.js";
import { isInternal, isRecursive } from "../../models/bgp/daemon/bgp-export.js";
import { CAPABILITY, capabilitiesOf, capabilityFamilies, pathFamilies } from "../../models/bgp/daemon/bgp-capabilities.js";
import { stateName } from "../../models/bgp/daemon/bgp-words.js";
import { type Daemon, TIMER } from "../../models/bgp/daemon/daemon.js";
import { BGP_STATE, type ChannelState, type ProtocolState } from "../../models/bgp/daemon/state.js";
import type { BgpCapability } from "../../packet/wire/bgp.js";
import { clockText, secondsText } from "./clock.js";

const KINDS: Readonly<Record<string, string>> = Object.freeze({ device: "Device", direct: "Direct", kernel: "Kernel", static: "Static", bgp: "BGP" });

function row(name: string, kind: string, table: string, state: string, since: string, info: string): string {
  return `${name.padEnd(10)} ${kind.padEnd(10)} ${table.padEnd(10)} ${state.padEnd(6)} ${since.padEnd(12)}  ${info}`;
}

function bgpStateName(d: Daemon, p: ProtocolState): string {
  if (p.state === "down") return "Down";
  const { conns, phase } = p.bgp!;
  const state = Math.max(conns[0].state, conns[1].state);
  return state === BGP_STATE.idle && phase === "connect" && d.bgpConfig(p.name).passive ? "Passive" : stateName(state);
}

function infoOf(d: Daemon, p: ProtocolState): string {
  if (p.bgp === null) return "";
  return p.state === "down" ? p.bgp.error : `${bgpStateName(d, p).padEnd(14)}${p.bgp.error}`;
}

/** The only table of a protocol that is tied to one. */
function tableOf(d: Daemon, p: ProtocolState): string {
  const { kind } = d.configOf(p.name);
  const [first] = p.channels;
  return first !== undefined && (kind === "kernel" || kind === "static") && p.channels.length === 1 ? first.table : "---";
}

function protocolRow(d: Daemon, p: ProtocolState): string {
  return row(p.name, KINDS[d.configOf(p.name).kind]!, tableOf(d, p), p.state, clockText(p.since), infoOf(d, p));
}

const filterName = (filter: ChannelFilter): string => (filter.kind === "all" ? "ACCEPT" : filter.kind === "none" ? "REJECT" : filter.kind === "filter" && filter.name !== "" ? filter.name : "(unnamed)");

const PREFERENCES: Readonly<Record<string, number>> = Object.freeze({ direct: 240, kernel: 10, static: 200, bgp: 100 });

function cell(value: number | null): string {
  return (value === null ? "---" : String(value)).padStart(10);
}

function statLine(name: string, cells: readonly (number | null)[]): string {
  return `      ${name.padEnd(20)}${cells.map(cell).join(" ")}`;
}

function channelLines(d: Daemon, p: ProtocolState, c: ChannelState, config: ChannelConfig): string[] {
  const { kind } = d.configOf(p.name);
  const lines = [
    `  Channel ipv${c.family}`,
    `    State:          ${c.up ? "UP" : "DOWN"}`,
    `    Table:          ${c.table}`,
    `    Preference:     ${config.preference || PREFERENCES[kind]}`,
    `    Input filter:   ${filterName(config.importFilter)}`,
    `    Output filter:  ${filterName(config.exportFilter)}`,
  ];
  if (c.up) {
    const [updates, withdraws, out, gone] = [c.stats.importUpdates, c.stats.importWithdraws, c.stats.exportUpdates, c.stats.exportWithdraws];
    const exported = c.exported.size;
    lines.push(
      `    Routes:         ${c.imported} imported, ${config.keepFiltered ? `${c.filtered} filtered, ` : ""}${exported} exported, ${c.preferred} preferred`,
      "    Route change stats:     received   rejected   filtered    ignored   accepted",
      statLine("Import updates:", updates),
      statLine("Import withdraws:", [withdraws[0], withdraws[1], null, withdraws[2], withdraws[3]]),
      statLine("Export updates:", [out[0], out[1], out[2], null, out[3]]),
      statLine("Export withdraws:", [gone[0], null, null, null, gone[1]]),
    );
  }
  if (kind === "bgp") {
    if (c.up) lines.push(`    BGP Next hop:   ${d.bgp(p.name).source}`);
    if (isRecursive(d.bgpConfig(p.name), config)) lines.push(`    IGP IPv${c.family} table: ${config.igpTable || c.table}`);
  }
  return lines;
}

const WORDS: Readonly<Record<number, string>> = Object.freeze({
  [CAPABILITY.refresh]: "Route refresh",
  [CAPABILITY.as4]: "4-octet AS numbers",
  [CAPABILITY.enhancedRefresh]: "Enhanced refresh",
  [CAPABILITY.longLived]: "Long-lived graceful restart",
});

function capabilityLines(title: string, capabilities: readonly BgpCapability[]): string[] {
  const lines = [`    ${title}`];
  const families = (capabilityFamilies(capabilities) ?? []).map((family) => ` ipv${family}`).join("");
  if (families !== "") lines.push("      Multiprotocol", `        AF announced:${families}`);
  for (const code of [CAPABILITY.refresh, CAPABILITY.gracefulRestart, CAPABILITY.as4, CAPABILITY.addPath, CAPABILITY.enhancedRefresh, CAPABILITY.longLived]) {
    const known = capabilities.find((one) => one.code === code);
    if (known === undefined) continue;
    if (code === CAPABILITY.gracefulRestart) lines.push(...restartLines(known));
    else if (code === CAPABILITY.addPath) lines.push("      ADD-PATH", ...pathLines("RX", pathFamilies(capabilities, "rx")), ...pathLines("TX", pathFamilies(capabilities, "tx")));
    else lines.push(`      ${WORDS[code]}`);
  }
  return lines;
}

function pathLines(way: string, families: readonly (4 | 6)[]): string[] {
  return families.length === 0 ? [] : [`        ${way}:${families.map((family) => ` ipv${family}`).join("")}`];
}

function restartLines({ bytes }: BgpCapability): string[] {
  const lines = ["      Graceful restart"];
  if (bytes.length <= 2) return lines;
  const families: string[] = [];
  const kept: string[] = [];
  for (let at = 2; at + 3 < bytes.length; at += 4) {
    const name = bytes[at + 1] === 1 ? "ipv4" : "ipv6";
    families.push(name);
    if ((bytes[at + 3]! & 0x80) !== 0) kept.push(name);
  }
  lines.push(`        Restart time: ${(bytes[0]! & 0x0f) * 256 + bytes[1]!}`, `        AF supported: ${families.join(" ")}`, `        AF preserved:${kept.map((name) => ` ${name}`).join("")}`);
  return lines;
}

/** `2.500/5`: what a timer has left, and what it was set to. */
const timerText = (left: number, whole: number): string => `${secondsText(left)}/${whole}`;

function bgpLines(d: Daemon, p: ProtocolState, config: BgpConfig): string[] {
  const bgp = p.bgp!;
  const lines = [`  BGP state:          ${bgpStateName(d, p)}`, `    Neighbor address: ${config.remoteIp}`, `    Neighbor AS:      ${config.remoteAs}`, `    Local AS:         ${config.localAs}`];
  if (p.state === "start") {
    if (bgp.phase === "delay") lines.push(`    Error wait:       ${timerText(d.timeLeft(p.name, TIMER.startup), bgp.startupDelay)}`);
    const left = d.timeLeft(p.name, TIMER.connect);
    if (left >= 0) lines.push(`    Connect delay:    ${timerText(left, bgp.conns[0].state === BGP_STATE.active ? Math.max(1, config.connectDelay) : config.connectRetry)}`);
    const restart = d.timeLeft(p.name, TIMER.restart);
    if (restart >= 0) lines.push(`    Restart timer:    ${secondsText(restart)}/-`);
  } else if (p.state === "up") {
    const conn = bgp.conns[bgp.active]!;
    const kind = `${isInternal(config) ? "internal" : "external"}${config.multihop > 0 ? " multihop" : ""}${config.rrClient ? " route-reflector" : ""}${conn.as4 ? " AS4" : ""}`;
    lines.push(
      `    Neighbor ID:      ${bgp.remoteId}`,
      ...capabilityLines("Local capabilities", capabilitiesOf(config, false)),
      ...capabilityLines("Neighbor capabilities", conn.capabilities),
      `    Session:          ${kind}`,
      `    Source address:   ${bgp.source}`,
      `    Hold timer:       ${timerText(d.timeLeft(p.name, TIMER.hold + bgp.active), conn.holdTime)}`,
      `    Keepalive timer:  ${timerText(d.timeLeft(p.name, TIMER.keepalive + bgp.active), conn.keepaliveTime)}`,
    );
  }
  if (bgp.error !== "") lines.push(`    Last error:       ${bgp.error}`);
  return lines;
}

/** What `show protocols` prints of these protocols. */
export function showProtocols(d: Daemon, names: readonly string[], all: boolean): string[] {
  const lines = [row("Name", "Proto", "Table", "State", "Since", "Info")];
  for (const [i, name] of names.entries()) {
    const p = d.protocol(name);
    const config = d.configOf(name);
    lines.push(protocolRow(d, p));
    if (!all) continue;
    if (config.description !== "") lines.push(`  Description:    ${config.description}`);
    if (config.kind === "bgp") lines.push(...bgpLines(d, p, config));
    for (const [n, c] of p.channels.entries()) lines.push(...channelLines(d, p, c, config.channels[n]!));
    if (i < names.length - 1) lines.push("");
  }
  return lines;
}

