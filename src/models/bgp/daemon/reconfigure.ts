/**
 * Another configuration for a daemon that runs (BIRD's `configure`): what is gone or stands otherwise restarts, what has another
 * filter or other static routes goes on with them, and sessions that are written as before do not notice.
 */
import type { BirdConfig, ChannelConfig, ChannelFilter, ProtocolConfig } from "../config/config.js";
import { sameData } from "../../../base/same-data.js";

import type { Daemon } from "./daemon.js";
import { syncDirect, syncStatic } from "./links.js";
import { addProtocol, addTables, reloadProtocol, removeProtocol, startProtocol } from "./protocols.js";
import { BGP_STATE } from "./state.js";
import { feedChannel } from "./tables.js";

/** What of a protocol cannot change while it runs. */
function frame(config: ProtocolConfig): object {
  const channels = config.channels.map(({ importFilter: _, exportFilter: __, ...rest }) => rest);
  const base = { ...config, line: 0, description: "", channels };
  if (config.kind === "static") return { ...base, routes: [] };
  return config.kind === "direct" ? { ...base, interfaces: [] } : base;
}

/** Whether a filter does the same under both configurations; functions and constants may have changed behind its words. */
function sameFilter(a: ChannelFilter, b: ChannelFilter, shared: boolean): boolean {
  return sameData(a, b) && (shared || a.kind === "all" || a.kind === "none");
}

/** Whether a session has a connection that must end before it is gone. */
function isConnected(d: Daemon, name: string): boolean {
  return d.protocol(name).bgp?.conns.some(({ state }) => state >= BGP_STATE.openSent) === true;
}

/** Takes on a configuration; true: sessions had to end for it. */
export function takeConfig(d: Daemon, config: BirdConfig, text: string): boolean {
  const before = new Map(d.config.protocols.map((one) => [one.name, one]));
  const shared = sameData([d.config.functions, d.config.constants], [config.functions, config.constants]);
  const after = new Map(config.protocols.map((one) => [one.name, one]));
  const stays = (name: string): boolean => {
    const [a, b] = [before.get(name), after.get(name)];
    return a !== undefined && b !== undefined && sameData(frame(a), frame(b));
  };
  const gone = d.order.filter((name) => !stays(name));
  const ended = gone.some((name) => isConnected(d, name));
  for (const name of gone) removeProtocol(d, name);
  d.replaceConfig(config, text);
  d.order = Object.freeze(config.protocols.map((one) => one.name));
  addTables(d, config);
  const added = config.protocols.filter((one) => d.knownProtocol(one.name) === undefined);
  for (const one of added) addProtocol(d, one);
  for (const one of config.protocols) if (!added.includes(one)) change(d, before.get(one.name)!, one, shared);
  for (const one of added) startProtocol(d, one.name);
  return ended;
}

/** A protocol goes on under other words. */
function change(d: Daemon, before: ProtocolConfig, after: ProtocolConfig, shared: boolean): void {
  if (d.protocol(after.name).state === "down") return;
  const channels = after.channels.map((channel) => [before.channels.find((one) => one.family === channel.family)!, channel] as const);
  const otherwise = (key: "importFilter" | "exportFilter"): readonly ChannelConfig[] => channels.filter(([a, b]) => !sameFilter(a[key], b[key], shared)).map(([, b]) => b);
  const imports = otherwise("importFilter").length > 0;
  if (after.kind === "static") syncStatic(d, after);
  else if (after.kind === "direct") syncDirect(d, after);
  else if (imports) reloadProtocol(d, after.name, true, false);
  if (after.kind !== "kernel" && after.kind !== "bgp") return;
  for (const { family } of otherwise("exportFilter")) {
    if (d.channel(after.name, family)?.up !== true) continue;
    feedChannel(d, after.name, family);
    if (after.kind === "bgp") d.dirty.add(after.name);
  }
}
