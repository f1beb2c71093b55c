/** What iptables 1.8.9 prints when a command fails, in its two flavours. */
import type { SpecFault } from "./spec-fault.js";

export type Flavour = "nft" | "legacy";

/** The tool that was called. */
export interface Tool {
  readonly family: 4 | 6;
  readonly flavour: Flavour;
}

export const ERRNO_WORDS: Readonly<Record<string, string>> = Object.freeze({
  EINVAL: "Invalid argument",
  ENOENT: "No such file or directory",
  EBUSY: "Device or resource busy",
  EEXIST: "File exists",
  ELOOP: "Too many links",
  EOPNOTSUPP: "Operation not supported",
  ERANGE: "Numerical result out of range",
});

/** iptc_strerror's words of the legacy flavour. */
const LEGACY_WORDS: Readonly<Record<string, string>> = Object.freeze({
  EINVAL: "Invalid argument. Run `dmesg' for more information.",
  ENOENT: "No chain/target/match by that name.",
  ELOOP: "Too many levels of symbolic links.",
  EBUSY: "Too many links.",
  EEXIST: "File exists.",
  EOPNOTSUPP: "Invalid argument. Run `dmesg' for more information.",
  ERANGE: "Numerical result out of range.",
});

export function toolName({ family }: Tool): string {
  return family === 4 ? "iptables" : "ip6tables";
}

export function versionWords(tool: Tool): string {
  return `v1.8.9 (${tool.flavour === "nft" ? "nf_tables" : "legacy"})`;
}

/** xtables_error(PARAMETER_PROBLEM): the words with the version before and the hint after. */
export function parameterWords(tool: Tool, message: string): string {
  const name = toolName(tool);
  return `${name} ${versionWords(tool)}: ${message}\nTry \`${name} -h' or '${name} --help' for more information.`;
}

/** A refusal by the kernel of a change to a chain, as nf_tables' or iptc's caller prints it; `doing` is `RULE_APPEND`. */
export function kernelWords(tool: Tool, errno: string, doing: string, about: string): string {
  const name = toolName(tool);
  if (tool.flavour === "legacy") return `${name}: ${LEGACY_WORDS[errno] ?? errno}`;
  return `${name} ${versionWords(tool)}:  ${doing} failed (${ERRNO_WORDS[errno] ?? errno}): ${about}`;
}

/** One of the tool's own short answers, `iptables: Chain already exists.`. */
export function shortWords(tool: Tool, message: string): string {
  return `${toolName(tool)}: ${message}`;
}

/** A fault in a rule's words. */
export function faultWords(tool: Tool, fault: SpecFault, doing: string, about: string): string {
  if (fault.kind === "plain") {
    const name = toolName(tool);
    return `${fault.message}\nTry \`${name} -h' or '${name} --help' for more information.`;
  }
  if (fault.kind === "parameter") return parameterWords(tool, fault.message);
  if (fault.kind === "not-modelled") return fault.message;
  if (fault.message !== "" && tool.flavour === "nft") return parameterWords(tool, fault.message);
  return kernelWords(tool, fault.errno, doing, about);
}
