/** One rule of a payload: `-A CHAIN SPEC`. */
export interface RestoreRule {
  readonly chain: string;
  /** Everything after `-A CHAIN `, exactly as in the payload. */
  readonly spec: string;
  /** Row in the table of causes. */
  readonly cause: number;
}

/** One table of a payload. */
export interface RestoreTable {
  readonly name: "filter" | "nat" | "mangle" | "raw";
  /** Chains that are created or emptied, in payload order; a policy only for built-in chains. */
  readonly chains: readonly { readonly name: string; readonly policy: "-" | "ACCEPT" }[];
  /** In payload order; only the order within one chain has meaning. */
  readonly rules: readonly RestoreRule[];
  /** Chains deleted by `-X`, all of which stand in `chains` too. */
  readonly deletes: readonly string[];
  /** How many of `rules` the payload has before its `-X` lines. */
  readonly rulesBeforeDeletes: number;
}

/** What one `iptables-restore --noflush` is fed: chains that are not named stay as they are. */
export interface RestoreDoc {
  readonly tables: readonly RestoreTable[];
}

/** The bytes fed to `iptables-restore`, every line ending in a newline. */
export function formatPayload(doc: RestoreDoc): string {
  const lines: string[] = [];
  for (const table of doc.tables) {
    lines.push(`*${table.name}`);
    for (const chain of table.chains) lines.push(formatChain(chain));
    table.rules.forEach((rule, index) => {
      if (index === table.rulesBeforeDeletes) for (const name of table.deletes) lines.push(`-X ${name}`);
      lines.push(formatRule(rule));
    });
    if (table.rulesBeforeDeletes >= table.rules.length) for (const name of table.deletes) lines.push(`-X ${name}`);
    lines.push("COMMIT");
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A chain's line in a payload. */
export function formatChain(chain: RestoreTable["chains"][number]): string {
  return `:${chain.name} ${chain.policy} [0:0]`;
}

/** A rule's line in a payload. */
export function formatRule(rule: RestoreRule): string {
  return rule.spec === "" ? `-A ${rule.chain}` : `-A ${rule.chain} ${rule.spec}`;
}
