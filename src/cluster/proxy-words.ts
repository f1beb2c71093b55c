/** kube-proxy's mode and, of IPVS, its options behind a colon: "ipvs:scheduler=lc,strictARP=true". */
import type { Problem } from "../base/problem.js";
import { FOREIGN_SCHEDULERS, SCHEDULERS } from "../linux/ipvs/schedule.js";

/** kube-proxy's mode on every node. */
export type ProxyMode = "iptables" | "nftables" | "ipvs";

/** `ipvs` of a KubeProxyConfiguration, as far as podwire has it. */
export interface IpvsWords {
  readonly scheduler: string;
  readonly strictARP: boolean;
  /** `tcpTimeout`, `tcpFinTimeout` and `udpTimeout` in seconds; 0: the kernel's own */
  readonly timeouts: { readonly tcp: number; readonly tcpFin: number; readonly udp: number };
}

/** A mode with its options, which only IPVS has. */
export interface ProxyPlan {
  readonly mode: ProxyMode;
  readonly ipvs: IpvsWords;
}

const MODES: readonly ProxyMode[] = ["iptables", "nftables", "ipvs"];
const KNOWN_MODES: readonly string[] = ["iptables", "nftables", "ipvs", "none"];
const DEFAULTS: IpvsWords = Object.freeze({ scheduler: "rr", strictARP: false, timeouts: Object.freeze({ tcp: 0, tcpFin: 0, udp: 0 }) });
const TIMEOUTS: Readonly<Record<string, keyof IpvsWords["timeouts"]>> = Object.freeze({ tcpTimeout: "tcp", tcpFinTimeout: "tcpFin", udpTimeout: "udp" });
const UNITS: Readonly<Record<string, number>> = Object.freeze({ s: 1, m: 60, h: 3600 });

/** Seconds of "90s", "15m0s" or "1h"; null where it is none of these. */
function readSeconds(text: string): number | null {
  if (!/^([0-9]+[hms])+$/.test(text)) return null;
  return [...text.matchAll(/([0-9]+)([hms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}


const supported = (words: readonly string[]): string => `supported values: ${words.map((word) => `"${word}"`).join(", ")}`;

/** The words of a mode and its options; options of another mode than IPVS say nothing. */
export function proxyText(mode: string, given: Readonly<Record<string, string | boolean>> = {}): string {
  const options = Object.keys(given).map((key) => `${key}=${given[key]}`);
  return mode === "ipvs" && options.length > 0 ? `${mode}:${options.join(",")}` : mode;
}

/** A plan from its words, or what is wrong with them. */
export function readProxy(text: string): ProxyPlan | Problem {
  const wrong = (code: string, path: string, message: string, fix?: string): Problem => ({ code, severity: "error", path, message, ...(fix === undefined ? {} : { fix }) });
  const [word = "", rest = ""] = text.split(/:(.*)/s);
  const mode = MODES.find((each) => each === word);
  if (mode === undefined) return KNOWN_MODES.includes(word) ? wrong("not-modelled", "proxy", `kube-proxy mode ${word}: not modelled`, `use ${MODES.join(", ")}`) : wrong("unknown-value", "proxy", `Unsupported value: "${word}": ${supported(MODES)}`);
  const words: { -readonly [K in keyof IpvsWords]: IpvsWords[K] } = { ...DEFAULTS };
  for (const pair of rest === "" ? [] : rest.split(",")) {
    const [key = "", value = ""] = pair.split("=");
    const path = `proxy.${key}`;
    if (mode !== "ipvs") return wrong("unknown-option", path, `Invalid value: "${pair}": ${mode} takes no options`);
    if (key === "scheduler") {
      if (FOREIGN_SCHEDULERS.includes(value)) return wrong("not-modelled", path, `IPVS scheduler ${value}: not modelled`, `use one of ${SCHEDULERS.join(", ")}`);
      if (!SCHEDULERS.includes(value)) return wrong("unknown-value", path, `Unsupported value: "${value}": ${supported(SCHEDULERS)}`);
      words.scheduler = value;
    } else if (key === "strictARP") {
      if (value !== "true" && value !== "false") return wrong("invalid-value", path, `Invalid value: "${value}": must be true or false`);
      words.strictARP = value === "true";
    } else if (Object.hasOwn(TIMEOUTS, key)) {
      const seconds = readSeconds(value);
      if (seconds === null) return wrong("invalid-value", path, `Invalid value: "${value}": must be a duration such as 90s or 15m`);
      words.timeouts = Object.freeze({ ...words.timeouts, [TIMEOUTS[key]!]: seconds });
    } else return wrong("unknown-option", path, `Invalid value: "${pair}": supported options: scheduler, strictARP, ${Object.keys(TIMEOUTS).join(", ")}`);
  }
  return { mode, ipvs: Object.freeze(words) };
}
