/**
 * Felix, Calico's policy dataplane, in its iptables mode: every pod has chains, whether or not a policy selects it, and an
 * interface that Felix does not know carries nothing. Names, rules and marks are those of Calico 3.32. IPv4 alone.
 *
 * Read first: projectcalico/calico felix/rules (static.go, endpoints.go, policy.go), felix/design docs on marks.
 */
import { formatWords, masked, parseCidr } from "../../../base/cidr.js";
import type { Stack } from "../../../linux/stack.js";
import type { NodeDoor } from "../../node-door.js";
import { IPVS_DEVICE } from "../../proxy/ipvs/ipvs-kernel.js";
import type { EnforceModel, EnforceNote, EnforceView } from "../enforce-model.js";
import { bringFelix, HashCache, standingMarks } from "./felix-kernel.js";
import { type FelixNode, type FelixOptions, FelixView, PolicyCache } from "./felix-view.js";

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
  const bring = (door: NodeDoor, view: EnforceView): ReturnType<EnforceModel["sync"]> => bringFelix(door, viewOf(view).wanted(felixNode(door, view)), hashes);
  return { name: "felix", everyPod: true, nodeUp: (door) => void bring(door, NOBODY), sync: bring, notes };
}

function addressOf(view: EnforceView, node: string): string {
  return view.nodes.find(({ name }) => name === node)?.ips.find((ip) => !ip.includes(":")) ?? "";
}

/** The daemon leaves out what kube-proxy binds service addresses to (`InterfaceExclude`), and learns from it how kube-proxy works. */
function felixNode(door: NodeDoor, view: EnforceView): FelixNode {
  const { stack, ns } = door;
  const all = stack.nsInfo.get(ns)!.devices;
  const own = [...all].filter(([name]) => !name.startsWith("cali") && name !== IPVS_DEVICE);
  const devices = new Map(own.map(([name, row]) => [name, stack.devInfo.get(row)!.addresses.map((each) => stack.book.text(each.addr))]));
  return {
    name: door.node,
    address: addressOf(view, door.node),
    devices,
    ownAddresses: own.flatMap(([name, row]) => localTexts(stack, name, row)),
    standingMarks: all.has(IPVS_DEVICE) ? standingMarks(door) : null,
  };
}

/** Where IPv4 packets of a device's addresses are delivered: on lo the whole network is local, and its first address is told of. */
function localTexts({ book, devInfo }: Stack, name: string, row: number): readonly string[] {
  return devInfo.get(row)!.addresses.filter(({ addr }) => book.is4(addr)).flatMap(({ addr, prefix }) => {
    const text = book.text(addr);
    return name === "lo" && prefix < 32 ? [firstOf(`${text}/${prefix}`), text] : [text];
  });
}

const firstOf = (cidr: string): string => formatWords(4, masked(parseCidr(cidr)!).words);

function notes(_door: NodeDoor, view: EnforceView = NOBODY): readonly EnforceNote[] {
  return view.policies.flatMap(({ object }) =>
    object.kind === "NetworkPolicy" ? [] : [{ code: "cluster-policy" as const, message: `${object.kind} ${object.metadata.name} is not enforced: of the Kubernetes APIs this dataplane knows NetworkPolicy alone` }],
  );
}
