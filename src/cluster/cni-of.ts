/** The CNIs a cluster can have, by the words of its options. */
import { calico } from "../models/cni/calico/calico.js";
import { calicoOptions } from "./calico-words.js";
import type { CniModel } from "../models/cni/cni-model.js";
import { flannel } from "../models/cni/flannel.js";
import { flannelOptions } from "./flannel-words.js";
import { kindnet } from "../models/cni/kindnet.js";
import type { ClusterPlan } from "./options.js";

/** The CNI of a plan, whose words `planCluster` has checked. */
export function cniOf({ cni: { name, options }, nodes, podSubnet, podSubnets }: ClusterPlan): CniModel {
  if (name === "calico") return calico({ ...calicoOptions(options, nodes.map((node) => node.name)), pool: podSubnet });
  if (name === "kindnet") return kindnet({ podSubnets });
  return flannel({ ...flannelOptions(options), network: podSubnet });
}
