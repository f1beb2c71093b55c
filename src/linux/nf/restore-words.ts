/** What iptables-restore 1.8.9 prints when it stops, in its two flavours; each with the line it stopped at. */
import type { SpecFault } from "./spec-fault.js";
import { ERRNO_WORDS, type Tool, versionWords } from "./tool-words.js";

export const LONGEST_CHAIN = 28;

interface Fault {
  readonly errno: string;
  readonly message: string;
}

export class RestoreWords {
  private readonly name: string;

  /** @param called the name that the program was called by, which the nft flavour repeats */
  constructor(
    private readonly tool: Tool,
    called?: string,
  ) {
    this.name = called !== undefined && tool.flavour === "nft" ? called : `ip${tool.family === 4 ? "" : "6"}tables-restore`;
  }

  /** The tool itself refuses: its version before, the line and a hint after. */
  private refused(errno: string, message: string, line: number): Fault {
    const text = `${this.name} ${versionWords(this.tool)}: ${message}\nError occurred at line: ${line}`;
    return { errno, message: `${text}\nTry \`${this.name} -h' or '${this.name} --help' for more information.` };
  }

  /** A command failed; the nft flavour says why. */
  failed(line: number, errno: string, why: string): Fault {
    return { errno, message: `${this.name}: line ${line} failed${this.tool.flavour === "nft" ? `: ${why}` : ""}` };
  }

  /** The kernel refuses at COMMIT; the nft flavour names the line of the command, the legacy one that of COMMIT. */
  kernel(errno: string, doing: string, about: string, line: number, commitLine: number): Fault {
    if (this.tool.flavour === "legacy") return { errno, message: `${this.name}: line ${commitLine} failed` };
    return { errno, message: `${this.name} ${versionWords(this.tool)}: \nline ${line}: ${doing} failed (${ERRNO_WORDS[errno] ?? errno}): ${about}` };
  }

  spec(fault: SpecFault, op: string, chain: string, line: number): Fault {
    if (fault.kind === "plain") {
      const text = `${fault.message}\nError occurred at line: ${line}`;
      return { errno: fault.errno, message: `${text}\nTry \`${this.name} -h' or '${this.name} --help' for more information.` };
    }
    if (fault.kind === "not-modelled") return { errno: fault.errno, message: `${fault.message} (line ${line})` };
    if (fault.message !== "" && (fault.kind === "parameter" || this.tool.flavour === "nft")) return this.refused(fault.errno, fault.message, line);
    const doing = op === "A" ? "RULE_APPEND" : op === "I" ? "RULE_INSERT" : op === "R" ? "RULE_REPLACE" : "RULE_DELETE";
    return this.kernel(fault.errno, doing, `rule in chain ${chain}`, line, line);
  }

  /** The text is no restore document. */
  text(message: string): Fault {
    if (message.startsWith("Bad argument")) return { errno: "EINVAL", message: `${message}\nTry \`${this.name} -h' or '${this.name} --help' for more information.` };
    return { errno: "EINVAL", message: `${this.name}: ${message}` };
  }

  noTable(name: string, line: number): Fault {
    const what = this.tool.flavour === "nft" ? `${this.name}: line ${line} table name '${name}' invalid` : `${this.name}: unable to initialize table '${name}'`;
    return this.refused("ENOENT", what, line);
  }

  noTarget(name: string, isGoto: boolean, line: number): Fault {
    if (this.tool.flavour === "nft") return this.refused("ENOENT", `Chain '${name}' does not exist`, line);
    return this.refused("ENOENT", isGoto ? `goto '${name}' is not a chain` : `Couldn't load target \`${name}':No such file or directory\n`, line);
  }

  longChain(name: string, line: number): Fault {
    const nft = `chain name \`${name}' too long (must be under 29 chars)`;
    return this.refused("EINVAL", this.tool.flavour === "nft" ? nft : `Invalid chain name \`${name}' (${LONGEST_CHAIN} chars max)`, line);
  }

  badPolicy(chain: string, policy: string, line: number): Fault {
    if (this.tool.flavour === "nft") return this.failed(line, "EINVAL", "Bad policy name.");
    return { errno: "EINVAL", message: `${this.name} ${versionWords(this.tool)}: Can't set policy \`${policy}' on \`${chain}' line ${line}: Bad policy name` };
  }

  badCounters(chain: string, line: number): Fault {
    return this.refused("EINVAL", `invalid policy counters for chain '${chain}'`, line);
  }

  busy(line: number, chain: string): Fault {
    if (this.tool.flavour === "legacy") return { errno: "EBUSY", message: `${this.name}: line ${line} failed` };
    return this.kernel("EBUSY", "CHAIN_DEL", `chain ${chain}`, line, line);
  }
}
