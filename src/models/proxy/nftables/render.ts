import { compareText } from "../compare-text.js";
import { chooseEndpoints, choiceDependsOnNode, choiceKey } from "../endpoint-choice.js";
import type { CauseOf } from "../cause-of.js";
import { limitsSources, rangesHoldNode, type ServicePortInfo } from "../service-port-info.js";
import { type NodeRules, SharedRules } from "../shared-rules.js";
import { fixedChains, fixedSets } from "./fixed-objects.js";
import type { NftChain, NftElement, NftSet, NftTable } from "./nft-doc.js";
import { detectorMatch, familyWord, isCompact, type NftablesNode } from "./nftables-node.js";
import { type PortObjects, portObjects } from "./port-objects.js";

/** A node's rules in the nftables mode. */
export type NftablesRules = NodeRules<PortObjects>;

/** Renders views in nftables mode, for any number of nodes. */
export class NftablesRenderer extends SharedRules<NftablesNode, PortObjects> {
  readonly causeOf: CauseOf;

  constructor(causeOf: CauseOf) {
    super({
      settings: (node) => [node.family, node.release, node.mark, node.masqueradeAll, detectorMatch(node, true) ?? ""].join(" "),
      dependsOnNode: (port, node) => choiceDependsOnNode(port) || limitsSources(port) || (isCompact(node) && port.endpoints.length > 0),
      nodeKey: (port, node) => [choiceKey(port, node), inRange(port, node), hairpinKey(port, node)].join(" "),
      make: (port, node) => portObjects(port, chooseEndpoints(port, node), node, causeOf),
    });
    this.causeOf = causeOf;
  }
}

function inRange(port: ServicePortInfo, node: NftablesNode): string {
  return limitsSources(port) && rangesHoldNode(port, node.primary) ? "in range" : "";
}

function hairpinKey(port: ServicePortInfo, node: NftablesNode): string {
  return isCompact(node) && port.endpoints.some((each) => each.nodeName !== "" && each.nodeName === node.name) ? `here=${node.name}` : "";
}

/** The whole table of a node. Of two elements with one key the first counts. */
export function nftTable(rules: NftablesRules, node: NftablesNode, causeOf: CauseOf): NftTable {
  const chains: NftChain[] = [...fixedChains(node, causeOf)];
  const affinity: NftSet[] = [];
  const elements = new Map<string, Map<string, NftElement>>();
  const fixed = fixedSets(node, causeOf);
  for (const set of fixed) elements.set(set.name, new Map(set.elements.map((element) => [element.key, element])));
  for (const ports of rules.entries) {
    for (const port of ports) {
      for (const chain of port.chains) chains.push(chain);
      for (const set of port.affinitySets) affinity.push(set);
      for (const { set, element } of port.elements) {
        const held = elements.get(set)!;
        if (!held.has(element.key)) held.set(element.key, element);
      }
    }
  }
  const sets = [...affinity, ...fixed.map((set) => ({ ...set, elements: [...elements.get(set.name)!.values()] }))];
  return {
    family: familyWord(node),
    chains: chains.sort((a, b) => compareText(a.name, b.name)),
    sets: sets.sort((a, b) => Number(a.kind === "map") - Number(b.kind === "map") || compareText(a.name, b.name)),
  };
}
