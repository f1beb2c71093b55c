import { chooseEndpoints, choiceDependsOnNode, choiceKey } from "../endpoint-choice.js";
import { limitsSources, rangesHoldNode, type ServicePortInfo } from "../service-port-info.js";
import { type NodeRules, type RuleMaker, SharedRules } from "../shared-rules.js";
import type { ProxyView } from "../view.js";
import { serviceChainNames } from "./chain-names.js";
import { dispatchRules } from "./dispatch-rules.js";
import { endpointChains } from "./endpoint-chains.js";
import { type FlatRules, RuleFlattener } from "./flat-rules.js";
import { detectorMatch, type IptablesNode, localhostNodePorts } from "./iptables-node.js";
import type { CauseOf } from "../cause-of.js";
import type { PortRules } from "./port-rules.js";
import { type ChainRules, serviceChains } from "./service-chains.js";

export type { PortRules } from "./port-rules.js";

/** The rules of a node in iptables mode. */
export type IptablesRules = NodeRules<PortRules>;

/** Total of endpoints beyond which kube-proxy writes shorter rules and looks for stale chains less often. */
export const LARGE_CLUSTER_ENDPOINTS = 1000;

/** Whether a sync leaves comments and eager cleaning out: more than a thousand endpoints. */
export function isLargeCluster(view: ProxyView, node: IptablesNode): boolean {
  return (node.family === 4 ? view.endpoints.v4 : view.endpoints.v6) > LARGE_CLUSTER_ENDPOINTS;
}

/** Renders views in iptables mode, for any number of nodes. */
export class IptablesRenderer extends SharedRules<IptablesNode, PortRules> {
  readonly causeOf: CauseOf;
  private readonly flattener = new RuleFlattener();

  constructor(causeOf: CauseOf) {
    super(ruleMaker(causeOf));
    this.causeOf = causeOf;
  }

  /** Every rule of every Service, in the order of a full sync. @internal */
  flatten(rules: IptablesRules): FlatRules {
    return this.flattener.flatten(rules, this.originOf(rules));
  }
}

function ruleMaker(causeOf: CauseOf): RuleMaker<IptablesNode, PortRules> {
  // The bulk of the rules, kept apart because it is equal on nodes whose detectors differ.
  const endpointRules = new WeakMap<ServicePortInfo, Map<string, ChainRules>>();
  return {
    settings(node, view) {
      const counted = localhostNodePorts(node) && node.counters.localhostAccepted;
      const words = [node.masqueradeAll ? "all" : "", counted ? "counted" : "", isLargeCluster(view, node) ? "large" : ""];
      return `${node.family} ${words.join(" ")} ${detectorMatch(node.detector, true) ?? ""}`;
    },
    dependsOnNode: (port) => choiceDependsOnNode(port) || limitsSources(port),
    nodeKey: (port, node) => choiceKey(port, node) + (limitsSources(port) && rangesHoldNode(port, node.primary) ? " in range" : ""),
    make(port, node, view) {
      const choice = chooseEndpoints(port, node);
      const names = serviceChainNames(port);
      const large = isLargeCluster(view, node);
      const key = `${large}|${choiceKey(port, node)}`;
      let held = endpointRules.get(port);
      if (held === undefined) endpointRules.set(port, (held = new Map()));
      let endpoints = held.get(key);
      if (endpoints === undefined) held.set(key, (endpoints = endpointChains(port, choice, names, large, causeOf)));
      return {
        dispatch: dispatchRules(port, choice, names, node, causeOf),
        service: serviceChains(port, choice, names, node, causeOf),
        endpoints,
      };
    },
  };
}
