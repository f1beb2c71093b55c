/** The load balancers a cluster can have. */
import { parseCidr } from "../base/cidr.js";
import type { BalancerModel } from "../models/balancer/balancer-model.js";
import { cloud } from "../models/balancer/cloud.js";
import { cloudProviderKind } from "../models/balancer/cloud-provider-kind.js";
import { metallb } from "../models/balancer/metallb.js";
import { FABRIC_BRIDGE, FABRIC_MACHINE } from "./fabric.js";
import type { ClusterPlan } from "./options.js";

/** The load balancer of a plan; undefined: none. */
export function balancerOf({ balancer: { name, pool }, fabric }: ClusterPlan, gateway: string): BalancerModel | undefined {
  if (name === "cloud") return cloud({ pool, device: FABRIC_BRIDGE });
  if (name === "metallb") return metallb({ pool });
  if (name !== "cloud-provider-kind") return undefined;
  return cloudProviderKind({ pool, machine: FABRIC_MACHINE, bridge: FABRIC_BRIDGE, prefix: parseCidr(fabric.subnet)!.prefix, gateway });
}
