/** Options of `protocol bgp`. */
import { SECOND } from "../../../base/time.js";
import type { BgpConfig } from "./config.js";
import type { Cursor } from "./cursor.js";

export type BgpDraft = { -readonly [K in keyof BgpConfig]: BgpConfig[K] };

/** BIRD's defaults; -1 stands for what depends on the rest. */
export const BGP_DEFAULTS: Omit<BgpConfig, "name" | "line" | "disabled" | "description" | "routerId" | "channels"> = Object.freeze({
  kind: "bgp",
  localIp: "",
  localAs: 0,
  localPort: 179,
  remoteIp: "",
  remoteAs: 0,
  remotePort: 179,
  device: "",
  multihop: -1,
  passive: false,
  rrClient: false,
  clusterId: "",
  holdTime: 240,
  startupHoldTime: 240,
  keepaliveTime: 0,
  connectDelay: 5,
  connectRetry: 120,
  errorWait: Object.freeze([60, 300] as const),
  errorForget: 300,
  gracefulRestart: "aware",
  gracefulTime: 120,
  longLived: true,
  capabilities: true,
  as4: true,
  refresh: true,
  interpretCommunities: true,
  deterministicMed: false,
  medMetric: false,
  igpMetric: true,
  preferOlder: false,
  comparePathLengths: true,
  defaultMed: 0,
  defaultLocalPref: 100,
  allowLocalAs: 0,
  allowLocalPref: false,
  checkLink: true,
  disableAfterError: false,
});

/** `AUTO` until the protocol has been read: whether it is set at all. */
export interface BgpExtra {
  checkLinkGiven: boolean;
}

const seconds = (c: Cursor): number => Math.round(c.time() / SECOND);

function endpoint(c: Cursor, d: BgpDraft, extra: "local" | "remote"): void {
  while (!c.is(";")) {
    if (c.phrase(["as"])) {
      if (extra === "local") d.localAs = c.number();
      else d.remoteAs = c.number();
    } else if (c.phrase(["port"])) {
      if (extra === "local") d.localPort = c.number();
      else d.remotePort = c.number();
    } else if (extra === "remote" && c.phrase(["internal"])) d.remoteAs = d.localAs;
    else if (c.token.kind === "ip") {
      if (extra === "local") d.localIp = c.ip();
      else d.remoteIp = c.ip();
    } else if (c.token.kind === "number") {
      throw c.unexpected();
    } else throw c.unexpected();
  }
}

type Option = readonly [phrase: string, read: (c: Cursor, d: BgpDraft, extra: BgpExtra) => void];

const ignore = (c: Cursor): void => c.skipOption();

/** Longer phrases stand before the shorter ones that they begin with. */
const OPTIONS: readonly Option[] = [
  ["local", (c, d) => endpoint(c, d, "local")],
  ["neighbor", (c, d) => endpoint(c, d, "remote")],
  ["source address", (c, d) => { d.localIp = c.ip(); }],
  ["interface", (c, d) => { d.device = c.text(); }],
  ["multihop", (c, d) => { d.multihop = c.token.kind === "number" ? c.number() : 64; }],
  ["direct", (_, d) => { d.multihop = 0; }],
  ["passive", (c, d) => { d.passive = c.bool(); }],
  ["rr client", (c, d) => { d.rrClient = c.bool(); }],
  ["rr cluster id", (c, d) => { d.clusterId = c.quad(); }],
  ["hold time", (c, d) => {
    d.holdTime = seconds(c);
    if (d.holdTime > 0 && d.holdTime < 3) throw c.fail("Hold time must be in range 3-65535 or zero");
  }],
  ["startup hold time", (c, d) => { d.startupHoldTime = seconds(c); }],
  ["keepalive time", (c, d) => { d.keepaliveTime = seconds(c); }],
  ["connect retry time", (c, d) => { d.connectRetry = seconds(c); }],
  ["connect delay time", (c, d) => { d.connectDelay = seconds(c); }],
  ["start delay time", (c, d) => { d.connectDelay = seconds(c); }],
  ["error wait time", (c, d) => {
    const least = seconds(c);
    c.expect(",");
    d.errorWait = Object.freeze([least, seconds(c)] as const);
  }],
  ["error forget time", (c, d) => { d.errorForget = seconds(c); }],
  ["disable after error", (c, d) => { d.disableAfterError = c.bool(); }],
  ["path metric", (c, d) => { d.comparePathLengths = c.bool(); }],
  ["med metric", (c, d) => { d.medMetric = c.bool(); }],
  ["igp metric", (c, d) => { d.igpMetric = c.bool(); }],
  ["prefer older", (c, d) => { d.preferOlder = c.bool(); }],
  ["deterministic med", (c, d) => { d.deterministicMed = c.bool(); }],
  ["default bgp_med", (c, d) => { d.defaultMed = c.number(); }],
  ["default bgp_local_pref", (c, d) => { d.defaultLocalPref = c.number(); }],
  ["graceful restart time", (c, d) => { d.gracefulTime = seconds(c); }],
  ["graceful restart aware", (_, d) => { d.gracefulRestart = "aware"; }],
  ["graceful restart", (c, d) => { d.gracefulRestart = c.bool() ? "on" : "off"; }],
  ["long lived graceful restart aware", (_, d) => { d.longLived = true; }],
  ["long lived graceful restart", (c, d) => { d.longLived = c.bool(); }],
  ["long lived stale time", ignore],
  ["capabilities", (c, d) => { d.capabilities = c.bool(); }],
  ["enable as4", (c, d) => { d.as4 = c.bool(); }],
  ["enable route refresh", (c, d) => { d.refresh = c.bool(); }],
  ["interpret communities", (c, d) => { d.interpretCommunities = c.bool(); }],
  ["allow local as", (c, d) => { d.allowLocalAs = c.token.kind === "number" ? c.number() : 255; }],
  ["allow bgp_local_pref", (c, d) => { d.allowLocalPref = c.bool(); }],
  ["check link", (c, d, extra) => {
    d.checkLink = c.bool();
    extra.checkLinkGiven = true;
  }],
  ["password", ignore],
  ["bfd", ignore],
  ["setkey", ignore],
  ["strict bind", ignore],
  ["ttl security", ignore],
  ["enable extended messages", ignore],
  ["advertise hostname", ignore],
];

const WORDS = OPTIONS.map(([phrase]) => phrase.split(" "));

/** One option; false if the next words are none. */
export function readBgpOption(c: Cursor, draft: BgpDraft, extra: BgpExtra): boolean {
  const i = WORDS.findIndex((words) => c.phrase(words));
  if (i < 0) return false;
  OPTIONS[i]![1](c, draft, extra);
  return true;
}
