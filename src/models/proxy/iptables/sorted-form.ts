// The order that kube-proxy's own tests compare payloads in: it hides that the order of Services is open upstream.
// Read first: SortIPTablesRules in kubernetes pkg/proxy/iptables/proxier_test.go.

import { compareText } from "../compare-text.js";
import { formatChain, formatRule, type RestoreDoc, type RestoreRule, type RestoreTable } from "./restore-doc.js";

const BY_SERVICE: ReadonlySet<string> = new Set(["KUBE-NODEPORTS", "KUBE-SERVICES"]);

/** The payload with tables, chains and the rules of the two dispatching chains in canonical order. */
export function formatSorted(doc: RestoreDoc): string {
  const tables = [...doc.tables].sort((a, b) => compareText(a.name, b.name));
  return tables
    .flatMap(sortedTable)
    .map((line) => `${line}\n`)
    .join("");
}

function sortedTable(table: RestoreTable): readonly string[] {
  const chains = [...table.chains].sort((a, b) => chainRank(a.name) - chainRank(b.name) || compareText(a.name, b.name));
  const rules = new Map<string, RestoreRule[]>(chains.map((chain) => [chain.name, []]));
  for (const rule of table.rules) {
    const list = rules.get(rule.chain);
    if (list === undefined) rules.set(rule.chain, [rule]);
    else list.push(rule);
  }
  const deleted = new Set(table.deletes);
  return [
    `*${table.name}`,
    ...chains.map(formatChain),
    ...[...rules].flatMap(([chain, list]) => (BY_SERVICE.has(chain) ? byService(list) : list).map(formatRule)),
    ...chains.filter((chain) => deleted.has(chain.name)).map((chain) => `-X ${chain.name}`),
    "COMMIT",
  ];
}

function chainRank(name: string): number {
  return BY_SERVICE.has(name) ? 0 : name.startsWith("KUBE-") ? 1 : 2;
}

function byService(rules: readonly RestoreRule[]): readonly RestoreRule[] {
  const keyed = rules.map((rule) => ({ rule, last: rule.spec.includes("must be the last rule"), service: commentedService(rule.spec) }));
  return keyed.sort((a, b) => Number(a.last) - Number(b.last) || compareText(a.service, b.service)).map((each) => each.rule);
}

/** The comment up to its first blank or colon: `namespace/name`. */
function commentedService(spec: string): string {
  return /--comment "?([^ :"]*)/.exec(spec)?.[1] ?? "";
}
