/**
 * What node-cache is told: its flags, the Corefile of its ConfigMap with the placeholders filled in, and out of that the servers
 * it runs. Read first: kubernetes/dns cmd/node-cache/main.go and app/configmap.go.
 */
import { type Directive, readCorefile } from "./corefile.js";
import type { CacheTtls } from "./dns-cache.js";
import type { ForwardBy } from "./forward.js";

/** The flags of its container. */
export interface NodeCacheFlags {
  /** `-localip` */
  readonly localIps: readonly string[];
  /** `-upstreamsvc` */
  readonly upstreamSvc: string;
  readonly setupInterface: boolean;
  readonly setupIptables: boolean;
  readonly skipTeardown: boolean;
  readonly interfaceName: string;
  /** `-health-port`, for the rules */
  readonly healthPort: number;
}

/** One server. */
export interface NodeCacheServer {
  /** "" is the root */
  readonly zone: string;
  /** addresses it listens on */
  readonly bind: readonly string[];
  /** null: nothing is kept */
  readonly cache: CacheTtls | null;
  readonly upstreams: readonly string[];
  readonly by: ForwardBy;
  /** where the plugin health answers */
  readonly health: { readonly host: string; readonly port: number } | null;
  /** port of prometheus, 0 for none */
  readonly metrics: number;
}

/** What the program "node-cache" is started with. */
export interface NodeCacheArguments {
  readonly servers: readonly NodeCacheServer[];
}

/** Reads flags as Go's package flag does: one or two dashes, the value behind `=` or as the next word. */
export function readNodeCacheFlags(words: readonly string[]): NodeCacheFlags {
  const found = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const [, name = "", value] = /^--?([^=]+)(?:=(.*))?$/s.exec(words[i]!) ?? [];
    if (name === "") continue;
    const next = words[i + 1];
    if (value !== undefined) found.set(name, value);
    else if (next === undefined || next.startsWith("-")) found.set(name, "true");
    else found.set(name, words[++i]!);
  }
  const isOn = (name: string, usual: boolean): boolean => (found.has(name) ? found.get(name) === "true" : usual);
  return {
    localIps: (found.get("localip") ?? "").split(",").filter((each) => each !== ""),
    upstreamSvc: found.get("upstreamsvc") ?? "kube-dns",
    setupInterface: isOn("setupinterface", true),
    setupIptables: isOn("setupiptables", true),
    skipTeardown: isOn("skipteardown", false),
    interfaceName: found.get("interfacename") ?? "nodelocaldns",
    healthPort: Number(found.get("health-port") ?? 8080),
  };
}

/** The Corefile as it is written into the container: `upstream` is the address of the Service that `-upstreamsvc` names. */
export function fillCorefile(text: string, { localIps }: NodeCacheFlags, upstream: string | null): string {
  return text
    .replaceAll("__PILLAR__UPSTREAM__SERVERS__", "/etc/resolv.conf")
    .replaceAll("__PILLAR__CLUSTER__DNS__", upstream ?? "<nil>")
    .replaceAll("__PILLAR__LOCAL__DNS__", localIps.join(" "))
    .replaceAll("__PILLAR__DNS__SERVER__", "");
}

/** The servers of a filled Corefile, or why CoreDNS would not start; `resolvers` are those of /etc/resolv.conf. */
export function nodeCacheServers(corefile: string, resolvers: readonly string[]): readonly NodeCacheServer[] | string {
  const blocks = readCorefile(corefile);
  if (typeof blocks === "string") return blocks;
  const servers: NodeCacheServer[] = [];
  for (const { zones, plugins } of blocks) {
    const of = (name: string): Directive | undefined => plugins.find((each) => each.name === name);
    const forward = of("forward");
    const targets = (forward?.args.slice(1) ?? []).flatMap((target) => (target === "/etc/resolv.conf" ? resolvers : [target.replace(/^dns:\/\//, "")]));
    const bad = targets.find((target) => !/^[0-9a-fA-F.:]+$/.test(target));
    if (bad !== undefined) return `plugin/forward: not an IP address or file: "${bad}"`;
    const has = (name: string): boolean => forward?.body.some((each) => each.name === name) === true;
    const [, host = "", port = "8080"] = /^(.*):(\d+)$/.exec(of("health")?.args[0] ?? ":8080") ?? [];
    const [, metrics = "9153"] = /:(\d+)$/.exec(of("prometheus")?.args[0] ?? ":9153") ?? [];
    for (const { zone } of zones) {
      servers.push({
        zone,
        bind: plugins.flatMap((each) => (each.name === "bind" ? each.args : [])),
        cache: cacheOf(of("cache")),
        upstreams: targets,
        by: has("force_tcp") ? "tcp" : has("prefer_udp") ? "udp" : "client",
        health: of("health") === undefined ? null : { host, port: Number(port) },
        metrics: of("prometheus") === undefined ? 0 : Number(metrics),
      });
    }
  }
  return servers;
}

/** `cache`: an hour for answers, half of it for denials; `cache 30`: both; `success 9984 30`, `denial 9984 5`: each. */
function cacheOf(plugin: Directive | undefined): CacheTtls | null {
  if (plugin === undefined) return null;
  const both = Number(plugin.args[0]);
  const usual = Number.isInteger(both) && both > 0 ? { success: both, denial: both } : { success: 3600, denial: 1800 };
  const told = (name: "success" | "denial"): number => Number(plugin.body.find((each) => each.name === name)?.args[1] ?? usual[name]);
  return { success: told("success"), denial: told("denial") };
}

