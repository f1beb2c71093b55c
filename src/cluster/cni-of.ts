/** The CNIs a cluster can have, by the words of its options. */
import { calico } from "../models/cni/calico/calico.js";
import { calicoOptions } from "./calico-words.js";
import type { CniModel } from "../models/cni/cni-model.js";
import { flannel } from "../models/cni/flannel.js";
import type { FabricNode } from "./fabric-options.js";
import { flannelOptions } from "./flannel-words.js";
import { kindnet } from "../models/cni/kindnet.js";
import type { ClusterPlan } from "./options.js";

/** The CNI of a plan, whose words `planCluster` has checked, on the nodes of its fabric. */
export function cniOf({ cni: { name, options }, podSubnet, podSubnets }: ClusterPlan, nodes: readonly FabricNode[]): CniModel {
  if (name === "calico") return calico({ ...calicoOptions(options, nodes), pool: podSubnet });
  if (name === "kindnet") return kindnet({ podSubnets });
  return flannel({ ...flannelOptions(options), network: podSubnet });
}
