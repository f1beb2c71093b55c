import type { RestoreDoc } from "../../../../src/models/proxy/iptables/restore-doc.js";

type Chains = Map<string, string[]>;

const BUILT_IN = new Set(["ACCEPT", "DROP", "RETURN", "REJECT", "DNAT", "MARK", "MASQUERADE"]);

/** What `iptables-restore --noflush` does, in text: enough to tell what a sequence of payloads leaves behind. */
export class TextualTables {
  readonly tables: Map<string, Chains> = new Map();

  /** Loads a payload; throws where the real program would refuse it. */
  load(doc: RestoreDoc): void {
    for (const table of doc.tables) {
      const chains = new Map(this.tables.get(table.name));
      for (const chain of table.chains) chains.set(chain.name, []);
      for (const rule of table.rules) {
        const list = chains.get(rule.chain);
        if (list === undefined) throw new Error(`${table.name}: no chain ${rule.chain}`);
        list.push(rule.spec);
      }
      for (const name of table.deletes) {
        if (chains.get(name)?.length !== 0) throw new Error(`${table.name}: cannot delete ${name}`);
        chains.delete(name);
      }
      for (const [name, rules] of chains) {
        for (const spec of rules) {
          const target = / ?-j (\S+)/.exec(spec)?.[1];
          if (target !== undefined && !BUILT_IN.has(target) && !chains.has(target))
            throw new Error(`${table.name}: ${name} leads to ${target}, which is not there`);
        }
      }
      this.tables.set(table.name, chains);
    }
  }

  /** Tables, chains by name, and rules in order. */
  dump(): string {
    const byName = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort((a, b) => (a[0] < b[0] ? -1 : 1));
    return byName(this.tables)
      .flatMap(([table, chains]) =>
        byName(chains).flatMap(([chain, rules]) => [`*${table} :${chain}`, ...rules.map((spec) => `-A ${chain} ${spec}`)]),
      )
      .join("\n");
  }
}
