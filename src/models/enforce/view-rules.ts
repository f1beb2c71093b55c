/**
 * What one view asks of any node. Built lazily and kept for as long as the view is: a policy's chain and sets are made once,
 * whatever the number of nodes that hold them.
 */
import { selects } from "../../policy/match.js";
import { buildModel, type PodRecord, type PolicyModel } from "../../policy/model.js";
import type { Direction, Policy } from "../../policy/rules.js";
import type { PolicySwitches } from "../../policy/switches.js";
import type { EnforceView } from "./enforce-model.js";
import { addressText } from "./peer-elements.js";
import { DIRECTIONS, dispatch, type Isolated, podChain, topChains } from "./pod-chains.js";
import { type PodsByNamespace, podsByNamespace } from "./pods-by-namespace.js";
import { type PolicyRules, policyRules } from "./policy-chain.js";
import type { Wanted, WantedChain, WantedSet } from "./wanted.js";

export class ViewRules {
  readonly model: PolicyModel;
  readonly #index: PodsByNamespace;
  readonly #policies = new Map<string, PolicyRules>();
  readonly #pods: ReadonlyMap<string, readonly PodRecord[]>;

  constructor(view: EnforceView, switches: Partial<PolicySwitches>) {
    this.model = buildModel(view, switches);
    this.#index = podsByNamespace(this.model);
    const pods = new Map<string, PodRecord[]>();
    for (const pod of [...this.#index.values()].flat()) {
      const { node } = pod.input;
      const list = pods.get(node);
      if (list === undefined) pods.set(node, [pod]);
      else list.push(pod);
    }
    this.#pods = pods;
  }

  /** Whether any pod has an address of the family. */
  speaks(family: 4 | 6): boolean {
    return [...this.#index.values()].some((pods) => pods.some((pod) => pod.addresses.some((each) => each.family === family)));
  }

  /** What a node's kernel should hold in one family. */
  wanted(node: string, family: 4 | 6): Wanted {
    const { switches } = this.model;
    const chains: WantedChain[] = [...topChains(family, switches)];
    const sets: WantedSet[] = [];
    for (const direction of DIRECTIONS) {
      const isolated = this.#isolated(node, family, direction);
      const way = dispatch(family, direction, isolated);
      sets.push(way.set);
      chains.push(way.chain);
      for (const policy of new Set(isolated.flatMap((each) => each.policies))) {
        const rules = this.#rulesOf(policy, direction, family);
        sets.push(...rules.sets);
        chains.push(rules.chain);
      }
      for (const each of isolated) chains.push(podChain(family, direction, each, switches));
    }
    return { chains, sets };
  }

  /** Pods of the node that some policy isolates for a direction, by namespace and name. */
  #isolated(node: string, family: 4 | 6, direction: Direction): readonly Isolated[] {
    const policies = this.model.namespaced.filter((policy) => policy[direction] !== null);
    return (this.#pods.get(node) ?? [])
      .filter((pod) => addressText(pod, family) !== null)
      .map((pod) => ({ pod, policies: policies.filter((policy) => policy.namespace === pod.input.namespace && selects(this.model, policy, pod)) }))
      .filter((each) => each.policies.length > 0)
      .sort((a, b) => (a.pod.id < b.pod.id ? -1 : a.pod.id > b.pod.id ? 1 : 0));
  }

  #rulesOf(policy: Policy, direction: Direction, family: 4 | 6): PolicyRules {
    const key = `${family} ${direction} ${policy.id}`;
    let rules = this.#policies.get(key);
    if (rules === undefined) {
      rules = policyRules(this.model, this.#index, policy, direction, family);
      this.#policies.set(key, rules);
    }
    return rules;
  }
}
