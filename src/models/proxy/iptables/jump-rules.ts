import type { CauseOf } from "../cause-of.js";

/** Tables that the proxy puts jumps into. */
export type JumpTable = "filter" | "nat" | "mangle";

/** What the proxy does to a table outside its payload. */
export type TableVerb =
  /** `-N`, unless the chain exists. */
  | { readonly verb: "ensureChain"; readonly table: JumpTable; readonly chain: string; readonly cause: number }
  /** `-C`, and where that finds nothing `-I`: at the head of the chain. */
  | { readonly verb: "insertRule"; readonly table: JumpTable; readonly chain: string; readonly spec: string; readonly cause: number };

interface JumpRow {
  readonly table: JumpTable;
  readonly from: string;
  readonly to: string;
  readonly newOnly: boolean;
  readonly comment: string;
}

const row = (table: JumpTable, from: string, to: string, newOnly: boolean, comment: string): JumpRow =>
  Object.freeze({ table, from, to, newOnly, comment });

const ROWS: readonly JumpRow[] = Object.freeze([
  row("filter", "INPUT", "KUBE-EXTERNAL-SERVICES", true, "kubernetes externally-visible service portals"),
  row("filter", "FORWARD", "KUBE-EXTERNAL-SERVICES", true, "kubernetes externally-visible service portals"),
  row("filter", "INPUT", "KUBE-NODEPORTS", false, "kubernetes health check service ports"),
  row("filter", "FORWARD", "KUBE-SERVICES", true, "kubernetes service portals"),
  row("filter", "OUTPUT", "KUBE-SERVICES", true, "kubernetes service portals"),
  row("filter", "FORWARD", "KUBE-FORWARD", false, "kubernetes forwarding rules"),
  row("filter", "INPUT", "KUBE-PROXY-FIREWALL", true, "kubernetes load balancer firewall"),
  row("filter", "OUTPUT", "KUBE-PROXY-FIREWALL", true, "kubernetes load balancer firewall"),
  row("filter", "FORWARD", "KUBE-PROXY-FIREWALL", true, "kubernetes load balancer firewall"),
  row("nat", "OUTPUT", "KUBE-SERVICES", false, "kubernetes service portals"),
  row("nat", "PREROUTING", "KUBE-SERVICES", false, "kubernetes service portals"),
  row("nat", "POSTROUTING", "KUBE-POSTROUTING", false, "kubernetes postrouting rules"),
  row("filter", "INPUT", "KUBE-FIREWALL", false, ""),
  row("filter", "OUTPUT", "KUBE-FIREWALL", false, ""),
]);

/** The chain that tells the proxy, by being gone, that somebody flushed the rules. */
export const CANARY = "KUBE-PROXY-CANARY";

/** What a full sync makes sure of before its payload, in order: chains, and the jumps from built-in chains to them. */
export function jumpRules(causeOf: CauseOf): readonly TableVerb[] {
  const cause = causeOf("kube-proxy", "");
  return ROWS.flatMap(({ table, from, to, newOnly, comment }): readonly TableVerb[] => {
    const words = [
      ...(newOnly ? ["-m conntrack --ctstate NEW"] : []),
      ...(comment === "" ? [] : [`-m comment --comment "${comment}"`]),
      `-j ${to}`,
    ];
    return [
      { verb: "ensureChain", table, chain: to, cause },
      { verb: "insertRule", table, chain: from, spec: words.join(" "), cause },
    ];
  });
}

/** What the flush monitor makes at start, and again after it found the canaries gone and forced a full sync. */
export function canaryChains(causeOf: CauseOf): readonly TableVerb[] {
  const cause = causeOf("kube-proxy", "");
  return (["mangle", "nat", "filter"] as const).map((table) => ({ verb: "ensureChain", table, chain: CANARY, cause }));
}
