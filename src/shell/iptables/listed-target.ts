/** Targets as `iptables -L` words them (print of each libxt_*.c of iptables 1.8.9); one without words here is not modelled. */
import { NotModelled } from "../output.js";
import type { Option } from "./listed-options.js";

export function targetText(name: string, options: readonly Option[], numeric: boolean): string {
  const value = (option: string): string | undefined => options.find((o) => o.name === option)?.values[0];
  const flags = options.filter((o) => ["random", "random-fully", "persistent"].includes(o.name)).map((o) => ` ${o.name}`);
  switch (name) {
    case "DNAT":
      return `to:${value("to-destination")}${flags.join("")}`;
    case "SNAT":
      return `to:${value("to-source")}${flags.join("")}`;
    case "MASQUERADE":
      return `${value("to-ports") === undefined ? "" : `masq ports: ${value("to-ports")}`}${flags.join("")}`.trimStart();
    case "REDIRECT":
      return `${value("to-ports") === undefined ? "" : `redir ports ${value("to-ports")}`}${flags.join("")}`.trimStart();
    case "NOTRACK":
      return "NOTRACK";
    case "NETMAP":
      return `to:${value("to")}`;
    case "LOG":
      return logText(options, numeric);
    case "NFLOG":
      return options.map((o) => [o.name, ...o.values].join(" ")).join(" ");
    case "CONNMARK":
      return connmarkText(options);
    case "TCPMSS":
      return `TCPMSS ${value("set-mss") === undefined ? "clamp to PMTU" : `set ${value("set-mss")}`}`;
    case "SET":
      return options.map((o) => [o.name, ...o.values].join(" ")).join(" ");
    case "CT":
      return `CT ${options.map((o) => [o.name, ...o.values].join(" ")).join(" ")}`;
    case "REJECT":
      return `reject-with ${value("reject-with")}`;
    case "MARK":
      return markText("MARK", value("set-xmark") ?? "");
    default:
      if (options.length > 0) throw new NotModelled(`-L of -j ${name}`);
      return "";
  }
}

/** The shortest of set, and, or, xset, xor that says the same. */
function markText(name: string, words: string): string {
  const [value, mask] = words.split("/").map((word) => Number(word) >>> 0) as [number, number];
  const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
  if (mask === 0xffffffff) return `${name} set ${hex(value)}`;
  if (value === 0) return `${name} and ${hex(~mask)}`;
  if (value === mask) return `${name} or ${hex(value)}`;
  return mask === 0 ? `${name} xor ${hex(value)}` : `${name} xset ${words}`;
}

const LOG_LEVELS: readonly string[] = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];
const LOG_FLAGS: Readonly<Record<string, readonly [bit: number, word: string]>> = Object.freeze({ "log-tcp-sequence": [1, "tcp-sequence"], "log-tcp-options": [2, "tcp-options"], "log-ip-options": [4, "ip-options"], "log-uid": [8, "uid"], "log-macdecode": [32, "macdecode"] });

function logText(options: readonly Option[], numeric: boolean): string {
  const value = (option: string): string | undefined => options.find((o) => o.name === option)?.values[0];
  const level = Number(value("log-level") ?? 4);
  const flags = options.flatMap(({ name }) => (LOG_FLAGS[name] === undefined ? [] : [LOG_FLAGS[name]]));
  const prefix = value("log-prefix") === undefined ? "" : ` prefix "${value("log-prefix")}"`;
  if (numeric) return `LOG flags ${flags.reduce((sum, [bit]) => sum | bit, 0)} level ${level}${prefix}`;
  return `LOG level ${LOG_LEVELS[level] ?? `UNKNOWN level ${level}`}${flags.map(([, word]) => ` ${word}`).join("")}${prefix}`;
}

function connmarkText(options: readonly Option[]): string {
  const value = (option: string): string | undefined => options.find((o) => o.name === option)?.values[0];
  const how = options.find(({ name }) => name === "save-mark" || name === "restore-mark");
  if (how === undefined) return markText("CONNMARK", value("set-xmark") ?? "");
  const [nfmask, ctmask] = [value("nfmask") ?? "0xffffffff", value("ctmask") ?? "0xffffffff"];
  const word = `CONNMARK ${how.name === "save-mark" ? "save" : "restore"}`;
  if (nfmask === ctmask) return nfmask === "0xffffffff" ? word : `${word} mask ${nfmask}`;
  return `${word} nfmask ${nfmask} ctmask ~${ctmask}`;
}
