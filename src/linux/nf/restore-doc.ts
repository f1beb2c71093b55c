/** One rule of a restore document: `-A`, `-I` (at `at`, 1 unless given) or `-D` of it. */
export interface RestoreRule {
  readonly chain: string;
  /** "A" unless given */
  readonly op?: "A" | "I" | "D";
  /** rule number counted from 1, of "I" alone */
  readonly at?: number;
  /** the words after `-A CHAIN `, as a shell would read them */
  readonly spec: string;
  readonly cause?: number;
  readonly packets?: number;
  readonly bytes?: number;
}

/** One `:CHAIN POLICY [packets:bytes]` line; policy "-" makes or empties a user chain. */
export interface RestoreChain {
  readonly name: string;
  readonly policy: "-" | "ACCEPT" | "DROP";
  readonly packets?: number;
  readonly bytes?: number;
}

/** One `*table` ... `COMMIT` section: chain lines first, then rules in order, then the chains that `-X` removes. */
export interface RestoreTable {
  readonly name: string;
  readonly chains: readonly RestoreChain[];
  readonly rules: readonly RestoreRule[];
  readonly deletes?: readonly string[];
}

/** What `iptables-restore` is given, without the text. */
export interface RestoreDoc {
  readonly tables: readonly RestoreTable[];
}
