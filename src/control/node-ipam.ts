/** Gives each node its pod CIDRs. Read first: kubernetes `pkg/controller/nodeipam/ipam/range_allocator.go`. */
import type { Node } from "../api/index.js";
import { CidrSet, type CidrSetState } from "./cidr-set.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { keyOf } from "./store.js";

export class NodeIpam implements Controller {
  readonly number = CONTROLLER.nodeIpam;
  private readonly sets: readonly CidrSet[];

  constructor(p: Plane) {
    const { clusterCidrs, nodeMask = 24, nodeMask6 = 64 } = p.options;
    this.sets = clusterCidrs.map((cidr) => {
      const set = CidrSet.of(cidr, cidr.includes(":") ? nodeMask6 : nodeMask);
      if (set === null) throw p.broken(`cluster CIDR ${cidr} cannot be cut into node CIDRs`, { cidr, nodeMask, nodeMask6 });
      for (const service of p.options.serviceCidrs) set.occupy(service);
      return set;
    });
  }

  watch(p: Plane, { type, object }: { readonly type: string; readonly object: { readonly kind: string } }): void {
    if (object.kind !== "Node") return;
    const node = object as Node;
    if (type === "DELETED") {
      for (const [index, cidr] of (node.spec?.podCIDRs ?? []).entries()) this.sets[index]?.release(cidr);
      for (const other of p.store.list("Node"))
        if ((other.spec?.podCIDRs ?? []).length === 0) p.enqueue(this.number, keyOf(other), p.delays.controller);
    } else if ((node.spec?.podCIDRs ?? []).length === 0) p.enqueue(this.number, keyOf(node), p.delays.controller);
    else if (type === "ADDED") for (const [index, cidr] of node.spec!.podCIDRs!.entries()) this.sets[index]?.occupy(cidr);
  }

  sync(p: Plane, key: string): void {
    const node = p.store.get("Node", key);
    if (node === undefined || (node.spec?.podCIDRs ?? []).length > 0 || this.sets.length === 0) return;
    const podCIDRs: string[] = [];
    for (const [index, set] of this.sets.entries()) {
      const cidr = set.allocate();
      if (cidr === null) {
        const why = "CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range";
        p.event(node, "Warning", "CIDRNotAvailable", `Node ${key} status is now: CIDRNotAvailable`, "cidrAllocator");
        p.notes.set(`node-ipam/${key}`, `failed to allocate cidr from cluster cidr at idx:${index}: ${why}`);
        return;
      }
      podCIDRs.push(cidr);
    }
    p.notes.delete(`node-ipam/${key}`);
    p.store.update({ ...node, spec: { ...node.spec, podCIDR: podCIDRs[0]!, podCIDRs } });
  }

  save(): readonly CidrSetState[] {
    return this.sets.map((set) => set.save());
  }

  restore(states: readonly CidrSetState[]): void {
    for (const [index, set] of this.sets.entries()) set.restore(states[index]!);
  }
}
