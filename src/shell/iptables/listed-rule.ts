/**
 * A rule as `iptables -L` words it (print_firewall of iptables 1.8.9): made from its saved words, each extension in its own way.
 * An extension without words here is not modelled.
 */
import { splitWords } from "../../linux/nf/spec-words.js";
import { NotModelled } from "../output.js";

/** The columns of one rule. */
export interface ListedRule {
  target: string;
  proto: string;
  opt: string;
  inDev: string;
  outDev: string;
  src: string;
  dst: string;
  /** what extensions say */
  more: string;
}

const PROTOCOLS: Readonly<Record<string, string>> = Object.freeze({ tcp: "6", udp: "17", icmp: "1", sctp: "132", esp: "50", ah: "51", "ipv6-icmp": "58", icmpv6: "58", udplite: "136" });
const SERVICES: Readonly<Record<string, string>> = Object.freeze({ "22": "ssh", "53": "domain", "80": "http", "123": "ntp", "443": "https", "8080": "http-alt", "6443": "6443" });
const ICMP_NAMES: Readonly<Record<string, string>> = Object.freeze({ "0": "echo-reply", "3": "destination-unreachable", "8": "echo-request", "11": "time-exceeded" });

/** Words of one extension: its options in order, each with its values and whether it was turned round. */
interface Option {
  readonly name: string;
  readonly values: readonly string[];
  readonly not: boolean;
}

/** Splits `--a 1 ! --b 2 3` into options. */
function optionsOf(words: readonly string[]): Option[] {
  const options: { name: string; values: string[]; not: boolean }[] = [];
  let not = false;
  for (const word of words) {
    if (word === "!") not = true;
    else if (word.startsWith("--")) {
      options.push({ name: word.slice(2), values: [], not });
      not = false;
    } else options.at(-1)?.values.push(word);
  }
  return options;
}

export function listedRule(text: string, numeric: boolean): ListedRule {
  const words = splitWords(text) ?? [];
  const any = numeric ? "0.0.0.0/0" : "anywhere";
  const rule: ListedRule = { target: "", proto: numeric ? "0" : "all", opt: "--", inDev: numeric ? "*" : "any", outDev: numeric ? "*" : "any", src: ` ${any}`, dst: ` ${any}`, more: "" };
  let not = "";
  let i = 0;
  const take = (): string => words[i++] ?? "";
  while (i < words.length) {
    const word = take();
    if (word === "!") {
      not = "!";
      continue;
    }
    if (word === "-s" || word === "-d") rule[word === "-s" ? "src" : "dst"] = `${not === "" ? " " : "!"}${take().replace(/\/(32|128)$/, "")}`;
    else if (word === "-i") rule.inDev = not + take();
    else if (word === "-o") rule.outDev = not + take();
    else if (word === "-p") {
      const name = take();
      rule.proto = not + (numeric ? (PROTOCOLS[name] ?? name) : name);
    } else if (word === "-f") rule.opt = not === "" ? "-f" : "!f";
    else if (word === "-m" || word === "-j" || word === "-g") {
      const name = take();
      const from = i;
      while (i < words.length && words[i] !== "-m" && words[i] !== "-j" && words[i] !== "-g") i++;
      const options = optionsOf(words.slice(from, i));
      if (word === "-m") rule.more += ` ${matchText(name, options, numeric)}`;
      else {
        rule.target = name;
        const said = word === "-g" ? "" : targetText(name, options);
        if (said !== "") rule.more += ` ${said}`;
        if (word === "-g") rule.more = `[goto] ${rule.more}`;
      }
    }
    not = "";
  }
  return rule;
}

function port(value: string, numeric: boolean): string {
  return numeric ? value : (SERVICES[value] ?? value);
}

/** `tcp spt:1 dpts:80:90 flags:0x17/0x02`. */
function transportText(name: string, options: readonly Option[], numeric: boolean): string {
  const words = [name];
  for (const { name: option, values, not } of options) {
    const bang = not ? "!" : "";
    const value = values[0] ?? "";
    if (option === "sport" || option === "dport") words.push(`${option === "sport" ? "spt" : "dpt"}${value.includes(":") ? "s" : ""}:${bang}${port(value, numeric)}`);
    else if (option === "tcp-flags" && numeric) words.push(`flags:${bang}0x${flagBits(value)}/0x${flagBits(values[1] ?? "")}`);
    else if (option === "tcp-flags") words.push(`flags:${bang}${value}/${values[1] ?? ""}`);
    else throw new NotModelled(`-L of -m ${name} --${option}`);
  }
  return words.join(" ");
}

const FLAGS: readonly string[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

function flagBits(list: string): string {
  const bits = list.split(",").reduce((sum, flag) => sum | (FLAGS.includes(flag) ? 1 << FLAGS.indexOf(flag) : 0), 0);
  return bits.toString(16).padStart(2, "0");
}

function matchText(name: string, options: readonly Option[], numeric: boolean): string {
  const [first] = options;
  const value = first?.values[0] ?? "";
  const bang = first?.not === true ? "! " : "";
  switch (name) {
    case "tcp":
    case "udp":
    case "sctp":
      return transportText(name, options, numeric);
    case "icmp":
      return options.length === 0 ? "" : `icmp${numeric ? "type" : ""} ${bang.trim()}${numeric ? value.replace("/", " code ") : (ICMP_NAMES[value] ?? `type ${value}`)}`;
    case "comment":
      return `/* ${value} */`;
    case "conntrack":
    case "state":
      if (options.length === 1 && (first!.name === "ctstate" || first!.name === "state")) return `${bang}${first!.name} ${value}`;
      break;
    case "mark":
      return `mark match ${bang}${value}`;
    case "addrtype":
      return `ADDRTYPE match ${options.map((o) => `${o.not ? "! " : ""}${o.name} ${o.values[0]}`).join(" ")}`.replace(/! (src|dst)-type /g, "$1-type !");
    case "multiport":
      return `multiport ${first!.name} ${bang.trim()}${value.split(",").map((p) => port(p, numeric)).join(",")}`;
    case "statistic":
      return statisticText(options);
    case "set":
      return `${bang}match-set ${first!.values.join(" ")}`;
    default:
  }
  throw new NotModelled(`-L of -m ${name}`);
}

function statisticText(options: readonly Option[]): string {
  const value = (name: string): string | undefined => options.find((option) => option.name === name)?.values[0];
  if (value("mode") === "nth") return `statistic mode nth every ${value("every")}${value("packet") === undefined || value("packet") === "0" ? "" : ` packet ${value("packet")}`}`;
  const chance = options.find((option) => option.name === "probability")!;
  return `statistic mode random${chance.not ? " !" : ""} probability ${chance.values[0]}`;
}

function targetText(name: string, options: readonly Option[]): string {
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
      return `redir ports ${value("to-ports")}`;
    case "REJECT":
      return `reject-with ${value("reject-with")}`;
    case "MARK":
      return markText(value("set-xmark") ?? "");
    default:
      if (options.length > 0) throw new NotModelled(`-L of -j ${name}`);
      return "";
  }
}

/** The shortest of set, and, or, xset, xor that says the same. */
function markText(words: string): string {
  const [value, mask] = words.split("/").map((word) => Number(word) >>> 0) as [number, number];
  const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;
  if (mask === 0xffffffff) return `MARK set ${hex(value)}`;
  if (value === 0) return `MARK and ${hex(~mask)}`;
  if (value === mask) return `MARK or ${hex(value)}`;
  return mask === 0 ? `MARK xor ${hex(value)}` : `MARK xset ${words}`;
}
