/** Matches as `iptables -L` words them (print of each libxt_*.c of iptables 1.8.9); one without words here is not modelled. */
import { NotModelled } from "../output.js";
import { serviceName } from "../service-names.js";
import type { Option } from "./listed-options.js";

const ICMP_NAMES: Readonly<Record<string, string>> = Object.freeze({
  "0": "echo-reply", "3": "destination-unreachable", "3/0": "network-unreachable", "3/1": "host-unreachable", "3/2": "protocol-unreachable", "3/3": "port-unreachable", "3/4": "fragmentation-needed", "3/13": "communication-prohibited", "5": "redirect", "8": "echo-request", "9": "router-advertisement", "10": "router-solicitation", "11": "time-exceeded", "11/0": "ttl-zero-during-transit", "11/1": "ttl-zero-during-reassembly", "12": "parameter-problem",
});
const ICMP6_NAMES: Readonly<Record<string, string>> = Object.freeze({
  "1": "destination-unreachable", "1/0": "no-route", "1/1": "communication-prohibited", "1/2": "beyond-scope", "1/3": "address-unreachable", "1/4": "port-unreachable", "1/5": "failed-policy", "1/6": "reject-route", "2": "packet-too-big", "3": "time-exceeded", "3/0": "ttl-zero-during-transit", "3/1": "ttl-zero-during-reassembly", "4": "parameter-problem",
  "128": "echo-request", "129": "echo-reply", "133": "router-solicitation", "134": "router-advertisement", "135": "neighbour-solicitation", "136": "neighbour-advertisement", "137": "redirect",
});
const FLAGS: readonly string[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];
const PROTOCOLS: Readonly<Record<string, string>> = Object.freeze({ tcp: "6", udp: "17", icmp: "1", sctp: "132", icmpv6: "58" });

export function matchText(name: string, options: readonly Option[], numeric: boolean): string {
  const [first] = options;
  const value = first?.values[0] ?? "";
  const bang = first?.not === true ? "! " : "";
  switch (name) {
    case "tcp":
    case "udp":
    case "sctp":
      return transportText(name, options, numeric);
    case "icmp":
    case "icmp6":
      return icmpText(name, options, numeric);
    case "comment":
      return `/* ${value} */`;
    case "conntrack":
      return conntrackText(options);
    case "state":
      return `${bang}state ${value}`;
    case "mark":
      return `mark match ${bang}${value}`;
    case "connmark":
      return `connmark match ${bang === "" ? " " : bang}${value}`;
    case "addrtype":
      return `ADDRTYPE match ${options.map((o) => (o.name.startsWith("limit-iface-") ? `limit-${o.name.slice(12)}` : `${o.name} ${o.not ? "!" : ""}${o.values[0]}`)).join(" ")}`;
    case "multiport":
      return `multiport ${first!.name} ${bang === "" ? "" : " !"}${value.split(",").map((one) => portText(one, "tcp", numeric)).join(",")}`;
    case "statistic":
      return statisticText(options);
    case "hashlimit":
      return hashlimitText(options);
    case "set":
      return options.map((o) => (o.name === "match-set" ? `${o.not ? "! " : ""}match-set ${o.values.join(" ")}` : [o.name, ...o.values].join(" "))).join(" ");
    case "iprange":
      return options.map((o) => `${o.name === "src-range" ? "source" : "destination"} IP range ${o.not ? "! " : ""}${o.values[0]}`).join(" ");
    case "ttl":
    case "hl":
      return `${name.toUpperCase()} match ${name.toUpperCase()} ${first!.name.endsWith("gt") ? ">" : first!.name.endsWith("lt") ? "<" : first!.not ? "!=" : "=="} ${value}`;
    case "length":
      return `length ${bang.trim()}${value}`;
    case "mac":
      return `MAC${bang === "" ? "" : " !"} ${value.toLowerCase()}`;
    case "limit":
      return `limit: avg ${options.find((o) => o.name === "limit")?.values[0] ?? "3/hour"} burst ${options.find((o) => o.name === "limit-burst")?.values[0] ?? "5"}`;
    case "recent":
      return recentText(options);
    case "physdev":
      return `PHYSDEV match${options.map((o) => `${o.not ? " !" : ""} --${[o.name, ...o.values].join(" ")}`).join("")}`;
    default:
      throw new NotModelled(`-L of -m ${name}`);
  }
}

function portText(port: string, protocol: "tcp" | "udp", numeric: boolean): string {
  return numeric || port.includes(":") ? port : serviceName(Number(port), protocol);
}

