/** kube-proxy's mode and, of IPVS, its options behind a colon: "ipvs:scheduler=lc,strictARP=true". */
import type { Problem } from "../base/problem.js";
import { FOREIGN_SCHEDULERS, SCHEDULERS } from "../linux/ipvs/schedule.js";

/** kube-proxy's mode on every node. */
export type ProxyMode = "iptables" | "nftables" | "ipvs";

/** `ipvs` of a KubeProxyConfiguration, as far as podwire has it. */
export interface IpvsWords {
  readonly scheduler: string;
  readonly strictARP: boolean;
}

/** A mode with its options, which only IPVS has. */
export interface ProxyPlan {
  readonly mode: ProxyMode;
  readonly ipvs: IpvsWords;
}

const MODES: readonly ProxyMode[] = ["iptables", "nftables", "ipvs"];
const KNOWN_MODES: readonly string[] = ["iptables", "nftables", "ipvs", "none"];
const DEFAULTS: IpvsWords = Object.freeze({ scheduler: "rr", strictARP: false });

const supported = (words: readonly string[]): string => `supported values: ${words.map((word) => `"${word}"`).join(", ")}`;

/** The words of a mode and its options; options of another mode than IPVS say nothing. */
export function proxyText(mode: string, { scheduler, strictARP }: Partial<IpvsWords> = {}): string {
  const options = [...(scheduler === undefined ? [] : [`scheduler=${scheduler}`]), ...(strictARP === undefined ? [] : [`strictARP=${strictARP}`])];
  return mode === "ipvs" && options.length > 0 ? `${mode}:${options.join(",")}` : mode;
}

/** A plan from its words, or what is wrong with them. */
export function readProxy(text: string): ProxyPlan | Problem {
  const wrong = (code: string, path: string, message: string, fix?: string): Problem => ({ code, severity: "error", path, message, ...(fix === undefined ? {} : { fix }) });
  const [word = "", rest = ""] = text.split(/:(.*)/s);
  const mode = MODES.find((each) => each === word);
  if (mode === undefined) return KNOWN_MODES.includes(word) ? wrong("not-modelled", "proxy", `kube-proxy mode ${word}: not modelled`, `use ${MODES.join(", ")}`) : wrong("unknown-value", "proxy", `Unsupported value: "${word}": ${supported(MODES)}`);
  const words: { scheduler: string; strictARP: boolean } = { ...DEFAULTS };
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
    } else return wrong("unknown-option", path, `Invalid value: "${pair}": must be scheduler=NAME or strictARP=true`);
  }
  return { mode, ipvs: Object.freeze(words) };
}
