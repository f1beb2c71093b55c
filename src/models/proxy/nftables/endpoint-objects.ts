// How a Service port's traffic is spread: a random index into its endpoints, before it one affinity set for each where
// clients stick, and a chain for each endpoint that translates.

import type { EndpointChoice } from "../endpoint-choice.js";
import type { CauseOf } from "../cause-of.js";
import type { EndpointInfo, ServicePortInfo } from "../service-port-info.js";
import type { NftChain, NftRule, NftSet, PlacedElement } from "./nft-doc.js";
import { familyWord, isCompact, markStatement, type NftablesNode } from "./nftables-node.js";
import { endpointName } from "./object-names.js";

export interface EndpointObjects {
  readonly chains: readonly NftChain[];
  readonly affinitySets: readonly NftSet[];
  /** Connections of endpoints to themselves, which since 1.36 a set names. */
  readonly hairpins: readonly PlacedElement[];
  /** The rules that spread over `list`. */
  readonly balance: (list: readonly EndpointInfo[]) => readonly NftRule[];
}

export function endpointObjects(port: ServicePortInfo, choice: EndpointChoice, node: NftablesNode, causeOf: CauseOf): EndpointObjects {
  const names = new Map(choice.reachable.map((endpoint) => [endpoint.text, endpointName(port, endpoint)]));
  const causeOfEndpoint = (endpoint: EndpointInfo): number => causeOf(`EndpointSlice ${endpoint.slice}`, endpoint.path);
  const sticky = port.affinitySeconds > 0;
  const chained = !isCompact(node) || sticky;
  const type = node.family === 4 ? "ipv4_addr" : "ipv6_addr";
  const affinitySet = (name: string): NftSet => ({
    name: `affinity-${name}`,
    kind: "set",
    type,
    comment: "",
    timeout: port.affinitySeconds,
    elements: [],
  });
  return {
    chains: chained ? choice.reachable.map((each) => endpointChain(port, each, names.get(each.text)!, node, causeOfEndpoint(each))) : [],
    affinitySets: sticky ? [...names.values()].map(affinitySet) : [],
    hairpins: isCompact(node) ? hairpins(port, choice, node, causeOfEndpoint) : [],
    balance: (list) => balancingRules(port, list, names, node, causeOf, chained),
  };
}

function endpointChain(port: ServicePortInfo, endpoint: EndpointInfo, name: string, node: NftablesNode, cause: number): NftChain {
  const ip = familyWord(node);
  const rule = (text: string): NftRule => ({ text, comment: "", cause });
  const rules = [
    ...(isCompact(node) ? [] : [rule(`${ip} saddr ${endpoint.ip} ${markStatement(node)}`)]),
    ...(port.affinitySeconds > 0 ? [rule(`update @affinity-${name} { ${ip} saddr }`)] : []),
    rule(`meta l4proto ${port.protocol} dnat to ${endpoint.text}`),
  ];
  return { name: `endpoint-${name}`, base: null, comment: "", rules };
}

function hairpins(
  port: ServicePortInfo,
  choice: EndpointChoice,
  node: NftablesNode,
  causeOf: (endpoint: EndpointInfo) => number,
): readonly PlacedElement[] {
  const here = choice.reachable.filter((endpoint) => endpoint.nodeName !== "" && endpoint.nodeName === node.name);
  return here.map((endpoint) => ({
    set: "hairpin-connections",
    element: {
      key: `${endpoint.ip} . ${endpoint.ip} . ${port.protocol} . ${endpoint.port}`,
      comment: "",
      value: "",
      cause: causeOf(endpoint),
    },
  }));
}

function balancingRules(
  port: ServicePortInfo,
  list: readonly EndpointInfo[],
  names: ReadonlyMap<string, string>,
  node: NftablesNode,
  causeOf: CauseOf,
  chained: boolean,
): readonly NftRule[] {
  const ip = familyWord(node);
  const cause = causeOf(`Service ${port.namespace}/${port.name}`, port.path);
  const chosen = (text: (endpoint: EndpointInfo) => string): string => list.map((each, index) => `${index} : ${text(each)}`).join(" , ");
  const rule = (text: string): NftRule => ({ text, comment: "", cause });
  if (!chained) {
    const only = node.release === "1.37" && list.length === 1 ? list[0] : undefined;
    if (only !== undefined) return [rule(`meta l4proto ${port.protocol} dnat to ${only.text}`)];
    const map = chosen((each) => `${each.ip} . ${each.port}`);
    return [rule(`meta l4proto ${port.protocol} dnat ${ip} addr . port to numgen random mod ${list.length} map { ${map} }`)];
  }
  const nameOf = (endpoint: EndpointInfo): string => names.get(endpoint.text)!;
  const sticky =
    port.affinitySeconds > 0 ? list.map((each) => rule(`${ip} saddr @affinity-${nameOf(each)} goto endpoint-${nameOf(each)}`)) : [];
  return [...sticky, rule(`numgen random mod ${list.length} vmap { ${chosen((each) => `goto endpoint-${nameOf(each)}`)} }`)];
}
