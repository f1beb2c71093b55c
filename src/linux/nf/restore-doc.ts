/**
 * One command of a restore document: `-A`, `-I` (at `at`, 1 unless given), `-R` and `-D` of a rule (`-D` and `-R` by `at` too),
 * or `-N`, `-F`, `-X`, `-P` (spec: the policy) and `-Z` of a chain.
 */
export interface RestoreRule {
  readonly chain: string;
  /** "A" unless given */
  readonly op?: "A" | "I" | "R" | "D" | "N" | "F" | "X" | "P" | "Z";
  /** rule number counted from 1 */
  readonly at?: number;
  /** the words after `-A CHAIN `, as iptables-restore reads them */
  readonly spec: string;
  readonly cause?: number;
  readonly packets?: number;
  readonly bytes?: number;
  /** line of the text it came from */
  readonly line?: number;
}

/** One `:CHAIN POLICY [packets:bytes]` line; policy "-" makes or empties a user chain. */
export interface RestoreChain {
  readonly name: string;
  readonly policy: "-" | "ACCEPT" | "DROP";
  readonly packets?: number;
  readonly bytes?: number;
  readonly line?: number;
}

/** One `*table` ... `COMMIT` section: chain lines first, then rules in order, then the chains that `-X` removes. */
export interface RestoreTable {
  readonly name: string;
  readonly chains: readonly RestoreChain[];
  readonly rules: readonly RestoreRule[];
  readonly deletes?: readonly string[];
  /** lines of `*table` and `COMMIT` in the text it came from */
  readonly line?: number;
  readonly commitLine?: number;
  /** the text ended or failed before COMMIT: look for faults, change nothing */
  readonly uncommitted?: boolean;
}

/** What `iptables-restore` is given, without the text. */
export interface RestoreDoc {
  readonly tables: readonly RestoreTable[];
}
