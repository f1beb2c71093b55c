/** What acts say of queueing disciplines. */

/**
 * `tc qdisc add dev DEV root tbf rate R burst B limit L`: a token bucket; rate in bytes a second, burst and limit in bytes.
 * With `redirect`: `tc qdisc add dev DEV ingress`, and a filter that sends all that comes in through an ifb device first.
 */
export interface QdiscAdd {
  readonly verb: "qdisc-add";
  readonly ns: number;
  readonly dev: string;
  readonly tbf?: { readonly rate: number; readonly burst: number; readonly limit: number };
  readonly redirect?: string;
  readonly cause?: number;
}

/** `tc qdisc del dev DEV root`, or `... ingress`. */
export interface QdiscDel {
  readonly verb: "qdisc-del";
  readonly ns: number;
  readonly dev: string;
  readonly at: "root" | "ingress";
  readonly cause?: number;
}
