/**
 * NetworkPolicy v1 by iptables chains and ipsets, on whatever CNI: a chain for each pod and direction on its node, a chain for
 * each policy, sets for what its rules name. Read first: k8s.io/api networking/v1/types.go; the layout is that of the
 * dataplanes that came of iptables (kube-router's pkg/controllers/netpol), with marks and RETURN so that both ends are judged.
 */
import type { DEV } from "../../linux/stack.js";
import { defaultSwitches, type PolicySwitches } from "../../policy/switches.js";
import type { NodeDoor } from "../node-door.js";
import { bring, FILTER } from "./bring.js";
import type { EnforceModel, EnforceNote, EnforceView } from "./enforce-model.js";
import { keepJumpsFirst } from "./jumps.js";
import { TOP_CHAIN } from "./names.js";
import { ViewRules } from "./view-rules.js";

/** Open points of the API that this dataplane can be asked to read otherwise. */
export type EnforceSwitches = Partial<
  Pick<
    PolicySwitches,
    "podToOwnNode" | "otherProtocols" | "repeatedPortNames" | "sidecarPortNames" | "emptyProtocol" | "endPort" | "sctp" | "finishedPods" | "ownerlessPods" | "peerExpressions"
  >
>;

const FAMILIES: readonly (4 | 6)[] = Object.freeze([4, 6] as const);
const BRIDGE: (typeof DEV)["bridge"] = 3;
const NOBODY: EnforceView = Object.freeze({ pods: [], namespaces: [], nodes: [], policies: [] });

/** The dataplane "policy-chains"; one for all nodes of a cluster. */
export function policyChains(switches: EnforceSwitches = {}): EnforceModel {
  const built = new WeakMap<EnforceView, ViewRules>();
  const rulesOf = (view: EnforceView): ViewRules => {
    let rules = built.get(view);
    if (rules === undefined) {
      rules = new ViewRules(view, { ...defaultSwitches, ...switches });
      built.set(view, rules);
    }
    return rules;
  };
  return {
    name: "policy-chains",
    nodeUp: (door) => {
      if (!stands(door, 4)) bring(door, 4, rulesOf(NOBODY).wanted(door.node, 4));
      keepJumpsFirst(door, 4);
    },
    sync: (door, view) => {
      const rules = rulesOf(view);
      for (const family of FAMILIES) {
        if (family === 6 && !stands(door, 6) && !rules.speaks(6)) continue;
        const refused = bring(door, family, rules.wanted(door.node, family)) ?? keepJumpsFirst(door, family);
        if (refused !== null) return refused;
      }
      return null;
    },
    notes,
  };
}

function stands(door: NodeDoor, family: 4 | 6): boolean {
  const table = door.stack.nf.get(door.ns, family, FILTER);
  return [...(table?.chains.values() ?? [])].some(({ name }) => name === TOP_CHAIN);
}

function notes(door: NodeDoor, view: EnforceView = NOBODY): readonly EnforceNote[] {
  const { stack, ns, node } = door;
  const found: EnforceNote[] = [];
  const bridges = [...stack.nsInfo.get(ns)!.devices].filter(([, dev]) => stack.dev.c.kind[dev] === BRIDGE).map(([name]) => name);
  if (bridges.length > 0 && stack.ns.c.bridgeNf[ns] !== 1) {
    found.push({
      code: "bridge-nf-off",
      message: `net.bridge.bridge-nf-call-iptables is 0 on ${node}: frames between pods on ${bridges.join(", ")} meet no iptables rule, so no policy is enforced between them`,
    });
  }
  for (const { object } of view.policies) {
    if (object.kind !== "NetworkPolicy") found.push({ code: "cluster-policy", message: `${object.kind} ${object.metadata.name} is not enforced: this dataplane knows NetworkPolicy alone` });
  }
  for (const { object } of view.calico ?? []) found.push({ code: "calico-policy", message: `${object.kind} ${object.metadata.name} is not enforced: Calico alone reads it` });
  return found;
}
