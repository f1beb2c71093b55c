/** What a kernel should hold: chains and sets as plain records, the same on every node that needs them. */

/** Why something is wanted: object and field path, made a number only at a node's door. */
export interface Because {
  /** `NetworkPolicy shop/deny`, `Pod shop/web-0`, `network-policy` */
  readonly object: string;
  readonly path: string;
}

/** One rule; `spec` is its saved form, the words that iptables-save prints after the chain. */
export interface WantedRule extends Because {
  readonly spec: string;
}

export interface WantedChain {
  readonly name: string;
  readonly rules: readonly WantedRule[];
}

export type SetType = "hash:ip" | "hash:net" | "hash:ip,port";

/** One set; elements by their saved form, true for those that are taken out (`nomatch`). */
export interface WantedSet extends Because {
  readonly name: string;
  readonly type: SetType;
  readonly elements: ReadonlyMap<string, boolean>;
}

export interface Wanted {
  readonly chains: readonly WantedChain[];
  readonly sets: readonly WantedSet[];
}

/** The dataplane's own rules, which no policy asked for. */
export const OWN: Because = Object.freeze({ object: "network-policy", path: "" });

const LONGEST_COMMENT = 255;

/** `-m comment` for a text of names and field paths. */
export function comment(text: string): string {
  return `-m comment --comment "${text.slice(0, LONGEST_COMMENT)}"`;
}
