/** Prints a rule as `iptables-save` does, without its chain. */
import type { Stack } from "../stack.js";
import { formatDevice } from "./device-test.js";
import { bang } from "./extension.js";
import { matchOf } from "./match.js";
import { formatHostMask } from "./option-values.js";
import { formatProtocol } from "./protocols.js";
import { type AddressTest, type DeviceTest, GO, type Rule } from "./rule.js";
import { targetOf } from "./target.js";

/** What the text is made from. */
export type RuleParts = Pick<Rule, "src" | "dst" | "inDev" | "outDev" | "proto" | "protoNot" | "frag" | "matches" | "go" | "to" | "target">;

const VERDICT_WORDS: Readonly<Record<number, string>> = Object.freeze({ [GO.accept]: "ACCEPT", [GO.drop]: "DROP", [GO.return]: "RETURN" });

function address(test: AddressTest | null, option: string, family: 4 | 6): string {
  return test === null ? "" : `${bang(test.not)} ${option} ${formatHostMask(test, family)}`;
}

function device(s: Stack, test: DeviceTest | null, option: string): string {
  return test === null ? "" : `${bang(test.not)} ${option} ${formatDevice(s, test)}`;
}

/** Saved form: addresses, devices, protocol, then matches in their order, then where it goes. */
export function printRule(s: Stack, rule: RuleParts, family: 4 | 6): string {
  let text = address(rule.src, "-s", family) + address(rule.dst, "-d", family) + device(s, rule.inDev, "-i") + device(s, rule.outDev, "-o");
  if (rule.proto !== 0) text += `${bang(rule.protoNot)} -p ${formatProtocol(rule.proto)}`;
  if (rule.frag !== 0) text += `${bang(rule.frag === 2)} -f`;
  for (const match of rule.matches) {
    const extension = matchOf(match);
    text += ` -m ${extension.name}${extension.print(match, family, s)}`;
  }
  if (rule.go === GO.jump || rule.go === GO.goto) text += ` ${rule.go === GO.jump ? "-j" : "-g"} ${s.nf.names.name(rule.to)}`;
  else if (rule.target !== null) text += ` -j ${targetOf(rule.target).name}${targetOf(rule.target).print(rule.target, family, s)}`;
  else if (rule.go !== GO.on) text += ` -j ${VERDICT_WORDS[rule.go]!}`;
  return text.slice(1);
}
