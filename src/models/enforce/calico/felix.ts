/**
 * Felix, Calico's policy dataplane, in its iptables mode: every pod has chains, whether or not a policy selects it, and an
 * interface that Felix does not know carries nothing. Names, rules and marks are those of Calico 3.32. IPv4 alone.
 *
 * Read first: projectcalico/calico felix/rules (static.go, endpoints.go, policy.go), felix/design docs on marks.
 */
import type { NodeDoor } from "../../node-door.js";
import type { EnforceModel, EnforceNote, EnforceView } from "../enforce-model.js";
import type { HostDevices } from "./host-endpoints.js";
import { bringFelix, HashCache } from "./felix-kernel.js";
import { type FelixOptions, FelixView, PolicyCache } from "./felix-view.js";

const NOBODY: EnforceView = Object.freeze({ pods: [], namespaces: [], nodes: [], policies: [] });

/** The dataplane "felix"; one for all nodes of a cluster. */
export function felix(options: FelixOptions): EnforceModel {
  const policies = new PolicyCache();
  const hashes = new HashCache();
  const views = new WeakMap<EnforceView, FelixView>();
  const viewOf = (view: EnforceView): FelixView => {
    let known = views.get(view);
    if (known === undefined) views.set(view, (known = new FelixView(view, options, policies)));
    return known;
  };
  const bring = (door: NodeDoor, view: EnforceView): ReturnType<EnforceModel["sync"]> => bringFelix(door, viewOf(view).wanted(door.node, addressOf(view, door.node), devicesOf(door)), hashes);
  return { name: "felix", everyPod: true, nodeUp: (door) => void bring(door, NOBODY), sync: bring, notes };
}

function addressOf(view: EnforceView, node: string): string {
  return view.nodes.find(({ name }) => name === node)?.ips.find((ip) => !ip.includes(":")) ?? "";
}

/** Devices that are no workloads', and their addresses. */
function devicesOf({ stack, ns }: NodeDoor): HostDevices {
  const devices = [...stack.nsInfo.get(ns)!.devices].filter(([name]) => !name.startsWith("cali"));
  return new Map(devices.map(([name, row]) => [name, stack.devInfo.get(row)!.addresses.map((each) => stack.book.text(each.addr))]));
}

function notes(_door: NodeDoor, view: EnforceView = NOBODY): readonly EnforceNote[] {
  return view.policies.flatMap(({ object }) =>
    object.kind === "NetworkPolicy" ? [] : [{ code: "cluster-policy" as const, message: `${object.kind} ${object.metadata.name} is not enforced: of the Kubernetes APIs this dataplane knows NetworkPolicy alone` }],
  );
}
