import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatListed } from "../../../../src/models/proxy/nftables/listed-form.js";
import type { NftChain, NftSet, NftTable } from "../../../../src/models/proxy/nftables/nft-doc.js";
import { NftablesRenderer, nftTable } from "../../../../src/models/proxy/nftables/render.js";
import { firstNftablesSync, type NftablesSyncState, planNftablesSync } from "../../../../src/models/proxy/nftables/sync.js";
import { formatTransaction, type NftCommand } from "../../../../src/models/proxy/nftables/transaction.js";
import { changeView, emptyView, type ProxyView, type ServiceState } from "../../../../src/models/proxy/view.js";
import type { NftablesNode } from "../../../../src/models/proxy/nftables/nftables-node.js";
import { describeWith, needs } from "../../../support/requires.js";
import { history } from "../arbitrary-services.js";
import { anyNftablesNode } from "../proxy-nodes.js";

const SECOND = 1e9;

/** What a sequence of transactions leaves, with the kernel's refusals. */
class Table {
  readonly chains = new Map<string, NftChain>();
  readonly sets = new Map<string, NftSet>();

  run(commands: readonly NftCommand[]): void {
    for (const command of commands) this.one(command);
    const chains = [...this.chains.values()];
    for (const chain of chains) {
      for (const { text } of chain.rules) {
        for (const [, to] of text.matchAll(/(?:goto|jump) (\S+)/g))
          if (!this.chains.has(to!)) throw new Error(`${chain.name} leads to ${to}`);
        for (const [, set] of text.matchAll(/@(\S+)/g)) if (!this.sets.has(set!)) throw new Error(`${chain.name} reads @${set}`);
      }
    }
    for (const set of this.sets.values()) {
      for (const { value } of set.elements)
        if (value.startsWith("goto ") && !this.chains.has(value.slice(5))) throw new Error(`${set.name} leads to ${value}`);
    }
  }

  private one(command: NftCommand): void {
    const { chains, sets } = this;
    switch (command.verb) {
      case "addTable":
        return;
      case "addChain":
        if (!chains.has(command.chain.name)) chains.set(command.chain.name, { ...command.chain, rules: [] });
        return;
      case "flushChain":
        chains.set(command.name, { ...need(chains, command.name), rules: [] });
        return;
      case "deleteChain":
        need(chains, command.name);
        chains.delete(command.name);
        return;
      case "addRule": {
        const chain = need(chains, command.chain);
        chains.set(command.chain, { ...chain, rules: [...chain.rules, command.rule] });
        return;
      }
      case "addSet":
        if (!sets.has(command.set.name)) sets.set(command.set.name, { ...command.set, elements: [] });
        if (need(sets, command.set.name).timeout !== command.set.timeout) throw new Error(`${command.set.name} has another timeout`);
        return;
      case "flushSet":
        sets.set(command.name, { ...need(sets, command.name), elements: [] });
        return;
      case "deleteSet":
        need(sets, command.name);
        sets.delete(command.name);
        return;
      case "addElement":
      case "deleteElement": {
        const set = need(sets, command.set);
        const has = set.elements.some((each) => each.key === command.element.key);
        if (has === (command.verb === "addElement")) throw new Error(`${command.verb} ${command.set} ${command.element.key}`);
        const others = set.elements.filter((each) => each.key !== command.element.key);
        sets.set(command.set, { ...set, elements: has ? others : [...others, command.element] });
      }
    }
  }
}

function need<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** Listings tell objects in the order of their making; this tells them by name. */
function byName(listing: string): string {
  const [head = "", ...rest] = listing
    .trimEnd()
    .replace(/\n}$/, "\n")
    .split(/\n(?=\t(?:set|map|chain) )/);
  return [head, ...rest.map((block) => block.trim()).sort()].join("\n");
}

function playHistory(
  batches: readonly (readonly ServiceState[])[],
  node: NftablesNode,
  each: (commands: readonly NftCommand[], state: NftablesSyncState) => void,
): NftTable {
  const renderer = new NftablesRenderer(() => 1);
  let view: ProxyView = emptyView;
  let state: NftablesSyncState = firstNftablesSync;
  // The last sync changes nothing but comes late enough to delete what became stale.
  [...batches, []].forEach((batch, index) => {
    view = changeView(view, batch);
    const now = (index * 0.7 + (index === batches.length ? 5 : 0)) * SECOND;
    const sync = planNftablesSync(renderer, state, view, node, Math.round(now));
    state = sync.next;
    each(sync.commands, state);
  });
  expect(state.staleChains).toEqual([]);
  return nftTable(new NftablesRenderer(() => 1).render(view, node), node, renderer.causeOf);
}

describe("a sequence of transactions", () => {
  test("leaves the table of the end state", () => {
    fc.assert(
      fc.property(history, anyNftablesNode, (batches, node) => {
        const kernel = new Table();
        const wanted = playHistory(batches, node, (commands) => kernel.run(commands));
        const left: NftTable = { family: wanted.family, chains: [...kernel.chains.values()], sets: [...kernel.sets.values()] };
        expect(byName(formatListed(left))).toBe(byName(formatListed(wanted)));
      }),
      { numRuns: 200 },
    );
  });

  test("empties a chain when it becomes stale and deletes it more than a second later", () => {
    fc.assert(
      fc.property(history, anyNftablesNode, (batches, node) => {
        const since = new Map<string, number>();
        let syncs = 0;
        playHistory(batches, node, (commands, state) => {
          const now = syncs++ === batches.length ? Number.POSITIVE_INFINITY : (syncs - 1) * 0.7;
          for (const command of commands) {
            if (command.verb === "deleteChain" && command.name.includes("/")) expect(now - since.get(command.name)!).toBeGreaterThan(1);
          }
          for (const { name } of state.staleChains) if (!since.has(name)) since.set(name, now);
          for (const name of since.keys()) if (!state.staleChains.some((stale) => stale.name === name)) since.delete(name);
        });
      }),
    );
  });
});

describeWith("transactions in the real kernel", [needs.netfilter], () => {
  test("leave what we say", () => {
    fc.assert(
      fc.property(history, anyNftablesNode, (batches, node) => {
        const texts: string[] = [];
        const wanted = playHistory(batches, node, (commands) => texts.push(formatTransaction(node.family === 4 ? "ip" : "ip6", commands)));
        const script = texts.map((text) => `nft -f - <<'EOF' || exit 1\n${text}EOF\n`).join("");
        const run = spawnSync("unshare", ["-n", "sh"], { input: `${script}nft list ruleset`, encoding: "utf8", timeout: 20_000 });
        expect(run.stderr).toBe("");
        expect(byName(run.stdout)).toBe(byName(formatListed(wanted)));
      }),
      { numRuns: 20 },
    );
  });
});
