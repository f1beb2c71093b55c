/** `protocol` and `template`: a block of options, on top of those of the template that it comes from. */
import { SECOND } from "../../../base/time.js";
import type { ChannelConfig, ChannelFilter, ProtocolConfig, StaticHop, StaticRoute } from "./config.js";
import type { Cursor } from "./cursor.js";
import { BGP_DEFAULTS, type BgpDraft, type BgpExtra, readBgpOption } from "./read-bgp.js";
import { type Filters, newChannel, NOT_GIVEN, readChannel } from "./read-channel.js";
import { readBody } from "./read-statement.js";

type Kind = ProtocolConfig["kind"];
export const KINDS: readonly Kind[] = ["device", "direct", "kernel", "static", "bgp"];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type DraftOf<T> = T extends ProtocolConfig ? Mutable<T> : never;

/** A protocol or template on its way: what is read, and what must be known when it ends. */
export interface ProtocolDraft {
  config: DraftOf<ProtocolConfig>;
  extra: BgpExtra;
}

const ALL: ChannelFilter = Object.freeze({ kind: "all" });
/** What a channel imports unless it says so: a BGP channel must say it, the others take everything. */
const SCAN_TIME: number = 60 * SECOND;

const DEFAULTS: Readonly<Record<Kind, object>> = Object.freeze({
  device: { scanTime: SCAN_TIME },
  direct: { interfaces: [], checkLink: false },
  kernel: { learn: false, persist: false, scanTime: SCAN_TIME, mergeLimit: 0, kernelTable: 254, metric: 32 },
  static: { routes: [], checkLink: false },
  bgp: BGP_DEFAULTS,
});

/** A protocol without options, or a copy of a template. */
export function newProtocol(kind: Kind, name: string, line: number, from: ProtocolDraft | null): ProtocolDraft {
  if (from !== null) return { config: { ...from.config, name, line }, extra: { ...from.extra } };
  const base = { kind, name, line, disabled: false, description: "", routerId: "", channels: [] };
  return { config: { ...base, ...DEFAULTS[kind] } as unknown as DraftOf<ProtocolConfig>, extra: { checkLinkGiven: false } };
}

/** The block behind the name. */
export function readProtocol(c: Cursor, draft: ProtocolDraft, filters: Filters): void {
  c.expect("{");
  while (!c.accept("}")) {
    if (c.accept(";")) continue;
    const { config } = draft;
    if (!readShared(c, config, filters) && !readOwn(c, draft)) throw c.unexpected();
    c.expect(";");
  }
}

function readShared(c: Cursor, config: DraftOf<ProtocolConfig>, filters: Filters): boolean {
  if (c.phrase(["disabled"])) config.disabled = c.bool();
  else if (c.phrase(["description"])) config.description = c.text();
  else if (c.phrase(["router", "id"])) config.routerId = c.quad();
  else if (c.phrase(["debug"]) || c.phrase(["mrtdump"]) || c.phrase(["vrf"])) c.skipOption();
  else if (c.phrase(["ipv4"])) readFamily(c, config, 4, filters);
  else if (c.phrase(["ipv6"])) readFamily(c, config, 6, filters);
  else return false;
  return true;
}

function readFamily(c: Cursor, config: DraftOf<ProtocolConfig>, family: 4 | 6, filters: Filters): void {
  const known = config.channels.find((one) => one.family === family);
  const made = readChannel(c, known ?? newChannel(family, config.kind === "bgp" ? NOT_GIVEN : ALL), filters);
  config.channels = Object.freeze([...config.channels.filter((one) => one !== known), made] as ChannelConfig[]);
}

function readOwn(c: Cursor, draft: ProtocolDraft): boolean {
  const { config } = draft;
  switch (config.kind) {
    case "device":
      if (c.phrase(["scan", "time"])) config.scanTime = c.time();
      else if (c.phrase(["interface"]) || c.phrase(["primary"])) c.skipOption();
      else return false;
      return true;
    case "direct":
      if (c.phrase(["check", "link"])) config.checkLink = c.bool();
      else if (c.phrase(["interface"])) config.interfaces = readPatterns(c);
      else return false;
      return true;
    case "kernel":
      return readKernelOption(c, config);
    case "static":
      if (c.phrase(["check", "link"])) config.checkLink = c.bool();
      else if (c.phrase(["igp", "table"])) c.skipOption();
      else if (c.phrase(["route"])) config.routes = Object.freeze([...config.routes, readRoute(c)]);
      else return false;
      return true;
    case "bgp":
      return readBgpOption(c, config as BgpDraft, draft.extra);
  }
}

/** `"eth*", -"cali*"`: a leading minus, inside the quotes or before them, leaves out. */
function readPatterns(c: Cursor): readonly string[] {
  const patterns: string[] = [];
  do {
    const minus = c.accept("-") ? "-" : "";
    if (c.token.kind === "text") patterns.push(minus + c.text());
    else patterns.push(minus + c.prefix());
  } while (c.accept(","));
  return Object.freeze(patterns);
}

function readKernelOption(c: Cursor, config: Mutable<Extract<ProtocolConfig, { kind: "kernel" }>>): boolean {
  if (c.phrase(["learn"])) config.learn = c.accept("all") || c.bool();
  else if (c.phrase(["persist"])) config.persist = c.bool();
  else if (c.phrase(["scan", "time"])) config.scanTime = c.time();
  else if (c.phrase(["kernel", "table"])) config.kernelTable = c.number();
  else if (c.phrase(["metric"])) config.metric = c.number();
  else if (c.phrase(["graceful", "restart"]) || c.phrase(["netlink", "rx", "buffer"])) c.skipOption();
  else if (c.phrase(["merge", "paths"])) {
    config.mergeLimit = c.bool() ? 16 : 0;
    if (c.phrase(["limit"])) config.mergeLimit = c.number();
  } else return false;
  return true;
}

function readRoute(c: Cursor): StaticRoute {
  const net = c.prefix();
  let dest: StaticRoute["dest"] = "unicast";
  let via = "";
  const hops: StaticHop[] = [];
  if (c.accept("blackhole") || c.phrase(["drop"])) dest = "blackhole";
  else if (c.accept("unreachable") || c.accept("reject")) dest = "unreachable";
  else if (c.accept("prohibit")) dest = "prohibit";
  else if (c.accept("recursive")) {
    dest = "recursive";
    via = c.ip();
  } else {
    c.phrase(["multipath"]);
    while (c.accept("via")) hops.push(readHop(c));
    if (hops.length === 0) throw c.fail("Unexpected or missing nexthop/type");
  }
  return Object.freeze({ net, dest, hops: Object.freeze(hops), via, body: c.is("{") ? readBody(c) : [] });
}

function readHop(c: Cursor): StaticHop {
  let gateway = "";
  let device = "";
  let onlink = false;
  let weight = 1;
  if (c.token.kind === "text") device = c.text();
  else {
    gateway = c.ip("IP4 or IP6 or CF_SYM_KNOWN or TEXT");
    if (c.accept("%")) device = c.take().text;
  }
  for (;;) {
    if (c.phrase(["dev"])) device = c.text();
    else if (c.phrase(["onlink"])) onlink = c.bool();
    else if (c.phrase(["weight"])) weight = c.number();
    else if (c.phrase(["bfd"])) c.bool();
    else return Object.freeze({ gateway, device, onlink, weight });
  }
}