/** `tcp spt:1 dpts:80:90 flags:0x17/0x02`. */
function transportText(name: string, options: readonly Option[], numeric: boolean): string {
  const words = [name];
  const order = ["sport", "dport", "tcp-option", "tcp-flags"];
  for (const { name: option, values, not } of [...options].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))) {
    const bang = not ? "!" : "";
    const value = values[0] ?? "";
    const protocol = name === "udp" ? "udp" : "tcp";
    if (option === "sport" || option === "dport") words.push(`${option === "sport" ? "spt" : "dpt"}${value.includes(":") ? "s" : ""}:${bang}${name === "sctp" ? value : portText(value, protocol, numeric)}`);
    else if (option === "tcp-option") words.push(`option=${bang}${value}`);
    else if (option === "tcp-flags" && numeric) words.push(`flags:${bang}0x${flagBits(value)}/0x${flagBits(values[1] ?? "")}`);
    else if (option === "tcp-flags") words.push(`flags:${bang}${value}/${values[1] ?? ""}`);
    else throw new NotModelled(`-L of -m ${name} --${option}`);
  }
  return words.join(" ");
}

function flagBits(list: string): string {
  const bits = list.split(",").reduce((sum, flag) => sum | (FLAGS.includes(flag) ? 1 << FLAGS.indexOf(flag) : 0), 0);
  return bits.toString(16).padStart(2, "0");
}

/** `icmptype 3 code 1`, `icmp host-unreachable`; a type turned round is never called by its number alone. */
function icmpText(name: string, options: readonly Option[], numeric: boolean): string {
  const [first] = options;
  if (first === undefined) return "";
  const value = first.values[0] ?? "";
  const word = name === "icmp6" ? "ipv6-icmp" : "icmp";
  const named = (name === "icmp6" ? ICMP6_NAMES : ICMP_NAMES)[value];
  const numbers = value.replace("/", " code ");
  if (numeric) return first.not ? `${word} !type ${numbers}` : `${word}type ${numbers}`;
  return `${word} ${first.not ? "!" : ""}${named ?? `type ${numbers}`}`;
}

const CONNTRACK_ORDER: readonly string[] = ["ctstate", "ctproto", "ctorigsrc", "ctorigdst", "ctreplsrc", "ctrepldst", "ctorigsrcport", "ctorigdstport", "ctreplsrcport", "ctrepldstport", "ctstatus", "ctexpire", "ctdir"];

function conntrackText(options: readonly Option[]): string {
  return [...options]
    .sort((a, b) => CONNTRACK_ORDER.indexOf(a.name) - CONNTRACK_ORDER.indexOf(b.name))
    .map(({ name, values, not }) => `${not ? "! " : ""}${name} ${name === "ctproto" ? (PROTOCOLS[values[0]!] ?? values[0]!) : values[0]!}`)
    .join(" ");
}

/** `limit: up to 5/sec burst 5 mode srcip-dstport`; the name is not told. */
function hashlimitText(options: readonly Option[]): string {
  return `limit: ${options.flatMap(({ name, values }) => {
    const [option, value = ""] = [name.slice("hashlimit-".length), values[0]];
    if (option === "name") return [];
    return option === "upto" || option === "above" ? [`${option === "upto" ? "up to" : "above"} ${value}`] : [`${option} ${option === "mode" ? value.replaceAll(",", "-") : value}`];
  }).join(" ")}`;
}

function statisticText(options: readonly Option[]): string {
  const value = (name: string): string | undefined => options.find((option) => option.name === name)?.values[0];
  if (value("mode") === "nth") return `statistic mode nth${options.find((option) => option.name === "every")?.not === true ? " !" : ""} every ${value("every")}${value("packet") === undefined || value("packet") === "0" ? "" : ` packet ${value("packet")}`}`;
  const chance = options.find((option) => option.name === "probability")!;
  return `statistic mode random${chance.not ? " !" : ""} probability ${chance.values[0]}`;
}

const RECENT: Readonly<Record<string, string>> = Object.freeze({ set: "SET", rcheck: "CHECK", update: "UPDATE", remove: "REMOVE" });

/** `recent: UPDATE seconds: 60 hit_count: 3 name: bad side: source mask: 255.255.255.255`. */
function recentText(options: readonly Option[]): string {
  const of = (name: string): Option | undefined => options.find((option) => option.name === name);
  const what = options.find(({ name }) => RECENT[name] !== undefined);
  const words = [`${what?.not === true ? "! " : ""}recent: ${RECENT[what?.name ?? ""] ?? ""}`];
  if (of("seconds") !== undefined) words.push(`seconds: ${of("seconds")!.values[0]}`);
  if (of("reap") !== undefined) words.push("reap");
  if (of("hitcount") !== undefined) words.push(`hit_count: ${of("hitcount")!.values[0]}`);
  if (of("rttl") !== undefined) words.push("TTL-Match");
  words.push(`name: ${of("name")?.values[0] ?? "DEFAULT"}`, `side: ${of("rdest") === undefined ? "source" : "dest"}`);
  if (of("mask") !== undefined) words.push(`mask: ${of("mask")!.values[0]}`);
  return words.join(" ");
}
