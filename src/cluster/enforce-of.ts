/** Who enforces policies in a cluster: Calico does so itself, beside other CNIs runs the dataplane of chains. */
import { CALICO_DEFAULTS, tunnelOf } from "../models/cni/calico/calico-options.js";
import { felix } from "../models/enforce/calico/felix.js";
import type { EnforceModel } from "../models/enforce/enforce-model.js";
import { policyChains } from "../models/enforce/policy-chains.js";
import { calicoOptions } from "./calico-words.js";
import type { ClusterPlan } from "./options.js";

/** The dataplane of a plan; null for none. */
export function enforceOf({ cni: { name, options }, enforce, podSubnet }: ClusterPlan): EnforceModel | null {
  if (name !== "calico") return enforce ? policyChains() : null;
  const { encapsulation, natOutgoing } = { ...CALICO_DEFAULTS, ...calicoOptions(options) };
  return felix({ tunnel: tunnelOf(encapsulation), natOutgoing, pool: podSubnet });
}
