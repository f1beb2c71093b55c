/**
 * A rule as `iptables -L` words it (print_firewall of iptables 1.8.9): made from its saved words, each extension in its own way.
 * An extension without words here is not modelled.
 */
import { splitWords } from "../../linux/nf/spec-words.js";
import { matchText } from "./listed-match.js";
import { optionsOf } from "./listed-options.js";
import { targetText } from "./listed-target.js";

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

const PROTOCOLS: Readonly<Record<string, string>> = Object.freeze({ tcp: "6", udp: "17", icmp: "1", sctp: "132", esp: "50", ah: "51", "ipv6-icmp": "58", icmpv6: "58", udplite: "136", gre: "47" });
export function listedRule(text: string, numeric: boolean, family: 4 | 6): ListedRule {
  const words = splitWords(text) ?? [];
  const any = numeric ? (family === 4 ? "0.0.0.0/0" : "::/0") : "anywhere";
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
      rule.proto = not + (numeric ? (PROTOCOLS[name] ?? name) : (Object.entries(PROTOCOLS).find(([, number]) => number === name)?.[0] ?? name));
    } else if (word === "-f") rule.opt = not === "" ? "-f" : "!f";
    else if (word === "-m" || word === "-j" || word === "-g") {
      const name = take();
      const from = i;
      while (i < words.length && words[i] !== "-m" && words[i] !== "-j" && words[i] !== "-g") i++;
      const options = optionsOf(words.slice(from, i));
      if (word === "-m") rule.more += ` ${matchText(name, options, numeric)}`;
      else {
        // -j NOTRACK is made a CT by the tool.
        rule.target = name === "NOTRACK" ? "CT" : name;
        const said = word === "-g" ? "" : targetText(name, options, numeric);
        if (said !== "") rule.more += ` ${said}`;
        if (word === "-g") rule.more = `[goto] ${rule.more}`;
      }
    }
    not = "";
  }
  return rule;
}
